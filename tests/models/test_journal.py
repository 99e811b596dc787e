"""Evidence is written soon after the answer, never lost while it can be kept, never twice."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from models import journal as module
from models.contact import Question
from models.errors import StoreError
from models.evidence.checkpoint import checkpoint_path
from models.gate import Gate, Judge
from models.journal import Journal
from models.policy import Reason
from models.reader import Reader
from models.store import Store
from models.witness import AMI, Report, record

BOUND = 0.05 + 0.2  # seconds: the design's 50 ms, and what a busy machine may add


def rows(path):
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        return connection.execute("SELECT uniqueid, verdict, reason, via FROM call_check ORDER BY seq").fetchall()


@pytest.fixture
def gate(db, make, journal):
    return Gate(Judge(Reader(db), make.site), journal)


def asked(number, make):
    return Question(f"+{make.PERSON}", uniqueid=f"u{number}", via="agi")


async def test_a_row_is_committed_within_the_bound_after_its_answer(db, gate, make, wait):
    waited = []
    for number in range(20):
        assert gate.ask_now(asked(number, make)).decision.allowed
        started = time.monotonic()
        await wait.until(lambda expected=number + 1: len(rows(db)) == expected)
        waited.append(time.monotonic() - started)
    waited.sort()
    assert waited[10] <= 0.1, waited
    assert waited[16] <= BOUND, waited  # the slowest three may have met another process on this machine


async def test_rows_that_come_together_are_committed_together(db, make, wait):
    commits = []
    journal = Journal(db)
    write = Store.write_checks
    journal._write_checks = lambda batch: (commits.append(len(batch)), write(journal._open_store(), batch))
    journal.start()
    for _ in range(500):
        journal.add(make.answer())
    await wait.until(lambda: len(rows(db)) == 500)
    assert len(commits) <= 2, commits
    await journal.close()


async def test_a_full_queue_refuses_subscribers_and_lets_emergency_calls_go(db, make):
    journal = Journal(db, most=3)  # nobody writes: it is not started
    gate = Gate(Judge(Reader(db), make.site), journal)
    assert all(gate.ask_now(asked(number, make)).decision.allowed for number in range(3))
    assert not journal.ready
    refused = gate.ask_now(asked(3, make)).decision
    assert (refused.verdict, refused.reason, refused.detail) == (
        "REFUSE",
        Reason.EVIDENCE_UNAVAILABLE,
        "the queue is full",
    )
    assert gate.ask_now(Question("112")).decision.allowed
    assert journal.waiting == 3
    assert not journal.add(make.answer())
    await journal.close()
    assert len(rows(db)) == 3


async def test_close_writes_what_is_left(db, make):
    journal = Journal(db)
    journal.start()
    for _ in range(50):
        journal.add(make.answer())
    await journal.close()
    assert len(rows(db)) == 50


@pytest.mark.parametrize("moment", ["before", "within"])
async def test_close_in_the_middle_of_a_commit_writes_no_row_twice(db, make, wait, moment):
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        journal = Journal(db, delay=0)
        journal.start()
        journal.add(make.answer())
        if moment == "within":
            await wait.until(lambda: journal._flushing is not None)
        closing_it = asyncio.create_task(journal.close())
        await asyncio.sleep(0)
        other.execute("COMMIT")
    await closing_it
    assert len(rows(db)) == 1


async def test_a_database_that_is_away_keeps_the_rows_and_writes_them_when_it_is_back(
    db, gate, journal, make, wait, caplog
):
    assert gate.ask_now(asked(0, make)).decision.allowed
    await wait.until(lambda: journal.waiting == 0)
    aside = db.with_name("aside.db")
    db.rename(aside)
    assert gate.ask_now(asked(1, make)).decision.reason is Reason.LIST_UNAVAILABLE
    await wait.until(lambda: journal.trouble)
    assert not journal.ready
    assert "concierge db upgrade" in journal.trouble
    aside.rename(db)
    await wait.until(lambda: journal.ready)
    assert [row[0] for row in rows(db)] == ["u0", "u1"]
    await wait.until(lambda: gate.ask_now(asked(2, make)).decision.allowed)
    assert "evidence=unavailable" in caplog.text
    assert "evidence=available again" in caplog.text


async def test_an_event_is_durable_when_record_returns_and_an_error_is_raised_when_it_is_not(db, make, journal):
    assert (await journal.record(make.event())).new
    with closing(sqlite3.connect(db)) as other:
        assert other.execute("SELECT count(*) FROM list_event").fetchone() == (1,)
    db.unlink()
    with pytest.raises(StoreError, match="there is no database here"):
        await journal.record(make.event())


async def test_a_writer_that_died_of_our_bug_refuses_instead_of_allowing_without_evidence(
    db, gate, journal, make, wait, caplog
):
    journal.add(make.answer(at=make.NOW.replace(tzinfo=None)))  # no caller does that: it stands for the unforeseen
    await wait.until(lambda: not journal.ready)
    decision = gate.ask_now(asked(1, make)).decision
    assert (decision.verdict, decision.reason) == ("REFUSE", Reason.EVIDENCE_UNAVAILABLE)
    assert "restart the service" in decision.detail
    assert await asyncio.wait_for(journal.write(make.answer()), 10) is False
    assert "Traceback" in caplog.text


@pytest.fixture
def small_disk(template, tmp_path):
    """A database on a disk that is nearly full, and a way to make room. A limit on pages where we may not mount."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(disk)]
    if os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0:
        path = Path(shutil.copy(template, disk / "concierge.db"))
        ballast = disk / "ballast"

        def fill():
            with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
                while True:
                    file.write(b"x" * 4096)

        yield path, fill, ballast.unlink
        subprocess.run(["umount", "-l", str(disk)], check=True)
        return
    limit = [1_000_000]

    def squeeze(connection, *_):
        connection.cursor().execute(f"PRAGMA max_page_count={limit[0]}")

    event.listen(Engine, "connect", squeeze)
    event.listen(Engine, "checkout", squeeze)
    yield (
        Path(shutil.copy(template, disk / "concierge.db")),
        lambda: limit.__setitem__(0, 1),
        lambda: limit.__setitem__(0, 10**6),
    )
    event.remove(Engine, "connect", squeeze)
    event.remove(Engine, "checkout", squeeze)


async def test_a_full_disk_refuses_and_calls_go_on_when_there_is_room_with_no_row_lost_or_doubled(
    small_disk, make, wait, monkeypatch
):
    monkeypatch.setattr(module, "_RETRY", 0.05)
    path, fill, free = small_disk
    journal = Journal(path, most=5000)
    journal.start()
    gate = Gate(Judge(Reader(path), make.site), journal)
    given = [gate.ask_now(asked(0, make))]
    await wait.until(lambda: journal.waiting == 0)
    fill()
    while journal.ready:  # the log beside the database has some room left
        given.append(gate.ask_now(asked(len(given), make)))
        await asyncio.sleep(0)
        assert len(given) < 5000
    refused = gate.ask_now(asked(len(given), make))
    given.append(refused)
    assert refused.decision.reason is Reason.EVIDENCE_UNAVAILABLE
    assert "full" in refused.decision.detail
    assert "free some space" in refused.decision.detail
    free()
    await wait.until(lambda: journal.ready and journal.waiting == 0)
    again = gate.ask_now(asked(len(given), make))
    given.append(again)
    assert again.decision.allowed
    await journal.close()
    assert [row[:2] for row in rows(path)] == [(one.question.uniqueid, one.decision.verdict) for one in given]


def press_of(make, number, leg):
    happened = make.event(number)
    return happened, Report(happened.event_id, AMI, f"pbx|{leg}|9", happened.at)


async def held(journal):
    """The journal's thread is busy until `go` is set."""
    go = threading.Event()
    holding = asyncio.create_task(journal.do(lambda _store: go.wait(5)))
    await asyncio.sleep(0)
    return go, holding


async def test_presses_that_wait_share_a_commit_and_go_before_everything_else(db, journal, make, monkeypatch):
    order = []
    monkeypatch.setattr(module, "record_witness", lambda store, some: order.append(len(some)) or record(store, some))
    go, holding = await held(journal)
    other = asyncio.create_task(journal.do(lambda _store: order.append("other")))
    await asyncio.sleep(0)
    presses = [asyncio.create_task(journal.witness(press_of(make, make.PERSON + one, one))) for one in range(20)]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(holding, other, *presses)
    assert order == [20, "other"]
    assert len({done.entry.number for (done,) in (one.result() for one in presses)}) == 20
    with closing(sqlite3.connect(db)) as reading:
        assert reading.execute("SELECT count(*) FROM list_event").fetchone() == (20,)


async def test_a_press_that_cannot_be_written_costs_the_others_nothing(db, journal, make):
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute(
            f"CREATE TRIGGER stop BEFORE INSERT ON list_event WHEN NEW.number = {make.OTHER}"
            " BEGIN SELECT RAISE(FAIL, 'broken'); END"
        )
    go, holding = await held(journal)
    numbers = [make.PERSON, make.OTHER, make.PERSON + 5]
    presses = [asyncio.create_task(journal.witness(press_of(make, number, number))) for number in numbers]
    await asyncio.sleep(0)
    go.set()
    await holding
    found = await asyncio.gather(*presses, return_exceptions=True)
    assert [isinstance(one, StoreError) for one in found] == [False, True, False]
    with closing(sqlite3.connect(db)) as other:
        assert other.execute("SELECT number FROM list_event ORDER BY seq").fetchall() == [
            (make.PERSON,),
            (make.PERSON + 5,),
        ]


async def test_where_the_chain_ends_is_noted_soon_after_a_press(db, journal, make, wait):
    await journal.witness(press_of(make, make.PERSON, 1))
    with closing(sqlite3.connect(db)) as other:
        (end,) = other.execute("SELECT max(position) FROM evidence_link").fetchone()
    note = checkpoint_path(db)
    await wait.until(lambda: note.exists() and note.read_text().startswith(f"{end:020d} "))
