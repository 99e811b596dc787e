"""Whatever is killed in its middle, and whoever forgets, purges or takes back at the same time: afterwards all hosts
refuse the same numbers, the evidence of each is whole, and nobody who was forgotten has a story.

`CONCIERGE_ROUNDS=200 pytest tests/models/sync/test_killed.py` is the attack, `-k mariadb` on one engine; the suite has
one round of each.
"""

import json
import os
import random
import signal
import time
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import select

from models.errors import StoreError
from models.evidence.verify import verify
from models.forgetting import FORGET
from models.imports import Batch, Imports
from models.reader import Reader
from models.retention import Cutoffs, Purge
from models.suppression import Kind, ListEvent
from models.sync import outbox, state
from models.tables import batch, fact, list_event

ROUNDS = int(os.environ.get("CONCIERGE_ROUNDS", "1"))
SEED = int(os.environ.get("CONCIERGE_SEED", "1"))
BASE, MANY = 48600000000, 12
STEPS = 25 if ROUNDS > 1 else 14
STORY = "Kowalski shouted"


def now():
    return datetime.now(UTC)


def event(kind, number, campaign="", **more):
    return ListEvent(uuid4(), kind, number, campaign, now(), STORY, "letter", "anna", **more)


def listed(store, chance):
    store.record(event(Kind.ADD, BASE + chance.randrange(MANY), chance.choice(["", "spring"])))


def removed(store, chance):
    store.record(event(Kind.REMOVE, BASE + chance.randrange(MANY), chance.choice(["", "spring"])))


def imported(store, chance):
    new = Batch(str(uuid4()), uuid4().hex, "x.csv", "csv", "anna", now())
    numbers = [BASE + chance.randrange(MANY), *(BASE + 1000 + one for one in range(chance.randrange(5, 700)))]
    Imports(store).load(new, (event(Kind.ADD, number, batch=new.id) for number in numbers))


def undone(store, chance):
    with store.reading() as connection:
        known = list(connection.execute(select(batch.c.id).where(batch.c.state == "done")).scalars())
    if known:
        Imports(store).undo(chance.choice(known), "anna", now())


def purged(store, chance):
    Purge(store, "anna", shared=True).run(Cutoffs(ended=now(), checks=now()))


def forgotten(store, chance):
    Purge(store, "anna", shared=True).forget(BASE + chance.randrange(MANY))


DEEDS = [listed, listed, removed, imported, undone, purged, forgotten, forgotten]


def do(host, deed, seed, most):
    """In a process of its own; one that lasts longer than `most` seconds is killed in its middle."""
    child = os.fork()
    if child == 0:
        try:
            with closing(host.open()) as store:
                deed(store, random.Random(seed))
        except StoreError:
            pass
        finally:
            os._exit(0)
    end = time.monotonic() + most
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return
        time.sleep(0.0005)


def summed(host):
    """What a host refuses, and what it still has to do."""
    with closing(host.open()) as store:
        holding = sorted((*one.key, one.expires_at) for one in store.entries() if one.holds(now()))
        with store.reading() as connection:
            where = state.position(connection).number
            waits = outbox.waiting(connection) + len(state.with_prefix(connection, "forget "))
            waits += len(state.with_prefix(connection, "undo ")) + len(state.with_prefix(connection, "refold "))
            loading = connection.execute(select(batch.c.id).where(batch.c.state == "loading", batch.c.site != "")).all()
    return holding, where, waits + len(loading)


def untold(host):
    """Rows with a story that were recorded before their person was forgotten."""
    with closing(host.open()) as store, store.reading() as connection:
        orders = {}
        for row in connection.execute(select(fact).where(fact.c.kind == FORGET)):
            orders[row.number] = max(row.at, orders.get(row.number, 0))
        rows = connection.execute(select(list_event).where(list_event.c.reason == STORY)).all()
    return [(row.number, row.kind, row.event_id) for row in rows if row.recorded_at <= orders.get(row.number, -1)]


def healed(hosts, seconds=40.0):
    end = time.monotonic() + seconds
    while True:
        found = [summed(host) for host in hosts]
        if all(one == found[0] and one[2] == 0 for one in found) and not any(map(untold, hosts)):
            return
        if time.monotonic() > end:
            logs = "\n".join(host.log()[-1200:] for host in hosts)
            differing = set(found[0][0]) ^ set(found[1][0])
            stories = [untold(host) for host in hosts]
            pytest.fail(f"not equal: {[one[1:] for one in found]} {differing} {stories}\n{logs}")
        time.sleep(0.05)


def indexed(host):
    """The index, from whatever snapshot was left, misses nobody."""
    reader = Reader(host.path, indexed=True)
    try:
        reader.begin_index()()
        with closing(host.open()) as store:
            entries = [one for one in store.entries() if one.holds(now())]
        return [one.number for one in entries if not reader.know(one.number, now()).entries]
    finally:
        reader.close()


@pytest.mark.parametrize("number", range(ROUNDS))
def test_two_hosts_that_undo_purge_forget_and_are_killed_end_equal(access, hosts, number):
    seed = SEED * 1000 + number
    chance = random.Random(seed)
    found = hosts(access, "a", "b")
    for _ in range(STEPS):
        host = chance.choice(found)
        if chance.random() < 0.2:
            host.kill()
            if chance.random() < 0.7:
                host.start()
            continue
        if not host.pid and chance.random() < 0.5:
            host.start()
        do(host, chance.choice(DEEDS), chance.random(), chance.choice([0.02, 0.06, 0.2, 5.0, 5.0]))
    for host in found:
        if not host.pid:
            host.start()
    try:
        healed(found)
        for host in found:
            assert verify(host.path).findings == [], (host.site, json.dumps(seed))
            assert indexed(host) == []
    except BaseException:
        print("seed", seed)
        raise
