"""Three hosts, each a process with a list of its own, and one feed: whatever fails, all lists are equal afterwards."""

import random
import signal
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from models.contact import Question
from models.gate import Judge
from models.imports import Batch, Imports
from models.number import Site
from models.policy import Reason
from models.reader import Reader
from models.rows import event_row
from models.store import Store
from models.suppression import Kind, ListEvent
from models.sync import outbox, state
from models.sync.contact import Age
from models.sync.feed import last_position, push
from models.sync.link import Access, Link
from models.sync.message import of_event
from models.sync.worker import Pace, _Host
from models.tables import feed_counter, feed_event, list_event

BASE = 48600000000


def reason_at(host, number):
    reader = Reader(host.path)
    try:
        return Judge(reader, Site(country="PL")).answer_patiently(Question(f"+{number}")).decision.reason
    finally:
        reader.close()


def holdings(host):
    """What a host holds: its events, and what they add up to; without what is each host's own."""
    with closing(host.open()) as store:
        entries = {(*e.key, e.reason, e.source, e.created_at, e.expires_at, e.revoked_at) for e in store.entries()}
        with store.reading() as connection:
            columns = [column for column in list_event.c if column.name not in ("seq", "site")]
            events = [tuple(row) for row in connection.execute(select(*columns).order_by(list_event.c.event_id))]
    return events, entries


def equal(hosts, count, seconds=20.0):
    """Wait until all hosts hold `count` events, and the same; returns them."""
    end = time.monotonic() + seconds
    while True:
        found = [holdings(host) for host in hosts]
        if len(found[0][0]) == count and all(one == found[0] for one in found):
            return found[0]
        if time.monotonic() > end:
            counts = [(host.site, len(one[0]), len(one[1])) for host, one in zip(hosts, found, strict=True)]
            pytest.fail(f"not equal, {count} wanted: {counts}\n" + "\n".join(host.log()[-1500:] for host in hosts))
        time.sleep(0.02)


def add(host, number, at=None):
    identity = str(uuid4())
    host.tell({"add": number, "id": identity, "at": time.time() if at is None else at})
    return identity


def remove(host, number, at=None):
    host.tell({"remove": number, "id": str(uuid4()), "at": time.time() if at is None else at})


def in_contact(host):
    age = Age(host.path, 60.0)
    return age.seconds() is not None and not age.facts().get("trouble")


@pytest.fixture
def three(hosts, on_postgresql, wait):
    found = hosts(on_postgresql, "a", "b", "c")
    wait.until_now(lambda: all(in_contact(host) for host in found), 15)
    return found


def test_an_entry_at_one_host_refuses_at_the_others_and_its_removal_allows(three, wait):
    add(three[0], BASE)
    for host in three:
        wait.until_now(lambda host=host: reason_at(host, BASE) is Reason.LISTED)
    remove(three[1], BASE)
    for host in three:
        wait.until_now(lambda host=host: reason_at(host, BASE) is Reason.NOT_LISTED)
    equal(three, 2)


def test_the_same_on_mariadb_also_after_its_restart(hosts, mariadb, on_mariadb, wait):
    found = hosts(on_mariadb, "a", "b", "c")
    wait.until_now(lambda: all(in_contact(host) for host in found), 15)
    add(found[0], BASE)
    for host in found:
        wait.until_now(lambda host=host: reason_at(host, BASE) is Reason.LISTED)
    mariadb.stop(signal.SIGKILL)
    for number, host in enumerate(found):
        add(host, BASE + 1 + number)
    mariadb.start()
    add(found[2], BASE + 9)
    equal(found, 5)


def test_while_the_server_is_stopped_each_host_goes_on_and_catches_up(three, postgresql, wait):
    postgresql.stop(signal.SIGINT)
    for number in range(30):
        add(three[number % 3], BASE + number)
    wait.until_now(lambda: reason_at(three[0], BASE) is Reason.LISTED)
    assert reason_at(three[1], BASE) is Reason.NOT_LISTED
    wait.until_now(lambda: all(Age(host.path, 1.0).stale() for host in three))
    postgresql.start()
    equal(three, 30)
    wait.until_now(lambda: not any(Age(host.path, 1.0).stale() for host in three))


def test_a_frozen_server_is_noticed_though_the_kernel_still_acknowledges(three, postgresql, wait):
    postgresql.freeze()
    try:
        add(three[0], BASE)
        wait.until_now(lambda: not any(in_contact(host) for host in three))
        assert reason_at(three[0], BASE) is Reason.LISTED
    finally:
        postgresql.thaw()
    equal(three, 1)


def test_a_server_that_is_killed_while_all_write_loses_and_doubles_nothing(three, postgresql):
    for number in range(60):
        add(three[number % 3], BASE + number)
        if number == 30:
            postgresql.stop(signal.SIGKILL)
    postgresql.start()
    equal(three, 60)


def test_a_feed_that_comes_back_from_an_older_backup_gets_everything_again(three, postgresql, on_postgresql):
    for number in range(10):
        add(three[number % 3], BASE + number)
    equal(three, 10)
    postgresql.stop(signal.SIGINT)
    postgresql.keep("backup")
    postgresql.start()
    for number in range(10, 25):
        add(three[number % 3], BASE + number)
    equal(three, 25)
    three[2].kill()  # what it alone had recorded must come from the others
    postgresql.stop(signal.SIGKILL)
    postgresql.put_back("backup")
    postgresql.start()
    add(three[0], BASE + 25)
    equal(three[:2], 26)
    link = Link(on_postgresql)
    try:
        end = time.monotonic() + 10
        while True:
            with link.transaction() as feed:
                rows = feed.execute(select(feed_event.c.position, feed_event.c.event_id, feed_event.c.site)).all()
            if len(rows) == 26:
                break
            assert time.monotonic() < end, len(rows)
            time.sleep(0.02)
    finally:
        link.close()
    assert sorted(row.position for row in rows) == list(range(1, 27))
    assert {row.site for row in rows} == {"a", "b", "c"}
    three[2].start()
    equal(three, 26)


def test_a_host_that_is_killed_at_random_points_of_200_writes_loses_and_doubles_nothing(three):
    """What its process had recorded, the others get; an event that it never recorded is told again with the same id."""
    choose = random.Random(20261122)
    victim = three[0]
    told = [{"add": BASE + number, "id": str(uuid4()), "at": time.time()} for number in range(200)]
    stops = set(choose.sample(range(10, 200), 6))
    for number, order in enumerate(told):
        victim.tell(order)
        if number % 10 == 0:
            add(three[1 + number // 10 % 2], BASE + 1000 + number)
        if number in stops:
            time.sleep(choose.random() * 0.05)  # where in its work it is hit
            victim.kill()
            victim.start()
            for earlier in told[: number + 1]:
                victim.tell(earlier)
    events, entries = equal(three, 220, 40)
    assert len({event[0] for event in events}) == len(entries) == 220


def test_a_host_whose_clock_is_ten_minutes_off_makes_no_difference(three, wait):
    """A removal takes back what its host knew, whatever the clocks say."""
    late, early = time.time() - 600, time.time() + 600
    add(three[0], BASE, at=early)
    for host in three:
        wait.until_now(lambda host=host: reason_at(host, BASE) is Reason.LISTED)
    remove(three[1], BASE, at=late)
    for host in three:
        wait.until_now(lambda host=host: reason_at(host, BASE) is Reason.NOT_LISTED)
    add(three[2], BASE, at=late)
    for host in three:
        wait.until_now(lambda host=host: reason_at(host, BASE) is Reason.LISTED)
    equal(three, 3)


def test_an_opt_out_that_a_removal_did_not_know_stays(hosts, on_postgresql, make):
    """Recorded at two hosts that had no contact: the wish of the person wins."""
    found = hosts(on_postgresql, "a", "b", start=False)
    for host, kinds in zip(found, ([Kind.ADD], [Kind.ADD, Kind.REMOVE]), strict=True):
        with closing(host.open()) as store:
            for kind in kinds:
                store.record(make.event(kind=kind))
        host.start()
    _, entries = equal(found, 3)
    assert [entry[-1] for entry in entries] == [None]


def batch_of(name):
    return Batch(str(uuid4()), name * 8, f"{name}.csv", "csv", "me", datetime.now(UTC))


def listings(make, new, numbers):
    return [make.event(number, batch=new.id, at=new.at, reason=new.name) for number in numbers]


def states(host):
    with closing(host.open()) as store:
        return [(one.id, one.state, one.listings, one.undone_at, one.undone_by) for one in Imports(store).all()]


def test_an_import_comes_and_goes_together_at_every_host(three, make, wait):
    first, second = batch_of("one"), batch_of("two")
    with closing(three[0].open()) as store:
        Imports(store).load(first, listings(make, first, range(BASE, BASE + 1200)))
    for host in three:
        wait.until_now(lambda host=host: reason_at(host, BASE + 1199) is Reason.LISTED, 20)
        assert reason_at(host, BASE) is Reason.LISTED
    with closing(three[1].open()) as store:
        Imports(store).load(second, listings(make, second, range(BASE + 1100, BASE + 1300)))
    equal(three, 1400)
    with closing(three[2].open()) as store:
        Imports(store).undo(first.id, "you", datetime.now(UTC))
    wait.until_now(lambda: len({str(states(host)) for host in three}) == 1 and "undone" in str(states(three[0])), 20)
    for host in three:
        wait.until_now(lambda host=host: reason_at(host, BASE) is Reason.NOT_LISTED)
        assert reason_at(host, BASE + 1150) is Reason.LISTED
    equal(three, 1400)


def test_an_import_of_another_host_is_not_taken_for_the_rest_of_a_killed_one(hosts, on_postgresql, make, wait):
    """An own import removes what a killed one has left; what is on its way from the feed stays."""
    found = hosts(on_postgresql, "a", "b")
    with closing(found[1].open()) as busy:
        own, of_a = batch_of("own"), batch_of("of-a")

        def slowly():
            yield from listings(make, own, range(BASE, BASE + 10))
            with closing(found[0].open()) as store:
                Imports(store).load(of_a, listings(make, of_a, range(BASE, BASE + 700)))
            wait.until_now(lambda: (of_a.id, "loading") in [one[:2] for one in states(found[1])])

        Imports(busy).load(own, slowly())
    equal(found, 710)
    assert {one[:2] for one in states(found[1])} == {(own.id, "done"), (of_a.id, "done")}


def test_a_process_without_a_feed_writes_and_the_host_hears_it(three, make, wait):
    """`concierge list add` is a process of its own, and wakes nobody."""
    with closing(Store(three[0].path)) as store:
        store.record(make.event())
    wait.until_now(lambda: reason_at(three[2], make.PERSON) is Reason.LISTED, 3)


def test_hosts_go_on_while_one_of_them_is_frozen_in_a_transaction(three, on_postgresql, wait):
    """The server ends its transaction, for it holds the counter."""
    link = Link(Access(on_postgresql.url))
    link._connection.exec_driver_sql("BEGIN")  # a host that stands still between two statements
    link._connection.exec_driver_sql("SELECT last FROM feed_counter FOR UPDATE")
    add(three[0], BASE)
    wait.until_now(lambda: reason_at(three[1], BASE) is Reason.LISTED, 10)
    with pytest.raises(DBAPIError, match="idle-in-transaction"):
        link._connection.exec_driver_sql("SELECT 1")
    link.close()


def test_what_cannot_be_read_here_stops_this_host_alone_and_nothing_before_it_is_lost(three, on_postgresql, wait):
    """An event that a later version has written: the host says so, and does not claim to know everything."""
    link = Link(on_postgresql)
    readable = of_event(event_row(opt_out(BASE), 1) | {"site": ""}, "d")
    with link.transaction() as feed:
        push(feed, [readable, replace(readable, event_id=str(uuid4()), version=99)])
    link.close()
    for host in three:
        wait.until_now(lambda host=host: "upgrade Concierge" in Age(host.path, 60).facts()["trouble"])
        assert reason_at(host, BASE) is Reason.LISTED
    wait.until_now(lambda: all(Age(host.path, 1.0).stale() for host in three))
    add(three[0], BASE + 1)  # its own go out all the same
    wait.until_now(lambda: pushed(on_postgresql) == 3)


def test_a_host_that_may_not_write_hears_the_others(hosts, on_postgresql, postgresql, wait):
    postgresql.psql("-c", "DROP ROLE IF EXISTS hears")
    postgresql.psql("-c", "CREATE ROLE hears LOGIN IN ROLE pg_read_all_data")
    deaf = Access(on_postgresql.url.set(username="hears"))
    found = [*hosts(on_postgresql, "a"), *hosts(deaf, "b")]
    add(found[1], BASE)
    add(found[0], BASE + 1)
    wait.until_now(lambda: reason_at(found[1], BASE + 1) is Reason.LISTED, 10)
    wait.until_now(lambda: "permission denied" in Age(found[1].path, 60).facts().get("trouble", ""))
    assert reason_at(found[1], BASE) is Reason.LISTED


def opt_out(number):
    return ListEvent(uuid4(), Kind.ADD, number, "", datetime.now(UTC), "asked", "test")


def pushed(access):
    link = Link(access)
    try:
        with link.reading() as feed:
            return last_position(feed)
    finally:
        link.close()


def test_what_was_pushed_before_it_was_read_is_pushed_again_when_the_feed_has_lost_it(hosts, on_postgresql, make):
    """A host that is far behind pushes first; then the feed comes back from a backup of what it has read, and less."""
    found = hosts(on_postgresql, "a", "b", start=False)
    link = Link(on_postgresql)
    try:
        with link.transaction() as feed:
            push(feed, [of_event(event_row(opt_out(BASE + one), 1) | {"site": ""}, "c") for one in range(3)])
        with closing(found[0].open()) as store:
            store.record(make.event(BASE + 10))
            turn = _Host(store, link, "a", Pace(), threading.Event())
            assert not turn._push_all()
            with link.transaction() as feed:
                kept = feed.execute(select(feed_event.c.chain).where(feed_event.c.position == 3)).scalar_one()
                feed.execute(delete(feed_event).where(feed_event.c.position > 3))
                feed.execute(update(feed_counter).values(last=3, chain=kept))
    finally:
        link.close()
    for host in found:
        host.start()
    equal(found, 4)


def test_an_import_that_the_feed_has_lost_in_its_middle_is_pushed_again(hosts, on_postgresql, make, wait):
    """The same for an import, which the feed has lost in its middle while others went on writing."""
    found = hosts(on_postgresql, "a", "b", start=False)
    new = batch_of("one")
    link = Link(on_postgresql)
    try:
        with link.transaction() as feed:
            push(feed, [of_event(event_row(opt_out(BASE + one), 1) | {"site": ""}, "c") for one in range(3)])
        with closing(found[0].open()) as store:
            Imports(store).load(new, listings(make, new, range(BASE + 100, BASE + 105)))
            turn = _Host(store, link, "a", Pace(rows=3), threading.Event())
            while turn._push(outbox.next_import):
                pass
            with link.transaction() as feed:
                kept = feed.execute(select(feed_event.c.chain).where(feed_event.c.position == 6)).scalar_one()
                feed.execute(delete(feed_event).where(feed_event.c.position > 6))
                feed.execute(update(feed_counter).values(last=6, chain=kept))
            with link.transaction() as feed:  # as many as were lost
                push(feed, [of_event(event_row(opt_out(BASE + 10 + one), 1) | {"site": ""}, "c") for one in range(9)])
    finally:
        link.close()
    for host in found:
        host.start()
    equal(found, 17)
    wait.until_now(lambda: [one[:2] for one in states(found[1])] == [(new.id, "done")], 10)


@pytest.mark.parametrize("meanwhile", ["nothing", "another wrote", "another past of the same length"])
def test_only_what_follows_what_was_read_counts_as_read_when_it_is_appended(hosts, on_postgresql, make, meanwhile):
    """A host need not read its own events again; but what stands between, or another past, is never passed over."""
    host = hosts(on_postgresql, "a", start=False)[0]
    link = Link(on_postgresql)
    try:
        with closing(host.open()) as store:
            turn = _Host(store, link, "a", Pace(), threading.Event())
            store.record(make.event(BASE))
            assert turn._turn()
            assert position(store) == 1
            with link.transaction() as feed:
                if meanwhile == "another past of the same length":
                    feed.execute(delete(feed_event))
                    feed.execute(update(feed_counter).values(last=0, chain=""))
                if meanwhile != "nothing":
                    push(feed, [of_event(event_row(opt_out(BASE + 1), 1) | {"site": ""}, "c")])
            store.record(make.event(BASE + 2))
            assert not turn._push_all()
            assert position(store) == (2 if meanwhile == "nothing" else 1)
            while not turn._turn():
                pass
            assert {one.number for one in store.events()} >= {BASE, BASE + 2} | (
                set() if meanwhile == "nothing" else {BASE + 1}
            )
            assert pushed(on_postgresql) == {"nothing": 2, "another wrote": 3}.get(meanwhile, 3)
    finally:
        link.close()


def position(store):
    with store.reading() as connection:
        return state.position(connection).number


def test_a_host_that_writes_without_a_pause_reads_what_others_wrote_before(hosts, on_postgresql, make):
    """Its own event does not follow what it has read: it looks, whether or not anybody has told it."""
    host = hosts(on_postgresql, "a", start=False)[0]
    link = Link(on_postgresql)
    try:
        with closing(host.open()) as store:
            turn = _Host(store, link, "a", Pace(poll=1000), threading.Event())
            assert turn._turn()
            with link.transaction() as feed:
                push(feed, [of_event(event_row(opt_out(BASE), 1) | {"site": ""}, "c")])
            assert turn._turn()
            assert not store.entries(BASE)
            store.record(make.event(BASE + 1))
            turn._turn()
            assert store.entries(BASE)
    finally:
        link.close()
