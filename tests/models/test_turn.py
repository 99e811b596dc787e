"""Who waits for the write lock gets it before the next transaction of an import."""

import fcntl
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from models import turn
from models.evidence.verify import verify
from models.imports import _next_size
from models.store import Store


@pytest.fixture
def path(tmp_path):
    path = str(tmp_path / "list.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
    return path


def test_what_is_locked_is_tried_until_it_is_not(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as one:
        one.execute("BEGIN IMMEDIATE")
        found = []

        def other():
            with closing(sqlite3.connect(path, isolation_level=None)) as two:
                turn.begin(two, path, 20)
                found.append(two.in_transaction)
                found.append(two.execute("PRAGMA busy_timeout").fetchone()[0])

        thread = threading.Thread(target=other)
        thread.start()
        one.execute("COMMIT")
        thread.join(20)
        assert found == [True, 5000]


def test_the_lock_that_never_comes_is_an_error_of_the_driver(path):
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as one,
        closing(sqlite3.connect(path, isolation_level=None)) as two,
    ):
        one.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            turn.begin(two, path, 0.02)


def test_another_error_is_not_waited_out(path):
    def broken():
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(sqlite3.OperationalError, match="disk"):
        turn.take(broken, path, 60)


def test_an_import_stands_back_as_long_as_somebody_waits_but_not_for_ever(path, wait, monkeypatch):
    turn.stand_back(path)  # nobody has ever waited
    waiting, free, tried = threading.Event(), threading.Event(), []

    def locked():
        if not free.is_set():
            waiting.set()
            raise sqlite3.OperationalError("database is locked")

    def flock(mark, kind):
        if threading.current_thread() is standing:
            tried.append(kind)
        real(mark, kind)

    real = fcntl.flock
    monkeypatch.setattr(turn.fcntl, "flock", flock)
    waiter = threading.Thread(target=turn.take, args=(locked, path, 60))
    standing = threading.Thread(target=turn.stand_back, args=(path,))
    waiter.start()
    try:
        wait.until_now(lambda: waiting.is_set() and marked(path))
        monkeypatch.setattr(turn, "_COURTESY", 0.01)
        turn.stand_back(path)
        assert not free.is_set(), "it came back although somebody waits"
        monkeypatch.setattr(turn, "_COURTESY", 60)
        standing.start()
        wait.until_now(lambda: len(tried) > 3)
        assert standing.is_alive()
    finally:
        free.set()
        waiter.join(20)
    standing.join(20)
    assert not standing.is_alive()


def marked(path):
    """Does somebody hold the mark?"""
    try:
        with Path(f"{path}.turn").open() as mark:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def test_an_opt_out_comes_in_the_middle_of_transactions_that_follow_each_other(db, store, make):
    """Without standing back the waiting one tries while the lock is taken, again and again."""
    stop, rounds = threading.Event(), []

    def like_an_import():
        with closing(Store(db, durable=False)) as loading:
            while not stop.is_set():
                with loading.writing():
                    until = time.monotonic() + 0.005
                    while time.monotonic() < until:
                        pass
                rounds.append(1)

    thread = threading.Thread(target=like_an_import)
    thread.start()
    try:
        for number in range(20):
            assert store.record(make.event(make.PERSON + number)).new
    finally:
        stop.set()
        thread.join(20)
    assert rounds


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 200])
def test_rows_of_checks_are_all_there_in_their_order_however_many(store, db, make, count):
    store.write_checks([make.answer(make.PERSON + n) for n in range(count)])
    assert [row["number"] for row in store.checks()][::-1] == [make.PERSON + n for n in range(count)]
    assert verify(db).findings == []


def test_an_import_takes_as_many_rows_at_a_time_as_the_machine_allows():
    assert _next_size(500, 0.005) == 500
    assert _next_size(500, 0.02) == 250
    assert _next_size(400, 9.0) == 200
    assert _next_size(100, 9.0) == 100
    assert _next_size(200, 0.001) == 250
