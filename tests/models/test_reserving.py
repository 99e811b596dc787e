"""Caps under fire on one file: processes that take at once, kill -9, the same channel asking again, and how it ends."""

import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from models import facts
from models.campaign import Campaign
from models.caps import Cap, State
from models.cases import Asked, Cases, case_of
from models.reader import Reader
from models.reserving import Full, Reserver, Taken, Terms, Unsure, share_of
from models.rules import Case, Demand, Lead
from models.store import Store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
N = 48601234567
SPAWN = multiprocessing.get_context("spawn")


def case(number=N, *caps, lead=Lead(), name="spring"):  # noqa: B008
    campaign = Campaign(name, consent="not-needed", caps=caps or (Cap(limit=3),))
    return Case(name, campaign, number, zones=("Europe/Warsaw",), lead=lead)


@pytest.fixture
def reserver(db):
    with closing(Reserver(db)) as found:
        yield found


def states(db):
    with closing(Store(db)) as store, store.reading() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT state FROM contact ORDER BY seq")]


def test_as_many_as_the_cap_allows_and_no_more(reserver):
    found = [reserver.take(case(), NOW + timedelta(seconds=one)) for one in range(5)]
    assert [type(one) for one in found] == [Taken, Taken, Taken, Full, Full]
    assert found[3].next_at == NOW + timedelta(minutes=2)  # the first reservation is over if nobody settles it
    assert found[3].step.detail.startswith("3 attempt(s) per number and 24h, campaign: 3 reached")


def test_what_was_not_dialled_does_not_count(reserver, db):
    for one in range(3):
        reserver.take(case(), NOW, uniqueid=f"1.{one}")
    assert isinstance(reserver.take(case(), NOW), Full)
    assert len(reserver.settle("1.1", {State.RESERVED: State.RELEASED})) == 1
    assert isinstance(reserver.take(case(), NOW), Taken)
    assert states(db) == ["reserved", "released", "reserved", "reserved"]


def test_channels_without_a_contact_of_ours_wait_for_nobody(reserver, db):
    reserver.take(case(), NOW, uniqueid="1.1")
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert reserver.settle_all([(f"2.{one}", {State.RESERVED: State.DIALLING}) for one in range(1200)]) == []
        other.execute("ROLLBACK")
    steps = [("1.1", {State.RESERVED: State.DIALLING}), ("2.1", {}), ("1.1", {State.DIALLING: State.ATTEMPT})]
    assert len(reserver.settle_all(steps)) == 2
    assert states(db) == ["attempt"]


def test_a_conversation_is_what_was_answered(reserver, db):
    reserver.take(case(), NOW, uniqueid="1.1")
    for ways in (
        {State.RESERVED: State.DIALLING},
        {State.DIALLING: State.CONVERSATION},
        {State.RESERVED: State.RELEASED, State.DIALLING: State.ATTEMPT},
    ):
        reserver.settle("1.1", ways)
    assert states(db) == ["conversation"]
    once = case(N, Cap(kind="conversation", window="7d", limit=1))
    found = reserver.take(once, NOW + timedelta(days=1))
    assert isinstance(found, Full)
    assert found.next_at == NOW + timedelta(days=7)


def test_a_reservation_that_nobody_settles_is_over_after_its_time(db):
    with closing(Reserver(db, Terms(seconds=30))) as reserver:
        only = case(N, Cap(limit=1))
        assert isinstance(reserver.take(only, NOW), Taken)
        assert isinstance(reserver.take(only, NOW + timedelta(seconds=29)), Full)
        assert isinstance(reserver.take(only, NOW + timedelta(seconds=30)), Taken)


def test_where_nobody_settles_it_counts_as_an_attempt_at_once(db):
    with closing(Reserver(db, Terms(seconds=30))) as reserver:
        only = case(N, Cap(limit=1))
        assert isinstance(reserver.take(only, NOW, settled=False), Taken)
        assert isinstance(reserver.take(only, NOW + timedelta(hours=23)), Full)


def test_the_same_channel_asking_again_is_no_second_contact(reserver, db):
    only = case(N, Cap(limit=1))
    assert isinstance(reserver.take(only, NOW, uniqueid="1.1"), Taken)
    assert isinstance(reserver.take(only, NOW, uniqueid="1.1"), Taken)
    assert isinstance(reserver.take(only, NOW, uniqueid="1.2"), Full)
    assert len(states(db)) == 1
    reserver.settle("1.1", {State.RESERVED: State.DIALLING})
    assert isinstance(reserver.take(only, NOW, uniqueid="1.1"), Full)  # a second call on it is one


def test_a_person_is_one_whatever_the_number(reserver):
    once = Cap(key="person", limit=1)
    assert isinstance(reserver.take(case(N, once, lead=Lead(person="17")), NOW), Taken)
    assert isinstance(reserver.take(case(N + 1, once, lead=Lead(person="17")), NOW), Full)
    assert isinstance(reserver.take(case(N + 1, once, lead=Lead(person="18")), NOW), Taken)


def test_what_was_taken_is_what_a_check_sees(reserver, db):
    campaign = Campaign("spring", consent="not-needed", caps=(Cap(limit=2),))
    with closing(Store(db)) as store:
        facts.record(store, [facts.campaign_fact(uuid4(), campaign, NOW, "test")])
    reader = Reader(db)
    cases = Cases(reader)
    found = cases.of(Asked("Spring", N, Lead()), NOW)
    assert found.contacts == ()
    made = reserver.take(found, NOW, consent=4, uniqueid="1.1").contact
    assert cases.of(Asked("spring", N, Lead()), NOW).contacts == (made,)
    reader.close()


def test_a_file_that_cannot_be_written_is_no_permission(db, tmp_path):
    with closing(Reserver(tmp_path / "none.db")) as reserver:
        assert isinstance(reserver.take(case(), NOW), Unsure)
    db.write_bytes(b"no database" * 1000)
    with closing(Reserver(db)) as reserver:
        assert isinstance(reserver.take(case(), NOW), Unsure)


def test_a_share_is_never_more_than_a_sites_part():
    assert [share_of(Cap(limit=7, share=share), 3) for share in (0, 1, 2, 3, 7)] == [0, 1, 2, 2, 2]


# --- processes ---------------------------------------------------------------------------------------------------


def _fire(path, seed, count, limit, queue):
    choose, taken = random.Random(seed), []
    with closing(Reserver(path, Terms(site=f"s{seed % 3}"))) as reserver:
        for _ in range(count):
            number = N + choose.randrange(20)
            found = reserver.take(case(number, Cap(limit=limit, scope="all")), NOW)
            assert not isinstance(found, Unsure), found
            if isinstance(found, Taken):
                taken.append(number)
    queue.put(taken)


def test_processes_that_take_at_once_never_take_one_too_many(db):
    queue = SPAWN.Queue()
    processes = [SPAWN.Process(target=_fire, args=(db, seed, 60, 3, queue)) for seed in range(3)]
    for process in processes:
        process.start()
    taken = Counter(number for _ in processes for number in queue.get(timeout=60))
    for process in processes:
        process.join(10)
        assert process.exitcode == 0
    assert max(taken.values()) == 3
    assert len(states(db)) == sum(taken.values())


def _take_and_hang(path, ready):
    with closing(Reserver(path, Terms(seconds=30))) as reserver:
        assert isinstance(reserver.take(case(N, Cap(limit=1)), NOW), Taken)
        ready.set()
        time.sleep(60)


def test_after_kill_9_the_reservation_expires(db):
    ready = SPAWN.Event()
    process = SPAWN.Process(target=_take_and_hang, args=(db, ready))
    process.start()
    assert ready.wait(30)
    os.kill(process.pid, signal.SIGKILL)
    process.join(10)
    with closing(Reserver(db)) as reserver:
        assert isinstance(reserver.take(case(N, Cap(limit=1)), NOW + timedelta(seconds=29)), Full)
        assert isinstance(reserver.take(case(N, Cap(limit=1)), NOW + timedelta(seconds=30)), Taken)


def test_names_of_caps_do_not_matter(reserver):
    one = case(N, replace(Cap(limit=1), name="a"))
    assert isinstance(reserver.take(one, NOW), Taken)
    assert "a: 1 reached" in reserver.take(one, NOW).step.detail


@pytest.mark.parametrize("window", ["24h", "day"])
@pytest.mark.parametrize("later", [0.001, 3600])
def test_a_contact_from_a_clock_ahead_counts(reserver, window, later):
    """Another process that asked a moment later and was first; a clock that was set back."""
    limit = case(N, Cap(window=window, limit=1))
    assert isinstance(reserver.take(limit, NOW + timedelta(seconds=later)), Taken)
    assert isinstance(reserver.take(limit, NOW), Full)


@pytest.mark.parametrize("other", [case(name="summer"), case(lead=Lead(matter="debt 7")), case(lead=Lead(person="5"))])
def test_the_same_channel_asking_for_something_else_is_another_contact(reserver, db, other):
    for one in (case(), other, case(), other):
        assert isinstance(reserver.take(one, NOW, uniqueid="1.1"), Taken)
    assert states(db) == ["reserved", "reserved"]
    reserver.settle("1.1", {State.RESERVED: State.DIALLING})
    assert states(db) == ["dialling", "dialling"]


def test_a_key_of_a_person_that_no_database_takes_becomes_one_that_all_do():
    """PostgreSQL has no NUL in a text, and no site's contacts would be told any more."""
    campaign = Campaign("spring", caps=(Cap(key="person"),))
    found = case_of(
        Asked("spring", N, Lead(person="a\0b", matter="x\udcff" + "y" * 200, zone="Europe/Warsaw")), campaign, Demand()
    )
    assert (found.lead.person, found.lead.matter, found.lead.zone) == ("a?b", "x?" + "y" * 98, "Europe/Warsaw")


def test_a_list_that_was_put_back_while_calls_are_answered_has_its_own_campaigns(db, template, tmp_path):
    """Its rows may have the numbers of others that were read before."""

    def put(path, state):
        with closing(Store(path)) as store:
            facts.record(store, [facts.campaign_fact(uuid4(), Campaign("spring", state=state), NOW, "anna")])

    put(db, "active")
    with closing(Reader(db, indexed=True)) as reader:
        cases = Cases(reader)
        assert cases.defined("spring").state == "active"
        other = shutil.copy(template, tmp_path / "other.db")
        put(other, "paused")
        for end in ("-wal", "-shm"):
            db.with_name(db.name + end).unlink(missing_ok=True)
        other.replace(db)
        assert cases.of(Asked("spring", N, Lead()), NOW).campaign.state == "paused"
