"""A press is never lost: not when the database fails, hangs or chokes, not when the process ends."""

import asyncio
import sqlite3

import pytest

from ami.keeper import OptOutKeeper, Retry
from ami.spool import Spool

QUICK = Retry(patience=0.05, attempt=0.5, first=0.01, longest=0.02)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "opt-outs.jsonl"


@pytest.fixture
def spooled(path):
    """What is on disk now."""

    def read():
        # by hand, because the keeper holds the lock
        from ami.spool import _sorted_out

        return _sorted_out(path.read_bytes().split(b"\n"))[0] if path.exists() else []

    return read


@pytest.fixture
async def make(recorder, path, start):
    def build(**options):
        keeper = OptOutKeeper(recorder, Spool(path), **({"retry": QUICK} | options))
        keeper.task = start(keeper.run())
        return keeper

    return build


async def stop(keeper):
    keeper.task.cancel()
    await asyncio.wait({keeper.task})


async def test_a_press_is_recorded_and_told(make, recorder, opt_out, spooled):
    told = []

    async def tell(item, recorded):
        told.append((item, recorded.entry_id))

    keeper = make(on_recorded=tell, clock=lambda: 1795295161.25)
    await keeper.keep(opt_out(1))
    assert await keeper.settled(5)
    assert list(recorder.recorded.values()) == [opt_out(1)]
    assert told == [(opt_out(1), 1)]
    status = keeper.status()
    assert (status.recorded, status.repeated, status.waiting, status.unsafe) == (1, 0, 0, 0)
    assert status.last_delay == 0.25
    assert spooled() == []


async def test_a_repeated_press_is_no_second_event(make, recorder, opt_out):
    keeper = make()
    for _ in range(2):
        await keeper.keep(opt_out(1))
        assert await keeper.settled(5)
    assert len(recorder.recorded) == 1
    assert (keeper.status().recorded, keeper.status().repeated) == (2, 1)


async def test_a_locked_database_delays_but_loses_nothing(make, recorder, opt_out, spooled, wait_until):
    recorder.failing = sqlite3.OperationalError("database is locked")
    keeper = make()
    for n in range(1, 6):
        await keeper.keep(opt_out(n))
    await wait_until(lambda: recorder.attempts > 8)
    assert {item.event_id for item in spooled()} == {opt_out(n).event_id for n in range(1, 6)}
    status = keeper.status()
    assert (status.recorded, status.waiting, status.unsafe) == (0, 5, 0)
    assert "database is locked" in status.last_error
    assert status.oldest_at == 1795295161.0
    recorder.failing = None
    assert await keeper.settled(5)
    assert len(recorder.recorded) == 5
    assert spooled() == []


async def test_a_database_that_hangs_does_not_keep_presses_in_memory_only(make, recorder, opt_out, spooled, wait_until):
    recorder.gate.clear()
    keeper = make(retry=Retry(patience=0.05, attempt=60))
    await keeper.keep(opt_out(1))
    await wait_until(lambda: len(spooled()) == 1)
    await keeper.keep(opt_out(2))
    assert len(spooled()) == 2, "while the recorder is late, keep() returns when the press is on disk"
    recorder.gate.set()
    assert await keeper.settled(5)
    assert len(recorder.recorded) == 2


async def test_an_attempt_has_a_limit(make, recorder, opt_out, wait_until):
    recorder.gate.clear()
    keeper = make(retry=Retry(patience=0.01, attempt=0.02))
    await keeper.keep(opt_out(1))
    await wait_until(lambda: keeper.status().failures)
    assert keeper.status().last_error.startswith("TimeoutError")


async def test_a_restart_records_what_was_left(make, recorder, opt_out, spooled, wait_until):
    recorder.failing = sqlite3.OperationalError("attempt to write a readonly database")
    first = make()
    await first.keep(opt_out(1))
    await wait_until(spooled)
    await stop(first)
    recorder.failing = None
    second = make()
    await wait_until(lambda: recorder.recorded)
    assert await second.settled(5)
    assert list(recorder.recorded.values()) == [opt_out(1)]
    assert second.status().replayed == 1
    assert spooled() == []


async def test_what_was_left_is_recorded_as_soon_as_the_former_process_lets_go(
    make, recorder, opt_out, path, spooled, wait_until
):
    """One that was killed while its disk was writing keeps the lock for a moment; no further key has to be pressed."""
    former = Spool(path)
    former.append([opt_out(1)])
    keeper = make()
    await wait_until(lambda: "in use" in keeper.status().spool_error)
    former.close()
    await wait_until(lambda: recorder.recorded)
    assert await keeper.settled(5)
    assert (spooled(), keeper.status().spool_error) == ([], "")


async def test_what_waits_at_the_end_is_spooled(make, recorder, opt_out, spooled):
    recorder.gate.clear()
    keeper = make(retry=Retry(patience=60))
    await keeper.keep(opt_out(1))
    await keeper.keep(opt_out(2))
    assert not await keeper.settled(0.05)
    assert spooled() == []
    await stop(keeper)
    assert len(spooled()) == 2


async def test_one_press_that_always_fails_does_not_hold_up_the_others(make, recorder, opt_out, spooled, wait_until):
    recorder.poison = {opt_out(1).event_id}
    keeper = make(retry=Retry(first=60, longest=60))
    await keeper.keep(opt_out(1))
    await wait_until(lambda: keeper.status().failures)
    for n in range(2, 5):
        await keeper.keep(opt_out(n))
    await wait_until(lambda: len(recorder.recorded) == 3)
    assert [item.event_id for item in spooled() if item.event_id in recorder.poison]


async def test_a_cancelled_attempt_is_a_failed_one(make, recorder, opt_out):
    recorder.failing = asyncio.CancelledError
    keeper = make()
    await keeper.keep(opt_out(1))
    assert not await keeper.settled(0.1)
    assert not keeper.task.done()
    recorder.failing = None
    assert await keeper.settled(5)


async def test_neither_database_nor_disk(recorder, opt_out, tmp_path, start, wait_until, caplog):
    """The press stays in memory, is tried again, and is at last in the log, in full."""
    recorder.failing = OSError("disk I/O error")
    (tmp_path / "file").write_text("")
    keeper = OptOutKeeper(recorder, Spool(tmp_path / "file" / "spool"), retry=QUICK)
    task = start(keeper.run())
    await keeper.keep(opt_out(1))
    await wait_until(lambda: keeper.status().failures > 2)
    assert keeper.status().unsafe == 1
    assert "Not a directory" in keeper.status().spool_error
    task.cancel()
    await asyncio.wait({task})
    assert "OPT-OUT NOT RECORDED" in caplog.text
    assert str(opt_out(1).number) in caplog.text


async def test_a_spool_that_could_not_be_read_is_not_emptied(make, recorder, path, opt_out, spooled, wait_until):
    left = Spool(path)
    left.append([opt_out(1)])
    keeper = make()
    await wait_until(lambda: keeper.status().spool_error)
    assert "stop the other listener" in keeper.status().spool_error
    await keeper.keep(opt_out(2))
    assert await keeper.settled(5)
    assert spooled() == [opt_out(1)]
    left.close()
    await keeper.keep(opt_out(3))
    assert await keeper.settled(5)
    assert len(recorder.recorded) == 3
    assert spooled() == []


async def test_a_spool_that_was_never_read_is_not_emptied(recorder, path, opt_out, spooled, start, wait_until):
    class Unreadable(Spool):
        def load(self):
            raise OSError("Input/output error")

    left = Spool(path)
    left.append([opt_out(1)])
    left.close()
    keeper = OptOutKeeper(recorder, Unreadable(path), retry=QUICK)
    start(keeper.run())
    await keeper.keep(opt_out(2))
    assert await keeper.settled(5)
    assert spooled() == [opt_out(1)]
    assert "Input/output error" in keeper.status().spool_error


async def test_whoever_is_told_may_fail(make, recorder, opt_out):
    async def fail(_item, _recorded):
        raise RuntimeError("nobody at home")

    keeper = make(on_recorded=fail)
    await keeper.keep(opt_out(1))
    assert await keeper.settled(5)
    assert keeper.status().recorded == 1


async def test_telling_does_not_delay_the_next_record(make, recorder, opt_out, wait_until):
    never = asyncio.Event()

    async def dawdle(_item, _recorded):
        await never.wait()

    keeper = make(on_recorded=dawdle)
    for n in range(1, 4):
        await keeper.keep(opt_out(n))
    await wait_until(lambda: len(recorder.recorded) == 3)
    assert not await keeper.settled(0.05)


async def test_the_log_masks_the_number(make, recorder, opt_out, caplog):
    caplog.set_level("DEBUG")
    keeper = make()
    recorder.failing = sqlite3.OperationalError(f"cannot insert {opt_out(1).number}")
    await keeper.keep(opt_out(1))
    assert not await keeper.settled(0.05)
    recorder.failing = None
    assert await keeper.settled(5)
    assert str(opt_out(1).number) not in caplog.text
    assert "+485***501" in caplog.text


async def test_the_status_shows_the_first_line_of_an_error_only(make, recorder, opt_out, wait_until):
    recorder.failing = sqlite3.OperationalError("database is locked\n[parameters: (48501502501,)]")
    keeper = make()
    await keeper.keep(opt_out(1))
    await wait_until(lambda: keeper.status().failures)
    assert keeper.status().last_error == "OperationalError: database is locked"
