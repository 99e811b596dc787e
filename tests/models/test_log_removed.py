"""Somebody removes the write-ahead log of a list that is in use: nobody is called by what cannot be seen any more."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from models.errors import StoreError
from models.policy import Listed, NotListed, Unavailable
from models.reader import Reader
from models.store import Store
from models.suppression import Kind, ListEvent

NUMBER = 48600100200
ELSEWHERE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("INSERT INTO entry (number, last, campaign, allow, batch, reason, source, created_at) "
                   "VALUES (48600100201, 0, '', 0, '', 'r', 's', 0)")
connection.commit()
connection.close()
"""


def add(store):
    event = ListEvent(uuid4(), Kind.ADD, NUMBER, "", datetime.now(UTC), "asked", "letter")
    return store.record(event)


@pytest.mark.parametrize("indexed", [False, True])
def test_without_its_log_a_list_in_use_answers_nothing_and_takes_nothing(db, indexed):
    with closing(Store(db)) as store:
        add(store)
        reader = Reader(db, indexed=indexed)
        try:
            assert isinstance(reader.look_up(NUMBER), Listed)
            for end in ("-wal", "-shm"):
                db.with_name(db.name + end).unlink()
            subprocess.run([sys.executable, "-c", ELSEWHERE, db], check=True, timeout=30)
            _wait_until(lambda: isinstance(reader.look_up(48600100201), Unavailable))
            assert "restart the service" in str(reader.look_up(NUMBER))
            with pytest.raises(StoreError, match="removed while they are in use"):
                add(store)
        finally:
            reader.close()


def test_a_log_that_its_last_user_has_cleared_away_is_no_trouble(db):
    with closing(Store(db)) as store:
        add(store)
    reader = Reader(db)
    with closing(Store(db)) as store:
        add(store)
        assert isinstance(reader.look_up(NUMBER), Listed)
    reader.close()
    assert not db.with_name(db.name + "-shm").exists()
    with closing(Store(db)) as store:
        add(store)
        assert isinstance(reader.look_up(NUMBER), Listed)
        assert isinstance(reader.look_up(NUMBER + 1), NotListed)
    reader.close()


def test_a_list_that_is_put_back_without_a_log_is_read_on(db, tmp_path):
    with closing(Store(db)) as store:
        add(store)
    reader = Reader(db)
    assert isinstance(reader.look_up(NUMBER), Listed)
    with closing(sqlite3.connect(db)) as source, closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    for end in ("-wal", "-shm"):
        db.with_name(db.name + end).unlink(missing_ok=True)
    (tmp_path / "copy.db").replace(db)
    for _ in range(3):
        assert isinstance(reader.look_up(NUMBER), Listed)
    reader.close()


def _wait_until(condition):
    import time

    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
