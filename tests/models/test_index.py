"""The index holds every number that the store has rows about, whoever wrote them, and says so at once."""

import builtins
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.building import Building
from models.imports import Batch, Imports
from models.index import Index, SortedNumbers, numbers
from models.policy import Listed, NotListed
from models.reader import Reader
from models.retention import Cutoffs, Purge
from models.store import Store
from models.suppression import Kind

ADD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute(
    "INSERT INTO entry (number, campaign, reason, source, created_at) VALUES (?, '', 'r', 's', 0)", (int(sys.argv[2]),)
)
connection.commit()
"""

ADD_ROW = "INSERT INTO entry (number, campaign, reason, source, created_at) VALUES (?, ?, 'r', 's', 0)"


@pytest.fixture
def reader(db):
    found = Reader(db, indexed=True)
    found.begin_index()()
    yield found
    found.close()


@pytest.fixture
def statements(reader):
    """What the reader asks of its database."""
    asked = []
    reader._connect().set_trace_callback(asked.append)
    return asked


def test_a_miss_asks_no_row_and_a_hit_does(reader, store, make, statements):
    store.record(make.event())
    assert isinstance(reader.look_up(make.OTHER), NotListed)
    statements.clear()
    assert isinstance(reader.look_up(make.OTHER), NotListed)
    assert not [one for one in statements if "entry" in one]
    assert isinstance(reader.look_up(make.PERSON), Listed)
    assert [one for one in statements if "entry" in one]


def test_what_another_process_lists_holds_for_the_next_question(reader, db):
    for number in random.Random(1).sample(range(48_500_000_000, 48_800_000_000), 5):
        assert isinstance(reader.look_up(number), NotListed)
        subprocess.run([sys.executable, "-c", ADD, str(db), str(number)], check=True)
        assert isinstance(reader.look_up(number), Listed)


def test_an_allowed_call_of_another_process_is_in_the_history(reader, db, make):
    assert reader.history(make.PERSON, make.NOW).within_30_days == 0
    with closing(Store(db)) as other:
        other.write_checks([make.answer(at=make.NOW - make.day)])
    assert reader.history(make.PERSON, make.NOW).within_30_days == 1


def test_rows_that_are_committed_while_the_index_is_built_are_not_missed(db, store, make, monkeypatch):
    """The index is a moment older than its first use."""
    reader = Reader(db, indexed=True)
    wait = reader.begin_index()
    wait()
    store.record(make.event())
    assert isinstance(reader.look_up(make.PERSON), Listed)
    reader.close()


def test_a_store_that_cannot_be_read_makes_no_index_and_questions_still_ask_the_rows(db, store, make, monkeypatch):
    store.record(make.event())
    monkeypatch.setattr(Index, "read_new", _broken)
    reader = Reader(db, indexed=True)
    reader.begin_index()()
    assert isinstance(reader.look_up(make.PERSON), Listed)
    assert isinstance(reader.look_up(make.OTHER), NotListed)
    reader.close()


def _broken(self, connection, ends):
    raise sqlite3.OperationalError("disk I/O error")


def test_an_index_that_failed_is_built_again_later(db, store, make, monkeypatch, wait):
    attempts = []

    def once_broken(self, connection, ends, real=Index.read_new):
        attempts.append(1)
        if len(attempts) == 1:
            _broken(self, connection, ends)
        real(self, connection, ends)

    monkeypatch.setattr(Index, "read_new", once_broken)
    monkeypatch.setattr("models.reader._BUILD_EVERY", 0.0)
    reader = Reader(db, indexed=True)
    reader.begin_index()()
    wait.until_now(lambda: reader.look_up(make.PERSON) and reader._index is not None, 5)
    reader.close()


def test_numbers_that_are_none_are_left_out(db):
    with closing(sqlite3.connect(db)) as connection, connection:
        for value in ("text", -5, 0, 1.5, 48600100200):
            connection.execute(ADD_ROW, (value, str(value)))
    building = Building(db, lambda: sqlite3.connect(db))
    building.wait()
    assert building.index is not None
    assert len(building.index.listed) == 1
    assert 48600100200 in building.index.listed


@given(st.lists(st.lists(st.integers(1, 10**15 - 1), max_size=300), max_size=8), st.integers(1, 10**15 - 1))
def test_the_sorted_array_is_a_set(batches, other):
    found, model = SortedNumbers(), set()
    for batch in batches:
        found.add(list(batch))
        model.update(batch)
    assert len(found) == len(model)
    assert all(number in found for number in model)
    assert (other in found) == (other in model)


def test_the_sorted_array_takes_many_in_small_steps():
    found, numbers_ = SortedNumbers(), random.Random(2).sample(range(10**11), 5000)
    for number in numbers_:
        found.add([number])
    assert len(found) == 5000
    assert all(number in found for number in numbers_)
    assert 10**11 not in found


def test_without_pyroaring_the_sorted_array_is_used(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "pyroaring":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert isinstance(numbers(), SortedNumbers)


CHANGES = [
    ("UPDATE entry SET number = ? WHERE id = 2", 48600999888),
    ("UPDATE entry SET number = ?, last = 48600999889 WHERE id = 2", 48600999880),
    (ADD_ROW.replace("?, ?", "?, ''"), 48600999887),
    ("UPDATE entry SET id = 1000, number = ? WHERE id = 2", 48600999886),
]


@pytest.mark.parametrize(("statement", "number"), CHANGES)
@pytest.mark.parametrize("started", [True, False])
def test_a_number_that_somebody_puts_into_the_table_by_hand_is_listed_with_the_next_call(
    db, store, make, wait, monkeypatch, statement, number, started
):
    monkeypatch.setattr("models.building._WORTH", 1)
    for one in range(3):
        store.record(make.event(make.PERSON + one))
    with closing(Reader(db, indexed=True)) as reader:
        reader.begin_index()()
        assert isinstance(reader.look_up(number), NotListed)
        reader.save()
        if not started:
            reader.close()
        with closing(sqlite3.connect(db)) as connection, connection:
            connection.execute(statement, (number,))
        assert isinstance(reader.look_up(number), Listed)
        reader.begin_index()()
        assert isinstance(reader.look_up(number), Listed)
        wait.until_now(lambda: reader.look_up(number) and reader._index is not None)
        assert isinstance(reader.look_up(number), Listed)
        assert isinstance(reader.look_up(make.PERSON), Listed)


def test_nothing_that_concierge_does_itself_counts_as_by_hand(db, store, make):
    for kind in (Kind.ADD, Kind.REMOVE, Kind.ADD):
        store.record(make.event(kind=kind))
    imports = Imports(store)
    new = Batch(str(uuid4()), uuid4().hex, "x.csv", "csv", "a", make.NOW)
    imports.load(new, [make.event(make.PERSON + one, batch=new.id) for one in range(3)])
    imports.undo(new.id, "a", make.NOW)
    Purge(store, "a").forget(make.PERSON)
    Purge(store, "a").run(Cutoffs(ended=datetime.now(UTC)))
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT * FROM sync_state WHERE key = 'by-hand'").fetchall() == []
