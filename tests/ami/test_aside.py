"""A handler beside the opt-outs costs them nothing, whatever it does."""

import asyncio

from ami.aside import Aside, Gathering
from ami.events import KeyKept, LegEnded

EVENT = LegEnded("1.1", "1.1", "PJSIP/x-1")


async def test_events_come_in_order_and_a_failure_costs_one(start):
    seen = []

    async def handler(event, at):
        if at == 1:
            raise ValueError("broken")
        seen.append(at)

    aside = Aside(handler)
    start(aside.run())
    for at in range(4):
        aside.take(EVENT, at)
    await aside.settled(2)
    assert (seen, aside.failures) == ([0, 2, 3], 1)


async def test_what_has_no_room_is_counted_and_said(start, caplog):
    gate = asyncio.Event()

    async def handler(_event, _at):
        await gate.wait()

    aside = Aside(handler, most=3)
    for at in range(10):
        aside.take(EVENT, at)
    assert aside.missed == 7
    assert caplog.text.count("found no room") == 1
    start(aside.run())
    await aside.settled(0.05)
    assert "3 events were left unhandled" in caplog.text or "2 events were left unhandled" in caplog.text
    gate.set()
    await aside.settled(2)


async def test_only_the_wanted_kinds_are_taken(start):
    seen = []

    async def handler(event, _at):
        seen.append(event)

    aside = Aside(handler, kinds=LegEnded)
    start(aside.run())
    for event in (KeyKept("48600100200", "1.1"), EVENT):
        aside.take(event, 0)
    await aside.settled(2)
    assert seen == [EVENT]


async def test_what_comes_together_is_handled_together_in_order(start):
    batches = []

    async def together(events):
        batches.append(list(events))
        if len(batches) == 2:
            raise ValueError("broken")

    aside = Gathering(together, pause=0)
    legs = [LegEnded(f"1.{one}", "", "PJSIP/x-1") for one in range(2500)]
    for leg in legs:
        aside.take(leg, 0)
    start(aside.run())
    await aside.settled(2)
    assert [leg for batch in batches for leg in batch] == legs
    assert (len(batches), aside.failures) == (3, 1)
