"""An import is in force whole or not at all, can be taken back, and nobody waits for it."""

import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_OID, RFC_4122, UUID, uuid4, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import StoreBusy, StoreError
from models.evidence.verify import verify
from models.imports import AlreadyImported, Batch, Imports, alone
from models.listings import Listing, identities
from models.policy import Listed, NotListed
from models.reader import Reader
from models.store import Store
from models.suppression import ALL, Kind, ListEvent, fold

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def batch(content="c", name="numbers.csv"):
    return Batch(str(uuid4()), content, name, "csv", "ann", NOW)


def listing(of, number, **more):
    identity = uuid5(NAMESPACE_OID, f"{of.id} {number} {more}")
    return ListEvent(identity, Kind.ADD, number, ALL, NOW, "imported", "file", "ann", batch=of.id, **more)


@pytest.fixture
def imports(store):
    return Imports(store)


@pytest.fixture(params=[False, True], ids=["rows", "index"])
def reader(db, request):
    reader = Reader(db, indexed=request.param)
    reader.begin_index()()
    yield reader
    reader.close()


def load(imports, numbers, content="c", **more):
    new = batch(content)
    return imports.load(new, (listing(new, number, **more) for number in numbers))


def test_all_listings_hold_when_the_import_is_done_and_none_when_it_is_undone(imports, store, reader, make):
    done = load(imports, [make.PERSON, make.OTHER])
    assert (done.state, done.listings) == ("done", 2)
    assert isinstance(reader.look_up(make.PERSON), Listed)
    undone = imports.undo(done.id, "bob", NOW + timedelta(days=1))
    assert (undone.state, undone.undone_by, undone.undone_at) == ("undone", "bob", NOW + timedelta(days=1))
    assert isinstance(reader.look_up(make.PERSON), NotListed)
    assert [entry.revoked_at for entry in store.entries()] == [NOW + timedelta(days=1)] * 2
    assert len(store.events(make.PERSON)) == 1


def test_nothing_holds_before_the_last_row_and_everything_after_it(imports, reader, make):
    new = batch()

    def rows():
        for number in range(48_600_000_000, 48_600_005_000):
            if number % 1000 == 999:
                assert isinstance(reader.look_up(48_600_000_000), NotListed)
            yield listing(new, number)

    imports.load(new, rows())
    assert isinstance(reader.look_up(48_600_000_000), Listed)
    assert isinstance(reader.look_up(48_600_004_999), Listed)


def test_opt_outs_are_recorded_while_an_import_is_under_way(imports, store, db, make):
    """And hold, whatever becomes of the import."""
    new, other = batch(), Store(db)

    def rows():
        for number in range(48_600_000_000, 48_600_006_000):
            if number == 48_600_003_000:
                other.record(make.event(number=48_600_000_000, expires_at=NOW + timedelta(days=1)))
                other.record(make.event(number=48_600_000_001, kind=Kind.REMOVE))
            yield listing(new, number)

    imports.load(new, rows())
    assert [entry.expires_at for entry in store.entries(48_600_000_000)] == [None]
    assert [entry.holds(NOW) for entry in store.entries(48_600_000_001)] == [True]
    imports.undo(new.id, "ann", NOW)
    assert [entry.expires_at for entry in store.entries(48_600_000_000)] == [NOW + timedelta(days=1)]
    other.close()


def test_an_import_that_breaks_off_leaves_nothing_in_force_and_the_next_one_clears_it_away(imports, store, reader, db):
    new = batch()

    def rows():
        for number in range(48_600_000_000, 48_600_005_000):
            yield listing(new, number)
        raise OSError("the file ends here")

    with pytest.raises(OSError, match="ends here"):
        imports.load(new, rows())
    assert isinstance(reader.look_up(48_600_000_000), NotListed)
    assert store.entries() == []
    load(imports, [1_234_567_890])
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT count(*) FROM list_event").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (1,)


def test_the_same_content_twice_changes_nothing_and_says_so(imports, store, make):
    first = load(imports, [make.PERSON])
    with pytest.raises(AlreadyImported, match=first.id) as error:
        load(imports, [make.PERSON])
    assert error.value.earlier == first
    assert len(imports.all()) == 1
    imports.undo(first.id, "ann", NOW)
    assert load(imports, [make.PERSON]).state == "done"
    assert [entry.holds(NOW) for entry in store.entries()] == [True]


def test_an_import_is_undone_once(imports, make):
    done = load(imports, [make.PERSON])
    imports.undo(done.id, "ann", NOW)
    with pytest.raises(StoreError, match="not in force"):
        imports.undo(done.id, "ann", NOW)
    with pytest.raises(StoreError, match="concierge list batches"):
        imports.undo("nonsense", "ann", NOW)


def test_one_import_at_a_time(imports, db, make, monkeypatch):
    monkeypatch.setattr("models.imports.PATIENCE", 0.05)
    with alone(db), pytest.raises(StoreBusy, match="another import"):
        load(imports, [make.PERSON])


def test_the_end_of_a_short_import_is_waited_for(imports, db, make):
    """Another site's import comes into force at any moment: whoever takes one back then must not be sent away."""
    holds, enough = threading.Event(), threading.Event()

    def other():
        with alone(db):
            holds.set()
            enough.wait(0.2)

    thread = threading.Thread(target=other)
    thread.start()
    assert holds.wait(5)
    assert load(imports, [make.PERSON]).state == "done"
    thread.join()


def test_a_range_of_an_import_holds_for_each_number_in_it_and_an_allowed_one_is_free(imports, reader, make):
    from models.number import Number
    from models.policy import Reason, Rules, may_call

    load(imports, [48_600_000_000], last=48_600_999_999)
    load(imports, [48_600_500_500], content="d", allow=True)

    def reason(number):
        return may_call(Number(number), "", reader.look_up(number), NOW, Rules()).reason

    assert reason(48_600_500_501) is Reason.LISTED
    assert reason(48_600_500_500) is Reason.ALLOWED_IN_RANGE
    assert reason(48_601_000_000) is Reason.NOT_LISTED


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 3), st.none() | st.integers(0, 9)),
        st.tuples(st.just("remove"), st.integers(0, 3), st.none()),
        st.tuples(st.just("import"), st.sets(st.integers(0, 3), min_size=1), st.none() | st.integers(0, 9)),
        st.tuples(st.just("undo"), st.integers(0, 9), st.none()),
    ),
    max_size=14,
)


@given(steps)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_the_list_is_the_sum_of_the_events_in_force(template, tmp_path, happened):
    path = Path(shutil.copy(template, tmp_path / f"{uuid4()}.db"))
    store, reader = Store(path), Reader(path, indexed=True)
    reader.begin_index()()
    imports = Imports(store)
    for step, (what, which, until) in enumerate(happened):
        at = NOW + timedelta(hours=step)
        end = None if until is None else NOW + timedelta(hours=until)
        if what == "import":
            new = replace(batch(content=str(step)), at=at)
            imports.load(new, [listing(new, 48_600_000_000 + one, expires_at=end) for one in sorted(which)])
        elif what == "undo":
            done = [one for one in imports.all() if one.state == "done"]
            if done:
                imports.undo(done[which % len(done)].id, "ann", at)
        else:
            number = 48_600_000_000 + which
            store.record(ListEvent(uuid4(), Kind(what), number, ALL, at, f"r{step}", "s", expires_at=end))
        _compare(store, imports, reader, NOW + timedelta(hours=5))
    reader.close()
    store.close()


def _compare(store, imports, reader, at):
    undone = {one.id: one.undone_at for one in imports.all() if one.undone_at}
    for number in range(48_600_000_000, 48_600_000_004):
        model = fold(store.events(number), undone)
        held = [entry for entry in store.entries(number) if entry.holds(at)]
        assert bool(held) == (model is not None and model.holds(at))
        known = reader.look_up(number)
        assert (isinstance(known, Listed) and any(entry.holds(at) for entry in known.entries)) == bool(held)


CRASH = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from models.imports import Batch, Imports
from models.store import Store
from models.suppression import Kind, ListEvent
now = datetime(2026, 3, 1, tzinfo=UTC)
after = int(sys.argv[2])
new = Batch("the-one", "c", "n", "csv", "a", now)
def rows():
    for n in range(9000):
        if n == after:
            os.kill(os.getpid(), 9)
        yield ListEvent(UUID(int=n), Kind.ADD, 48_600_000_000 + n, "", now, "r", "s", batch=new.id)
Imports(Store(Path(sys.argv[1]))).load(new, rows())
"""


def test_a_killed_import_leaves_nothing_in_force(db, imports, reader):
    for after in random.Random(4).sample(range(9000), 3):
        done = subprocess.run([sys.executable, "-c", CRASH, str(db), str(after)], cwd=ROOT, check=False)
        assert done.returncode == -9
        assert isinstance(reader.look_up(48_600_000_000), NotListed)
        assert load(imports, [48_700_000_000], content=str(after)).state == "done"
        assert [one.id for one in imports.all() if one.id == "the-one"] == []


@pytest.mark.parametrize("apart", [0, 3000], ids=["in one transaction", "in two"])
@pytest.mark.parametrize("ends", [(None, 1), (1, None), (1, 2), (2, 1)])
def test_a_number_that_a_file_lists_twice_is_listed_until_the_later_end(imports, store, make, ends, apart):
    new = batch()
    between = [listing(new, 48_700_000_000 + n) for n in range(apart)]
    until = [None if days is None else NOW + timedelta(days=days) for days in ends]
    imports.load(
        new, [listing(new, make.PERSON, expires_at=until[0]), *between, listing(new, make.PERSON, expires_at=until[1])]
    )
    latest = None if None in until else max(until)
    assert [entry.expires_at for entry in store.entries(make.PERSON)] == [latest]
    assert len(store.events(make.PERSON)) == 2
    imports.undo(new.id, "ann", NOW)
    assert not [entry for entry in store.entries(make.PERSON) if entry.holds(NOW)]


def test_a_change_of_any_row_of_an_import_is_found_and_named(imports, db):
    new = batch()
    texts = ["", 'a"],["event",', "zażółć \0", "x" * 900]
    rows = [Listing(48600000000 + n, 0, "", 1, n or None, texts[n % 4], "file", "{}", n % 2) for n in range(1203)]
    imports.load_listings(new, rows)
    assert verify(db).findings == []
    choose = random.Random(5)
    for seq in choose.sample(range(1, 1204), 6):
        with closing(sqlite3.connect(db)) as connection:
            column = choose.choice(["event_id", "number", "reason", "at", "allow", "actor", "recorded_at", "evidence"])
            [was] = connection.execute(f"SELECT {column} FROM list_event WHERE seq = ?", (seq,)).fetchone()  # noqa: S608
            for value in (f"{was}x", was):
                connection.execute(f"UPDATE list_event SET {column} = ? WHERE seq = ?", (value, seq))  # noqa: S608
                connection.commit()
                told = {one.where for one in verify(db).findings}
                assert (f"list_event {seq}" in told) is (value != was)


def test_ids_of_events_are_uuids_in_ascending_order():
    found = [UUID(one) for one in identities(1000)]
    assert found == sorted(set(found))
    assert {(one.version, one.variant) for one in found} == {(7, RFC_4122)}
    assert abs((found[0].int >> 80) / 1000 - datetime.now(UTC).timestamp()) < 60
