"""The index and the rows give one answer, whatever is in the store and whoever writes meanwhile."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import reader as module
from models.policy import Listed, NotListed
from models.reader import Reader

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MOMENT = 1_795_000_000_000_000
STEM = 4860123
NUMBERS = st.builds(lambda tail: int(f"{STEM}{tail}"), st.text("0123", min_size=0, max_size=6)) | st.integers(
    9_999_990, 10_000_010
)
ENTRY = st.tuples(
    NUMBERS,
    st.sampled_from([0, 0, 0, 1, 9, 10, 99, 12_345]),
    st.sampled_from(["", "spring"]),
    st.booleans(),
    st.sampled_from(["", "", "loading", "done", "undone"]),
    st.sampled_from([None, MOMENT - 1, MOMENT + 10**12]),
)
CALL = st.tuples(NUMBERS, st.integers(-40, 0), st.sampled_from(["ALLOW", "REFUSE"]), st.sampled_from(["agi", "cli"]))
INSERT = (
    "INSERT OR IGNORE INTO entry (number, last, campaign, allow, batch, revoked_at, reason, source, created_at) "
    "VALUES (?, ?, ?, ?, ?, ?, 'r', 's', 0)"
)
INSERT_CALL = (
    "INSERT INTO call_check (at, recorded_at, dialled, number, campaign, verdict, reason, detail, via, caller, "
    "channel, uniqueid) VALUES (?, 0, '', ?, 'spring', ?, '', '', ?, '', '', '')"
)
INSERT_BATCH = (
    "INSERT INTO batch (id, content, state, name, format, actor, at, listings, refused, undone_by) "
    "VALUES (?, '', ?, '', '', '', 0, 0, 0, '')"
)


def fill(path, entries, calls):
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in ("entry", "call_check", "batch"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
        connection.executemany(INSERT_BATCH, [(state, state) for state in ("loading", "done", "undone")])
        rows = [(first, first + width if width else 0, *rest) for first, width, *rest in entries]
        connection.executemany(INSERT, rows)
        day = 86_400 * 10**6
        moment = int(NOW.timestamp()) * 10**6
        connection.executemany(INSERT_CALL, [(moment + days * day, n, verdict, via) for n, days, verdict, via in calls])


@given(st.lists(ENTRY, max_size=25), st.lists(CALL, max_size=8), st.lists(NUMBERS, min_size=5, max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_an_index_answers_as_the_rows_do(db, entries, calls, asked):
    fill(db, entries, calls)
    plain, indexed = Reader(db), Reader(db, indexed=True)
    indexed.begin_index()()
    for number in {*asked, *(one[0] for one in entries), *(one[0] + one[1] for one in entries)}:
        expected, found = plain.know(number, NOW), indexed.know(number, NOW)
        assert found == expected
    assert indexed._index is not None
    plain.close()
    indexed.close()


@pytest.fixture
def reader(db):
    found = Reader(db, indexed=True)
    found.begin_index()()
    yield found
    found.close()


def test_a_commit_between_the_index_and_the_rows_is_part_of_the_answer(reader, store, make, monkeypatch):
    """A range gives way to a single entry in one transaction: at no moment may the number be called."""
    store.record(make.event(make.PERSON - 5, last=make.PERSON + 5))
    assert isinstance(reader.look_up(make.PERSON), Listed)
    real, attempts = module.ask_entries, []

    def late(connection, keys):
        attempts.append(keys)
        if len(attempts) == 1:
            with closing(sqlite3.connect(reader.path)) as other, other:
                other.execute("DELETE FROM entry WHERE last > 0 AND id < 0")
                other.execute("UPDATE entry SET revoked_at = 1")
                other.execute(INSERT, (make.PERSON, 0, "", 0, "", None))
        return real(connection, keys)

    monkeypatch.setattr(module, "ask_entries", late)
    known = reader.look_up(make.PERSON)
    assert isinstance(known, Listed)
    assert {entry.revoked_at is None for entry in known.entries} == {True, False}
    assert len(attempts) == 2


def test_where_others_write_without_end_the_rows_are_asked_in_one_statement(reader, store, make, monkeypatch):
    store.record(make.event())
    real, attempts = module.ask_entries, []

    def disturbed(connection, keys):
        attempts.append(keys)
        store.write_checks([make.answer()])
        return real(connection, keys)

    monkeypatch.setattr(module, "ask_entries", disturbed)
    assert isinstance(reader.look_up(make.PERSON), Listed)
    assert len(attempts) == module._ATTEMPTS


def test_many_new_rows_are_read_in_a_thread_and_calls_are_answered_meanwhile(reader, db, make, wait, monkeypatch):
    assert isinstance(reader.look_up(make.PERSON), NotListed)
    monkeypatch.setattr(module, "_AT_ONCE", 100)
    index = reader._index
    with closing(sqlite3.connect(db)) as connection, connection:
        rows = [(number, 0, "", 0, "", None) for number in range(make.PERSON, make.PERSON + 1000)]
        connection.executemany(INSERT, rows)
    assert isinstance(reader.look_up(make.PERSON), Listed)
    assert reader._index is None
    wait.until_now(lambda: isinstance(reader.look_up(make.PERSON + 999), Listed) and reader._index is index, 5)
    assert make.PERSON + 999 in index.listed


@pytest.mark.parametrize("more", [0, 3, 7], ids=["fewer rows", "as many rows", "more rows"])
def test_a_store_that_is_put_back_in_place_is_read_again(reader, db, make, wait, tmp_path, more):
    """Restored through SQLite itself: the same file, another past."""
    with closing(sqlite3.connect(db)) as live, closing(sqlite3.connect(tmp_path / "backup.db")) as backup:
        live.execute("PRAGMA journal_mode=WAL")
        with live:
            live.executemany(INSERT, [(make.PERSON + n, 0, "", 0, "", None) for n in range(5)])
        live.backup(backup)
        with live:
            live.executemany(INSERT, [(make.PERSON + 100 + n, 0, "", 0, "", None) for n in range(3)])
        assert isinstance(reader.look_up(make.PERSON + 102), Listed)
        backup.backup(live)
        new = [make.PERSON + 200 + n for n in range(more)]
        with live:
            live.executemany(INSERT, [(number, 0, "", 0, "", None) for number in new])
    assert isinstance(reader.look_up(make.PERSON + 102), NotListed)
    assert all(isinstance(reader.look_up(number), Listed) for number in new)
    wait.until_now(lambda: reader.look_up(make.PERSON) and reader._index is not None, 5)
    assert all(isinstance(reader.look_up(number), Listed) for number in [make.PERSON, *new])
