"""A person who asks one site to be forgotten is forgotten by all, and by the feed."""

import json
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, update

from concierge.feed import erase, verify
from models import facts
from models.access import accesses
from models.caps import Contact, State
from models.consent import Act, ConsentEvent
from models.contacts import row_of
from models.errors import StoreWaiting
from models.forgetting import FORGET, FORGOTTEN, bare_bodies
from models.retention import Purge
from models.sync import state
from models.sync.link import Link
from models.tables import contact, feed_event

NUMBER, OTHER = 48601234567, 48601234568
STORY = {"reason": "Kowalski shouted", "source": "letter", "actor": "anna"}


def now():
    return datetime.now(UTC)


def reasons(host):
    with closing(host.open()) as store:
        return sorted((str(one.event_id), one.reason, one.actor) for one in store.events(NUMBER))


def checks(host):
    with closing(host.open()) as store:
        return len(store.checks(NUMBER))


def record(host, *events):
    with closing(host.open()) as store:
        for event in events:
            store.record(event)


def forget(host, wait):
    """As soon as the other sites have everything."""
    done = []

    def tried():
        with closing(host.open()) as store:
            try:
                done.append(Purge(store, "anna", shared=True).forget(NUMBER))
            except StoreWaiting:
                return False
        return True

    wait.until_now(tried, 20)
    return done[0]


def all_bare(hosts, count):
    found = [reasons(host) for host in hosts]
    return all(one == found[0] and len(one) == count for one in found) and {one[1] for one in found[0]} <= {FORGOTTEN}


@pytest.fixture
def three(on_postgresql, hosts):
    return hosts(on_postgresql, "a", "b", "c")


def test_every_site_forgets_its_own_rows_and_those_that_come_later_but_not_what_happens_later(three, make, wait):
    record(three[0], make.event(NUMBER, at=now(), **STORY))
    with closing(three[1].open()) as store:
        store.write_checks([make.answer(NUMBER, at=now()), make.answer(OTHER, at=now())])
    wait.until_now(lambda: all(len(reasons(host)) == 1 for host in three), 20)
    three[2].kill()
    record(three[2], make.event(NUMBER, "spring", at=now(), **STORY))  # which no other site has heard of yet
    assert forget(three[0], wait).events == 1
    wait.until_now(lambda: all_bare(three[:2], 1) and checks(three[1]) == 0, 20)
    record(three[1], make.event(NUMBER, "autumn", at=now(), **STORY))
    three[2].start()
    wait.until_now(lambda: all(len(reasons(host)) == 3 and reasons(host) == reasons(three[0]) for host in three), 20)
    wait.until_now(lambda: sum(one[1] == FORGOTTEN for one in reasons(three[0])) == 2, 20)
    wait.until_now(lambda: reasons(three[0]) == reasons(three[1]) == reasons(three[2]), 20)
    with closing(three[1].open()) as store:
        assert len(store.checks(OTHER)) == 1
        assert sorted(one.campaign for one in store.entries(NUMBER) if one.holds(now())) == ["", "autumn", "spring"]
        said = [(one.who, one.via, one.action, one.number) for one in accesses(store)]
        assert ("anna", "feed", "forget", None) in said and str(NUMBER) not in str(said)


def fill(host, make):
    """What a host knows of a person: listings that hold and that ended, consents, a contact."""
    record(host, make.event(NUMBER, at=now(), **STORY), make.event(NUMBER, "spring", at=now(), **STORY))
    ended = make.event(NUMBER, "spring", at=now(), kind=make.event().kind.REMOVE, **STORY)
    record(host, ended, make.event(OTHER, at=now(), reason="stays", source="letter"))
    with closing(host.open()) as store:
        for act in (Act.GRANT, Act.WITHDRAW):
            one = ConsentEvent(uuid4(), act, NUMBER, now(), "form", "cards", "call", "Kowalski signed", "anna")
            facts.record(store, [facts.fact_of(one)])
        body = {"text": "Kowalski complains"}
        facts.record(store, [facts.Fact(uuid4(), facts.COMPLAINT, "", now(), "cli", "anna", NUMBER, body)])


def held(host):
    with closing(host.open()) as store:
        found = facts.read(store, *facts.CONSENTS, facts.COMPLAINT)
        return (
            sorted((str(one.event_id), one.reason, one.actor) for one in store.events()),
            sorted((*one.key, one.holds(now())) for one in store.entries()),
            sorted((str(one.event_id), one.kind, str(dict(one.body)), one.actor) for one in found),
        )


def position(host):
    with closing(host.open()) as store, store.reading() as connection:
        return state.position(connection).number


def in_feed(access):
    with closing(Link(access)) as link, link.transaction() as feed:
        return [dict(row._mapping) for row in feed.execute(select(feed_event).order_by(feed_event.c.position))]


def test_the_owner_erases_the_feed_and_a_new_host_learns_what_the_others_hold(access, hosts, make, wait):
    one = hosts(access, "a")[0]
    fill(one, make)
    wait.until_now(lambda: len(in_feed(access)) == 7, 20)
    assert erase(access, dry=False).orders == 0, "nobody has asked"
    made = Contact(str(uuid4()), NUMBER, now(), "spring", state=State.CONVERSATION, site="a")
    with closing(Link(access)) as link, link.transaction() as feed:
        columns = {column.name: "" for column in contact.c if column.name != "seq"}
        feed.execute(insert(contact).values(columns | row_of(made)))
    forget(one, wait)
    wait.until_now(lambda: len(in_feed(access)) == 8, 20)
    before = in_feed(access)
    assert (found := erase(access, dry=True)).rows == 6 and found.contacts == 1 and in_feed(access) == before
    assert erase(access, dry=False) == found
    assert erase(access, dry=False).rows == 0, "done again, there is nothing left"
    after = in_feed(access)
    assert "Kowalski" not in json.dumps(after) and "stays" in json.dumps(after)
    assert [row["chain"] for row in after] == [row["chain"] for row in before]
    told = verify(access)
    assert (told.count, told.broken, told.erased) == (8, [], 6)
    other = hosts(access, "b")[0]
    wait.until_now(lambda: held(other) == held(one), 20)
    assert "Kowalski" not in str(held(other))
    record(other, make.event(NUMBER, "later", at=now(), **STORY))
    wait.until_now(lambda: held(other) == held(one) and len(held(one)[0]) == 3, 20)


def test_a_bare_row_that_no_order_covers_is_found(access, hosts, make, wait):
    one = hosts(access, "a")[0]
    fill(one, make)
    wait.until_now(lambda: len(in_feed(access)) == 7, 20)
    forget(one, wait)
    wait.until_now(lambda: len(in_feed(access)) == 8, 20)
    rows = in_feed(access)
    order = next(row for row in rows if json.loads(row["body"]).get("fact") == FORGET)
    other = next(row for row in rows if row["number"] == OTHER)
    bare = bare_bodies([other], OTHER, order["event_id"])[other["position"]][1]
    with closing(Link(access)) as link, link.transaction() as feed:
        feed.execute(update(feed_event).where(feed_event.c.position == other["position"]).values(body=bare))
    assert verify(access).broken == [other["position"]]


def test_a_feed_that_is_read_again_brings_nothing_back(three, on_postgresql, make, wait):
    fill(three[0], make)
    wait.until_now(lambda: held(three[1]) == held(three[0]) and len(held(three[1])[0]) == 4, 20)
    forget(three[0], wait)
    wait.until_now(lambda: held(three[1]) == held(three[0]) and "Kowalski" not in str(held(three[1])), 20)
    wait.until_now(lambda: len(in_feed(on_postgresql)) == 8 and {position(host) for host in three} == {8}, 20)
    rows = in_feed(on_postgresql)
    with closing(Link(on_postgresql)) as link, link.transaction() as feed:  # the feed has another past from here on
        feed.execute(update(feed_event).where(feed_event.c.position == len(rows)).values(chain="0" * 64))
    record(three[0], make.event(OTHER, "again", at=now(), reason="stays", source="letter"))
    wait.until_now(lambda: all("again" in str(held(host)[1]) for host in three), 20)
    wait.until_now(lambda: all("Kowalski" not in str(held(host)) for host in three), 20)
    wait.until_now(lambda: held(three[0]) == held(three[1]) == held(three[2]), 20)
    assert all("sync=restored" in host.log() for host in three[1:])  # the first one reads its own row no more
