"""A gap is written, reconciled and closed, or says what may be missing; a daemon that is killed finds it again."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ami.gaps import KILLED, STOPPED, GapBook, gap_of, heard_until, outcome, why_silent
from ami.intake import Gap
from ami.kept import Drained, NotRead
from models.errors import StoreBusy
from models.gap import GapKind, GapState

LOST = Gap("disconnected", 1_000.0, 1_004.5, "closed by Asterisk")


class Pbx:
    """What a PBX would answer."""

    def __init__(self):
        self.kept, self.why, self.legs = Drained(2, 2), "", 1

    async def drain(self):
        return self.kept

    async def rebuild(self):
        return self.legs

    async def doubt(self):
        return self.why


class Rows:
    def __init__(self):
        self.rows, self.failing, self.calls, self.asked = {}, False, 3, []

    async def put(self, gap):
        if self.failing:
            raise StoreBusy("locked")
        self.rows[gap.gap_id] = gap

    async def unfinished(self, system):
        return [gap for gap in self.rows.values() if gap.state is GapState.OPEN and gap.system == system]

    async def campaign_calls(self, began, ended):
        self.asked.append((began, ended))
        return self.calls


@pytest.fixture
def rows():
    return Rows()


@pytest.fixture
def pbx():
    return Pbx()


@pytest.fixture
def covered():
    return [2_000.0]


@pytest.fixture
def mark(tmp_path):
    return tmp_path / "heard"


@pytest.fixture
def book(rows, mark, pbx, covered):
    return GapBook("pbx1", rows, mark, pbx, lambda: covered[0])


def only(rows):
    (gap,) = rows.rows.values()
    return gap


async def test_a_gap_that_goes_on_is_written_and_one_that_is_over_is_reconciled(book, rows, mark):
    await book.step(replace(LOST, ended=1_001.0))
    assert (only(rows).state, only(rows).ended, heard_until(mark)) == (GapState.OPEN, None, None)
    book.ended(LOST, 4)
    await book.step(None)
    gap = only(rows)
    assert (gap.state, gap.ended) == (GapState.RECONCILED, datetime.fromtimestamp(1_004.5, UTC))
    assert "2 key presses that the dialplan had kept are recorded; 1 called legs are up" in gap.how
    assert heard_until(mark) == 2_000.0
    assert book.unreconciled == 0


@pytest.mark.parametrize(
    ("kept", "why", "legs", "calls", "state", "words"),
    [
        (Drained(0, 0), "", 0, 0, GapState.RECONCILED, "AstDB read, 0 key presses"),
        (Drained(3, 2, left=1), "", 0, 0, GapState.OPEN, "1 key presses that the dialplan kept are not recorded yet"),
        (NotRead("Permission denied"), "", 0, 0, GapState.RECONCILED, "no call of a campaign was up"),
        (NotRead("Permission denied"), "", 0, 2, GapState.UNRECONCILED, "of 2 campaign calls at most: Permission"),
        (NotRead("Permission denied"), "", 1, 0, GapState.UNRECONCILED, "Permission denied"),
        (NotRead("Permission denied"), "", None, 0, GapState.UNRECONCILED, "Permission denied"),
        (Drained(), "the dialplan keeps nothing", 0, 1, GapState.UNRECONCILED, "the dialplan keeps nothing"),
        (Drained(), "the dialplan keeps nothing", 0, 0, GapState.RECONCILED, "no call of a campaign was up"),
    ],
)
def test_what_becomes_of_a_gap(kept, why, legs, calls, state, words):
    found, how = outcome(kept, why, legs, calls)
    assert found is state
    assert words in how


async def test_what_the_store_does_not_take_is_tried_again_and_the_mark_stays_behind(book, rows, mark):
    rows.failing = True
    book.ended(LOST, 0)
    await book.step(None)
    assert (rows.rows, heard_until(mark), book.trouble) == ({}, None, "locked")
    rows.failing = False
    await book.step(None)
    assert only(rows).state is GapState.RECONCILED
    assert (heard_until(mark), book.trouble) == (2_000.0, "")


async def test_a_gap_waits_for_kept_presses_that_are_not_recorded_yet(book, rows, pbx):
    pbx.kept = Drained(2, 1, left=1)
    book.ended(LOST, 0)
    await book.step(None)
    assert (only(rows).state, book.unreconciled) == (GapState.OPEN, 1)
    pbx.kept = Drained(1, 1)
    await book.step(None)
    assert only(rows).state is GapState.RECONCILED


async def test_a_gap_waits_for_an_asterisk_that_is_still_starting(book, rows, pbx):
    pbx.why = None
    book.ended(LOST, 0)
    await book.step(None)
    assert (only(rows).state, book.unreconciled) == (GapState.OPEN, 1)
    pbx.why = ""
    await book.step(None)
    assert only(rows).state is GapState.RECONCILED


async def test_a_link_that_is_lost_again_leaves_the_gap_open(book, rows, pbx, covered):
    pbx.kept, covered[0] = NotRead("not connected"), None
    book.ended(LOST, 0)
    await book.step(None)
    assert only(rows).state is GapState.OPEN
    pbx.kept, covered[0] = Drained(), 2_000.0
    await book.step(None)
    assert only(rows).state is GapState.RECONCILED


async def test_what_a_killed_daemon_left_open_ends_when_the_next_one_listens(rows, mark, pbx, covered):
    left = replace(gap_of(LOST, "pbx1", 0), ended=None)
    others = replace(gap_of(LOST, "pbx2", 0), ended=None)
    await rows.put(left)
    await rows.put(others)
    book = GapBook("pbx1", rows, mark, pbx, lambda: covered[0])
    await book.step(LOST)
    assert rows.rows[left.gap_id].ended is None
    await book.step(None)
    assert rows.rows[left.gap_id].state is GapState.RECONCILED
    assert rows.rows[left.gap_id].ended is not None
    assert rows.rows[others.gap_id] == others


async def test_a_deaf_call_of_a_killed_daemon_is_not_called_reconciled(rows, mark, pbx, covered):
    deaf = replace(gap_of(LOST, "pbx1", 0), kind=GapKind.DEAF, channel="PJSIP/trunk-1", ended=None)
    await rows.put(deaf)
    book = GapBook("pbx1", rows, mark, pbx, lambda: covered[0])
    await book.step(None)
    assert only(rows).state is GapState.UNRECONCILED


async def test_a_mark_that_cannot_be_written_is_said_once(rows, pbx, tmp_path, caplog):
    book = GapBook("pbx1", rows, tmp_path / "missing" / "heard", pbx, lambda: 2_000.0)
    await book.step(None)
    await book.step(None)
    assert caplog.text.count("gap=unmarked") == 1


async def test_a_clean_end_is_told_from_a_kill(rows, mark, pbx, covered):
    def book():
        made = GapBook("pbx1", rows, mark, pbx, lambda: covered[0])
        made.begin()
        return made

    first = book()
    assert (heard_until(mark) is not None, why_silent(mark)) == (True, KILLED)
    await first.leave(1_500.0)
    assert (heard_until(mark), why_silent(mark)) == (1_500.0, STOPPED)
    book()
    assert (heard_until(mark), why_silent(mark)) == (1_500.0, KILLED)


async def test_after_a_kill_without_witness_no_calls_on_record_prove_nothing(book, rows, pbx):
    pbx.why, pbx.legs, rows.calls = "the dialplan keeps nothing", 0, 0
    book.ended(replace(LOST, kind="stopped", reason=KILLED), 0)
    await book.step(None)
    assert only(rows).state is GapState.UNRECONCILED
    assert "of 0 campaign calls and those of the last moment" in only(rows).how


async def test_the_loop_reconciles_at_once(book, rows, start, wait_until):
    start(book.run(lambda: None, every=60))
    await asyncio.sleep(0)
    book.ended(LOST, 0)
    await wait_until(lambda: rows.rows and only(rows).state is GapState.RECONCILED)


async def test_leaving_notes_how_far_all_was_heard(book, rows, mark):
    await book.leave(1_500.0)
    assert mark.stat().st_mtime == 1_500.0
    rows.failing = True
    book.ended(LOST, 0)
    await book.leave(3_000.0)
    assert mark.stat().st_mtime == 1_500.0
