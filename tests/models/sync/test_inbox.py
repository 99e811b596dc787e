"""What the feed says, taken into one list without a server."""

from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from models import facts, imports
from models.evidence.sources import EVENT, FACT
from models.evidence.verify import verify
from models.forgetting import FORGOTTEN
from models.imports import Batch, Imports
from models.rows import event_row
from models.store import Store
from models.sync import state
from models.sync.due import due
from models.sync.facts import next_facts, of_row, put_order
from models.sync.inbox import take_in
from models.sync.message import ImportNews, of_event, of_import
from models.sync.settle import settle
from models.tables import to_micros

BASE = 48600000000


@pytest.fixture
def store(template, tmp_path):
    path = tmp_path / "a.db"
    path.write_bytes(template.read_bytes())
    with closing(Store(path)) as found:
        yield found


def take(store, messages):
    with store.writing() as connection:
        taken = take_in(connection, messages)
        store.seal(connection, EVENT, taken.events)


@pytest.mark.parametrize("parts", [0, 1, 2, 3])
def test_an_import_in_whose_middle_the_backup_was_made_comes_back_whole(store, make, parts, monkeypatch):
    """The list is put back, the feed tells its own import again, and meanwhile somebody imports something else."""
    monkeypatch.setattr(imports, "_CHUNK", 1)
    new = Batch(str(uuid4()), "c" * 64, "one.csv", "csv", "me", datetime.now(UTC))
    events = [make.event(BASE + one, batch=new.id) for one in range(6)]

    def breaks_off():
        yield from events[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Imports(store).load(new, breaks_off())
    row = {name: getattr(new, name) for name in ("id", "content", "name", "format", "actor", "site")}
    row |= {"at": 1, "listings": 6, "refused": 0}
    told = [of_event(event_row(one, 1) | {"site": "a"}, "a") for one in events]
    told = [of_import(row, ImportNews.BEGIN, "a"), *told, of_import(row, ImportNews.DONE, "a")]
    first = [0, 1, 4, len(told)][parts]
    take(store, told[:first])
    other = Batch(str(uuid4()), "d" * 64, "two.csv", "csv", "me", datetime.now(UTC))
    Imports(store).load(other, [make.event(BASE + 50, batch=other.id)])
    take(store, told[first:])
    settle(store)
    now = datetime.now(UTC)
    assert {one.number for one in store.entries() if one.holds(now)} == {BASE + 50, *(one.number for one in events)}
    assert {one.state for one in Imports(store).all()} == {"done"}


def test_what_is_imported_here_holds_although_the_same_of_another_site_broke_off_before(store, make, monkeypatch):
    """Killed after the entries of the other site's import were written, and before they hold."""
    new = Batch(str(uuid4()), "c" * 64, "one.csv", "csv", "me", datetime.now(UTC), site="b")
    events = [make.event(BASE + one, batch=new.id) for one in range(3)]
    row = {name: getattr(new, name) for name in ("id", "content", "name", "format", "actor", "site")}
    row |= {"at": 1, "listings": 3, "refused": 0}
    told = [of_event(event_row(one, 1) | {"site": "b"}, "b") for one in events]
    take(store, [of_import(row, ImportNews.BEGIN, "b"), *told, of_import(row, ImportNews.DONE, "b")])
    broken = Imports(store)
    monkeypatch.setattr(broken, "_finish", killed)
    with pytest.raises(KeyboardInterrupt):
        broken.take_over(new.id)
    mine = Batch(str(uuid4()), "d" * 64, "two.csv", "csv", "me", datetime.now(UTC))
    done = Imports(store).load(mine, [make.event(BASE + one, batch=mine.id) for one in range(2)])
    now = datetime.now(UTC)
    assert {one.number for one in store.entries() if one.holds(now)} == {BASE, BASE + 1}
    settle(store)
    assert {one.number for one in store.entries() if one.holds(now)} == {BASE, BASE + 1, BASE + 2}
    Imports(store).undo(done.id, "me", now)
    assert {one.number for one in store.entries() if one.holds(now)} == {BASE, BASE + 1, BASE + 2}


def killed(*_values):
    raise KeyboardInterrupt


def test_facts_go_in_parcels_that_a_slow_line_carries(store):
    """Complaints of the longest text: all of them, each once."""
    made = [
        facts.Fact(uuid4(), facts.COMPLAINT, "", datetime.now(UTC), "cli", "me", BASE, {"text": "ż" * 4000})
        for _ in range(50)
    ]
    facts.record(store, made)
    sent = []
    while (parcel := next_parcel(store)) is not None:
        assert 0 < sum(len(one.body) for one in parcel.messages) < 800_000
        with store.writing() as connection:
            parcel.delivered(connection)
        sent += [one.event_id for one in parcel.messages]
    assert sent == [str(one.event_id) for one in made]


def next_parcel(store):
    with store.reading() as connection:
        waits = due(connection)
        return next_facts(connection, "a", 500, waits.last_fact) if waits.facts else None


def test_the_first_page_of_a_new_host_is_sealed_once(store, make):
    """Events and facts in the transaction that begins the chain: each row is of one link, and nothing is missed."""
    told = [of_event(event_row(make.event(BASE), 1) | {"site": "a"}, "a"), fact_message(facts.COMPLAINT)]
    with store.writing() as connection:
        taken = take_in(connection, told)
        store.seal(connection, EVENT, taken.events)
        store.seal(connection, FACT, taken.facts)
    assert (taken.events, taken.facts) == (1, 1)
    found = verify(store.path)
    assert (found.findings, found.rows, found.links) == ([], 2, 2)


def fact_message(kind):
    made = facts.Fact(uuid4(), kind, "", datetime.now(UTC), "letter", "me", BASE, {"text": "x"})
    row = {name: getattr(made, name) for name in ("kind", "subject", "source", "actor", "number")}
    row |= {"event_id": str(made.event_id), "site": "a", "recorded_at": 1, "at": 1, "body": "{}"}
    return of_row(row, "a")


def broken_off(store, make, numbers):
    """An import of this host that was killed in its middle."""
    new = Batch(str(uuid4()), uuid4().hex, "killed.csv", "csv", "me", datetime.now(UTC))

    def rows():
        yield from (make.event(number, batch=new.id) for number in numbers)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Imports(store).load(new, rows())


def test_an_import_that_broke_off_over_one_that_was_taken_back_is_no_fault_of_the_evidence(store, make, monkeypatch):
    """Its entries have taken the place of those that no longer hold; they count again when it is removed."""
    monkeypatch.setattr(imports, "_CHUNK", 1)
    first = Batch(str(uuid4()), "e" * 64, "one.csv", "csv", "me", datetime.now(UTC))
    done = Imports(store).load(first, [make.event(BASE + one, batch=first.id) for one in range(3)])
    Imports(store).undo(done.id, "me", datetime.now(UTC))
    broken_off(store, make, [BASE, BASE + 9])
    assert verify(store.path).findings == []
    with store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM entry WHERE number = ?", (BASE + 1,))
    assert [one.where for one in verify(store.path).findings] == [f"entry of +{BASE + 1}"]


def test_an_order_to_forget_does_not_wait_for_ever_for_an_import_that_broke_off(store, make, monkeypatch):
    """Nobody may ever import anything again here."""
    monkeypatch.setattr(imports, "_CHUNK", 1)
    told = make.event(BASE, reason="a story")
    store.record(told)
    broken_off(store, make, [BASE, BASE + 1])
    with store.writing() as connection:
        put_order(connection, str(uuid4()), BASE, "anna", to_micros(datetime.now(UTC)))
        state.put(connection, state.PUSHED, 10)
    settle(store)
    assert [one.reason for one in store.events(BASE)] == [FORGOTTEN]
    assert Imports(store).all() == []
