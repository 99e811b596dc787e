"""One question, one answer, one row of evidence."""

import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import timedelta

import pytest

from models.contact import Question
from models.gate import Gate, Judge
from models.journal import Journal
from models.number import Site
from models.policy import Reason, Rules
from models.suppression import Kind

FORMS = [
    "+48601234567",
    "0048601234567",
    "9 0048 601 234 567",
    "601234567",
    "601-234-567",
    "+48 601 234 567",
    "9601234567",
]


def rows(path):
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        return connection.execute("SELECT dialled, number, verdict, reason FROM call_check ORDER BY seq").fetchall()


@pytest.fixture
def judge(reader, make):
    return Judge(reader, Site(country="PL", outside_line="9"), clock=lambda: make.NOW)


@pytest.fixture
async def strict(db, judge):
    journal = Journal(db)
    journal.start()
    yield Gate(judge, journal, strict=True)
    await journal.close()


@pytest.mark.parametrize("form", FORMS)
def test_a_listed_number_is_refused_in_every_way_of_writing_it(judge, store, make, form):
    assert judge.answer(Question(form)).decision.allowed
    entry = store.record(make.event()).entry
    decision = judge.answer(Question(form)).decision
    assert (decision.reason, decision.entry) == (Reason.LISTED, entry)
    store.record(make.event(kind=Kind.REMOVE))
    assert judge.answer(Question(form)).decision.allowed


def test_a_text_with_two_readings_is_refused_when_either_is_listed(reader, store, make):
    judge = Judge(reader, Site(country="DE", outside_line="0"))
    dialled = "0049221234567"
    found = judge.answer(Question(dialled)).destination
    assert found.also, "this text must be ambiguous, or the test shows nothing"
    assert judge.answer(Question(dialled)).decision.allowed
    for number in (found.e164, *found.also):
        store.record(make.event(number))
        assert judge.answer(Question(dialled)).decision.reason is Reason.LISTED, number
        store.record(make.event(number, kind=Kind.REMOVE))


def test_the_history_counts_allowed_calls_of_30_days_and_no_questions_from_the_command_line(judge, store, make):
    for days in (0, 1, 29, 31, 400):
        store.write_checks([make.answer(at=make.NOW - timedelta(days=days, seconds=1), campaign=f"d{days}")])
    store.write_checks([make.answer(via="cli")] * 5)
    store.write_checks([make.answer(make.OTHER)] * 5)
    history = judge.answer(Question("601234567")).history
    assert history.within_30_days == 3
    assert history.last_at == make.NOW - timedelta(seconds=1)
    assert history.last_campaign == "d0"


def test_a_call_exactly_30_days_ago_still_counts(judge, store, make):
    store.write_checks([make.answer(at=make.NOW - timedelta(days=30))])
    assert judge.answer(Question("601234567")).history.within_30_days == 1
    later = judge.answer(Question("601234567"), make.NOW + timedelta(microseconds=1))
    assert later.history.within_30_days == 0


def test_refused_calls_are_no_contacts(judge, store, make):
    store.record(make.event())
    store.write_checks([judge.answer(Question("601234567", via="agi"))])
    assert judge.answer(Question("601234567")).history.last_at is None


def test_the_moment_asked_about_decides_not_the_clock(judge, store, make):
    store.record(make.event(expires_at=make.NOW + make.day))
    assert not judge.answer(Question("601234567")).decision.allowed
    assert judge.answer(Question("601234567"), make.NOW + make.day).decision.allowed


def test_a_campaign_can_be_required(reader, make):
    judge = Judge(reader, make.site, Rules(require_campaign=True))
    assert judge.answer(Question("601234567")).decision.reason is Reason.CAMPAIGN_MISSING
    assert judge.answer(Question("601234567", "spring")).decision.allowed


@pytest.mark.parametrize("dialled", ["112", "9112", "999"])
def test_an_emergency_call_needs_no_database_at_all(db, judge, journal, dialled):
    db.unlink()
    journal.trouble = "no space"
    answer = Gate(judge, journal).ask_now(Question(dialled))
    assert (answer.decision.verdict, answer.decision.reason) == ("ALLOW", Reason.EMERGENCY)


async def test_a_lock_that_passes_is_waited_for_and_the_call_is_answered_rightly(db, judge, journal, make):
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN EXCLUSIVE")
        gate = Gate(judge, journal)
        assert gate.ask_now(Question("601234567")) is None
        asking = asyncio.create_task(gate.ask(Question("601234567")))
        await asyncio.sleep(0.05)
        other.execute("ROLLBACK")
        assert (await asking).decision.allowed


async def test_a_lock_that_does_not_pass_refuses_in_good_time(db, judge, journal):
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        decision = (await Gate(judge, journal).ask(Question("601234567"))).decision
        assert decision.reason is Reason.LIST_UNAVAILABLE
        assert time.monotonic() - started < 1.5
        other.execute("ROLLBACK")


async def test_in_strict_mode_the_row_is_in_the_database_before_the_answer(db, strict):
    assert strict.ask_now(Question("601234567")) is None
    for count in range(1, 6):
        answer = await strict.ask(Question("601234567"))
        assert answer.decision.allowed
        assert len(rows(db)) == count


async def test_in_strict_mode_questions_asked_at_once_all_have_their_row(db, strict):
    answers = await asyncio.gather(*(strict.ask(Question(f"6012345{number:02}")) for number in range(60)))
    assert all(answer.decision.allowed for answer in answers)
    assert len(set(rows(db))) == 60


async def test_in_strict_mode_a_store_that_cannot_be_written_refuses_and_so_says_the_row_kept(db, strict, wait):
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute(
            "CREATE TRIGGER stop BEFORE INSERT ON call_check BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
        answer = await strict.ask(Question("601234567"))
        assert (answer.decision.verdict, answer.decision.reason) == ("REFUSE", Reason.EVIDENCE_UNAVAILABLE)
        assert "free some space" in answer.decision.detail
        other.execute("DROP TRIGGER stop")
    await wait.until(lambda: rows(db))
    assert rows(db) == [("601234567", 48601234567, "REFUSE", "evidence-unavailable")]
    await wait.until(lambda: strict._journal.ready)
    assert (await strict.ask(Question("601234567"))).decision.allowed


async def test_in_strict_mode_a_store_in_trouble_keeps_nobody_waiting(db, strict, wait):
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # reads go on, a write waits for seconds
        first = asyncio.create_task(strict.ask(Question("601234567")))
        emergency = await asyncio.wait_for(strict.ask(Question("112")), 10)
        assert emergency.decision.reason is Reason.EMERGENCY
        strict._journal.trouble = "as after a failed write"
        refused = await asyncio.wait_for(strict.ask(Question("601234568")), 10)
        assert refused.decision.reason is Reason.EVIDENCE_UNAVAILABLE
        assert not first.done()
        other.execute("ROLLBACK")
    assert (await first).decision.allowed
    await wait.until(lambda: len(rows(db)) == 3)
