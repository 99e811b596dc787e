"""The list in a file is always the sum of its events, also with several writers."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import StoreError, StoreMissing
from models.store import Store
from models.suppression import ALL, Kind, ListEvent, fold

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 30).map(lambda minute: START + timedelta(minutes=minute, microseconds=minute))
events = st.builds(
    lambda kind, number, campaign, at, until, identity: ListEvent(
        UUID(int=identity), kind, number, campaign, at, f"r{identity}", "s", "", until if kind is Kind.ADD else None
    ),
    st.sampled_from(Kind),
    st.sampled_from([48601234567, 999_999_999_999_999]),
    st.sampled_from([ALL, "spring"]),
    moments,
    st.none() | moments,
    st.integers(0, 30),  # few: the same fact is often reported twice
)
slow_fixtures = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def sums(store):
    """What the events add up to, without the ids that the table gives."""
    found = {}
    for number in (48601234567, 999_999_999_999_999):
        for campaign in (ALL, "spring"):
            entry = fold(one for one in store.events(number) if one.campaign == campaign)
            if entry is not None:
                found[number, campaign] = entry
    return found


def listed(store):
    return {(entry.number, entry.campaign): replace(entry, id=0) for entry in store.entries()}


@given(st.lists(events, max_size=14))
@slow_fixtures
def test_the_list_is_always_the_sum_of_its_events(template, tmp_path, happened):
    path = Path(shutil.copy(template, tmp_path / f"{uuid4()}.db"))
    store = Store(path)
    seen = set()
    for event in happened:
        assert store.record(event).new == (event.event_id not in seen)
        seen.add(event.event_id)
        assert listed(store) == sums(store)
    first = {event.event_id: event for event in reversed(happened)}
    assert Counter(map(str, seen)) == Counter(
        str(e.event_id) for n in {48601234567, 999_999_999_999_999} for e in store.events(n)
    )
    stored = {e.event_id: replace(e, removes=()) for n in {e.number for e in happened} for e in store.events(n)}
    assert stored == first
    store.close()


def test_the_same_fact_reported_twice_is_one_event_and_one_entry(store, make):
    event = make.event()
    first, second = store.record(event), store.record(event)
    assert (first.new, second.new) == (True, False)
    assert first.entry == second.entry
    assert len(store.entries()) == len(store.events(make.PERSON)) == 1


def test_an_entry_keeps_its_number_when_it_is_listed_again(store, make):
    first = store.record(make.event()).entry
    store.record(make.event(kind=Kind.REMOVE))
    assert store.record(make.event(reason="again")).entry.id == first.id


def test_an_event_comes_back_as_it_was_recorded(store, make):
    event = make.event(actor="ann", evidence={"channel": "PJSIP/ä'\"-1", "digit": "9"}, expires_at=make.NOW + make.day)
    store.record(event)
    assert store.events(make.PERSON) == [event]


WRITER = """
import sys
from pathlib import Path
from uuid import UUID
from datetime import UTC, datetime
from models.store import Store
from models.suppression import Kind, ListEvent
path, start = Path(sys.argv[1]), int(sys.argv[2])
store = Store(path)
print("ready", flush=True)
sys.stdin.readline()
for n in range(start, start + 100):
    kind = Kind.REMOVE if n % 3 == 2 else Kind.ADD
    store.record(ListEvent(UUID(int=n), kind, 48601234567, "", datetime.now(UTC), f"event {n}", "test"))
"""


def test_two_processes_writing_at_once_lose_and_double_nothing(db, make):
    # the ranges overlap by 25: the same facts reported by two witnesses
    command = [sys.executable, "-c", WRITER, str(db)]
    writers = [
        subprocess.Popen([*command, str(start)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for start in (0, 75)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=50)
        assert writer.returncode == 0
    store = Store(db)
    assert sorted(event.event_id.int for event in store.events(make.PERSON)) == list(range(175))
    assert listed(store) == sums(store)
    store.close()


def test_two_threads_with_their_own_stores_lose_and_double_nothing(db, make):
    together = threading.Barrier(2)

    def write(first):
        store = Store(db)
        together.wait()
        for number in range(first, first + 100):
            kind = Kind.ADD if number % 2 else Kind.REMOVE
            store.record(make.event(event_id=UUID(int=number), kind=kind, at=make.NOW + timedelta(seconds=number)))
        store.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (0, 100)))
    store = Store(db)
    assert sorted(event.event_id.int for event in store.events(make.PERSON)) == list(range(200))
    assert listed(store) == sums(store)
    store.close()


def test_a_batch_of_evidence_is_written_whole_or_not_at_all(store, make):
    with pytest.raises(TypeError):
        store.write_checks([make.answer(), make.answer(at=make.NOW.replace(tzinfo=None))])
    assert store.checks() == []


def test_a_row_of_evidence_says_who_when_why_and_by_which_entry(store, make):
    store.write_checks([make.answer(campaign="spring")])
    row = store.checks(make.PERSON)[0]
    wanted = {"number": make.PERSON, "campaign": "spring", "verdict": "ALLOW", "reason": "not-listed", "via": "agi"}
    assert wanted.items() <= row.items()
    assert row["at"] == (make.NOW - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize("text", ["\0", "\udcff", "x" * 5000, "'; DROP TABLE entry; --", "😀"])
def test_whatever_a_telephone_sends_becomes_a_row_of_bounded_length(store, make, text):
    given = make.answer()
    asked = replace(given.question, dialled=text, campaign=text, caller=text, channel=text, uniqueid=text)
    decision = replace(given.decision, detail=text)
    store.write_checks([replace(given, question=asked, decision=decision)])
    assert all(len(value) <= 1000 for value in store.checks()[0].values() if isinstance(value, str))


@pytest.mark.parametrize("name", ["a?mode=memory", "100%41", "list #1", "ä b", "locked"])
def test_any_file_name_is_the_file_that_is_written_and_read(template, tmp_path, make, name):
    from models.policy import Listed
    from models.reader import Reader

    path = Path(shutil.copy(template, tmp_path / name))
    store, reader = Store(path), Reader(path)
    store.record(make.event())
    assert isinstance(reader.look_up(make.PERSON), Listed)
    reader.close()
    store.close()
    assert {file.name for file in tmp_path.iterdir()} == {name, f"{name}.key", f"{name}.checkpoint"}


def test_a_missing_file_is_not_created_in_passing(tmp_path):
    with pytest.raises(StoreMissing, match="concierge db upgrade"):
        Store(tmp_path / "absent.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("column", "value"), [("created_at", "'yesterday'"), ("expires_at", "9e18"), ("revoked_at", str(2**62))]
)
def test_a_row_edited_by_hand_is_named_and_is_no_crash(store, db, make, column, value):
    store.record(make.event())
    with sqlite3.connect(db) as connection:
        connection.execute(f"UPDATE entry SET {column} = {value}")  # noqa: S608
    connection.close()
    with pytest.raises(StoreError, match=r"entry 1 of the list has an unreadable time.*restore it from a backup"):
        store.entries()
