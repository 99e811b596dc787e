"""The bounded queue between the socket and the consumer."""

from ami.intake import Gap, Heard, Intake


class Clock:
    now = 100.0

    def __call__(self):
        self.now += 1
        return self.now


async def taken(intake, count):
    items = []
    for _ in range(count):
        items.append(await intake.take())
        intake.done()
    return items


async def test_order_and_high_water():
    intake = Intake(10, Clock())
    for n in range(5):
        intake.event({"n": str(n)})
    assert [item.raw["n"] for item in await taken(intake, 5)] == ["0", "1", "2", "3", "4"]
    assert (intake.seen, intake.missed, intake.high_water, intake.depth) == (5, 0, 5, 0)


async def test_overflow_is_counted_and_becomes_one_gap():
    intake = Intake(4, Clock())
    for n in range(10):
        intake.event({"n": str(n)})
    items = await taken(intake, 5)
    assert [item.raw["n"] for item in items if isinstance(item, Heard)] == ["0", "1", "2", "3"]
    assert items[4] == Gap("overflow", 105.0, 110.0, "more than 4 events waited", 6)
    assert (intake.seen, intake.missed, intake.high_water) == (10, 6, 4)


async def test_a_second_overflow_is_a_second_gap():
    intake = Intake(2, Clock())
    for _ in range(2):
        for n in range(3):
            intake.event({"n": str(n)})
        assert isinstance((await taken(intake, 3))[-1], Gap)
    assert intake.missed == 2


async def test_there_is_always_room_for_a_gap():
    intake = Intake(1, Clock())
    intake.event({})
    gap = Gap("disconnected", 1.0, 2.0, "x")
    intake.gap(gap)
    assert (await taken(intake, 2))[1] == gap
    await intake.settled()
