"""Two hosts and a feed beside a simple model of them: sets of facts, and a rule for what they add up to.

The hosts are the real store, imports, sync and readers; the feed's two tables stand in an SQLite file, so that a step
takes milliseconds. What the model says is written here a second time, without the code that it is compared with.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar
from uuid import NAMESPACE_OID, UUID, uuid5

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import IntegrityError

from concierge.lab.databases import memory
from models import building, snapshot
from models.contact import Question
from models.gate import Judge
from models.imports import AlreadyImported, Batch, Imports
from models.number import Site
from models.reader import Reader
from models.store import Store
from models.suppression import Kind, ListEvent
from models.sync.link import Doubled
from models.sync.settle import settle
from models.sync.worker import Pace, _Host
from models.tables import DONE, LOADING, UNDONE

STEM = 48_601_234_560  # valid numbers of the Polish plan
TOO_LONG = 486_012_345_601  # none: the exchange would ring 48601234560
NUMBERS = [*range(STEM, STEM + 10), TOO_LONG]
CAMPAIGNS = ("", "spring")
START = datetime(2026, 3, 1, tzinfo=UTC)
HOSTS = st.sampled_from("ab")
OFFSETS = {"a": timedelta(0), "b": timedelta(minutes=-10)}  # b's clock is wrong
KEYS = st.tuples(
    st.integers(0, 9),
    st.sampled_from([0, 0, 0, 0, 1, 4, 9]),
    st.sampled_from(CAMPAIGNS),
    st.sampled_from([False] * 3 + [True]),
).map(lambda one: (STEM + one[0], STEM + one[0] + one[1] if one[1] else 0, one[2], one[3]))
UNTIL = st.sampled_from([None, None, 2, 30])  # minutes
Key = tuple[int, int, str, bool]
_counted = count()


def identity() -> UUID:
    """The same in each run of a sequence, in no order."""
    return uuid5(NAMESPACE_OID, str(next(_counted)))


@dataclass
class Fact:
    """One event: a listing, or a removal of listings."""

    key: Key
    expires: datetime | None = None
    batch: str = ""
    removes: frozenset[UUID] | None = None


@dataclass
class Known:
    """What a host (or the feed) knows."""

    facts: dict[UUID, Fact] = field(default_factory=dict)
    batches: dict[str, str] = field(default_factory=dict)

    def live(self) -> dict[UUID, Fact]:
        """Listings that nobody has taken back."""
        removed = {one for fact in self.facts.values() for one in fact.removes or ()}
        standing = {one: fact for one, fact in self.facts.items() if fact.removes is None and one not in removed}
        return {one: fact for one, fact in standing.items() if self.batches.get(fact.batch, DONE) == DONE}

    def standing(self, key: Key) -> frozenset[UUID]:
        """What a removal takes back: listings of imports that were taken back too."""
        removed = {one for fact in self.facts.values() for one in fact.removes or ()}
        of_key = {one for one, fact in self.facts.items() if fact.key == key and fact.removes is None}
        return frozenset(of_key - removed)

    def refuses(self, number: int, campaign: str, at: datetime) -> bool:
        """The narrower of two ranges wins; a single listing always does."""
        asked = {number, number // 10} if number == TOO_LONG else {number}
        holding = set()
        for fact in self.live().values():
            first, last, scope, _ = fact.key
            about = first <= number <= last if last else first in asked
            if about and scope in ("", campaign) and (fact.expires is None or at < fact.expires):
                holding.add(fact.key)
        free = [key for key in holding if key[3]]
        return any(not key[3] and not any(_frees(one, key) for one in free) for key in holding)

    def take(self, other: Known) -> None:
        """Everything that the other knows; what was taken back anywhere is."""
        self.facts.update(other.facts)
        for name, state in other.batches.items():
            if self.batches.get(name) != UNDONE:
                self.batches[name] = state


def _end(key: Key) -> int:
    return key[1] or key[0]


def _frees(free: Key, stopping: Key) -> bool:
    widths = _end(free) - free[0], _end(stopping) - stopping[0]
    return 0 < widths[1] > widths[0] and stopping[0] <= free[0] and _end(free) <= _end(stopping)


class FileLink:
    """The feed, without a server."""

    def __init__(self, path: Path) -> None:
        self._engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
        self.access = SimpleNamespace(name="file")

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError as error:
            raise Doubled(str(error)) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection


class Host:
    """One host: its list, who answers from it, and the model of both."""

    contents: ClassVar[dict[str, str]] = {}  # of all imports ever

    def __init__(self, name: str, folder: Path, template: bytes) -> None:
        self.name = name
        self.path = folder / f"{name}.db"
        self.path.write_bytes(template)
        self.known = Known()
        self.backup: tuple[bytes, Known] | None = None
        self.open()

    def open(self) -> None:
        self.store = Store(self.path)
        self.plain, self.indexed = Reader(self.path), Reader(self.path, indexed=True)
        self.indexed.begin_index()()

    def close(self) -> None:
        self.plain.close()
        self.indexed.close()
        self.store.close()

    def record(self, fact: Fact, at: datetime) -> None:
        first, last, campaign, allow = fact.key
        kind = Kind.ADD if fact.removes is None else Kind.REMOVE
        name = identity()
        self.store.record(
            ListEvent(
                name, kind, first, campaign, at, "r", "s", expires_at=fact.expires, last=last or None, allow=allow
            )
        )
        self.known.facts[name] = fact

    def load(self, facts: list[Fact], at: datetime, *, content: str, broken: bool) -> None:
        new = Batch(str(identity()), content, "f", "csv", "u", at)
        written = {identity(): Fact(one.key, one.expires, new.id) for one in facts}

        def events() -> Iterator[ListEvent]:
            for name, (first, last, campaign, allow), until in (
                (name, one.key, one.expires) for name, one in written.items()
            ):
                yield ListEvent(
                    name, Kind.ADD, first, campaign, at, "r", "f", "", until, {}, last or None, allow, new.id
                )
            if broken:
                raise OSError("the file ends here")

        before = any(known == content and self.known.batches.get(name) == DONE for name, known in self.contents.items())
        try:
            Imports(self.store).load(new, events())
        except AlreadyImported:
            assert before
            return
        except OSError:
            assert broken
            return
        assert not broken
        assert not before
        self.known.facts |= written
        self.known.batches[new.id] = DONE
        self.contents[new.id] = content

    def sync(self, feed: Known, link: FileLink) -> None:
        host = _Host(self.store, link, self.name, Pace(rows=3), threading.Event())  # type: ignore[arg-type]
        while True:
            while not host._turn():
                pass
            if not settle(self.store):
                break
        feed.take(self.known)
        self.known.take(feed)

    def states(self) -> dict[str, str]:
        return {one.id: one.state for one in Imports(self.store).all() if one.state != LOADING}


class ListMachine(RuleBasedStateMachine):
    """Anything at any host in any order; after each step the answers of both readers are the model's."""

    template: bytes = b""
    checks = 0

    def __init__(self) -> None:
        super().__init__()
        logging.getLogger("concierge").setLevel(logging.CRITICAL)
        self.worth, building._WORTH = building._WORTH, 1
        self.folder = Path(tempfile.mkdtemp(prefix="concierge-model-", dir=memory()))
        self.now = START

    @initialize()
    def begin(self) -> None:
        global _counted
        _counted = count()
        Host.contents.clear()
        self.feed_path = self.folder / "feed.db"
        self.feed_path.write_bytes(self.template)
        self.feed, self.link = Known(), FileLink(self.feed_path)
        self.former_feed: tuple[bytes, Known] | None = None
        self.hosts = {name: Host(name, self.folder, self.template) for name in "ab"}

    def teardown(self) -> None:
        for host in getattr(self, "hosts", {}).values():
            host.close()
        shutil.rmtree(self.folder)
        building._WORTH = self.worth

    def clock(self, name: str) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now + OFFSETS[name]

    def _until(self, minutes: int | None) -> datetime | None:
        return None if minutes is None else self.now + timedelta(minutes=minutes)

    @rule(name=HOSTS, key=KEYS, minutes=UNTIL)
    def add(self, name: str, key: Key, minutes: int | None) -> None:
        self.hosts[name].record(Fact(key, self._until(minutes)), self.clock(name))

    @rule(name=HOSTS, data=st.data())
    def undo(self, name: str, data: st.DataObject) -> None:
        """Or the person agrees again: the same fact."""
        known = self.hosts[name].known
        keys = sorted({fact.key for fact in known.facts.values()})
        key = data.draw(st.sampled_from(keys)) if keys else data.draw(KEYS)
        self.hosts[name].record(Fact(key, removes=known.standing(key)), self.clock(name))

    @rule(minutes=st.sampled_from([1, 3, 31]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(
        name=HOSTS,
        rows=st.lists(st.tuples(KEYS, UNTIL), min_size=1, max_size=6),
        content=st.sampled_from(["x", "y", "new"]),
        broken=st.sampled_from([False, False, True]),
    )
    def load(self, name: str, rows: list[tuple[Key, int | None]], content: str, broken: bool) -> None:
        facts = [Fact(key, self._until(minutes)) for key, minutes in rows]
        content = str(identity()) if content == "new" else content
        self.hosts[name].load(facts, self.clock(name), content=content, broken=broken)

    @rule(name=HOSTS, data=st.data())
    def undo_import(self, name: str, data: st.DataObject) -> None:
        host = self.hosts[name]
        done = sorted(one for one, state in host.known.batches.items() if state == DONE)
        if done:
            chosen = data.draw(st.sampled_from(range(len(done))))
            host_done = [one.id for one in Imports(host.store).all() if one.state == DONE]
            assert sorted(host_done) == done
            Imports(host.store).undo(done[chosen], "u", self.clock(name))
            host.known.batches[done[chosen]] = UNDONE

    @rule(name=HOSTS)
    def sync(self, name: str) -> None:
        self.hosts[name].sync(self.feed, self.link)

    @rule()
    def all_sync(self) -> None:
        """Then all hosts are equal."""
        for name in "aba":
            self.hosts[name].sync(self.feed, self.link)
        one, other = self.hosts["a"], self.hosts["b"]
        assert one.known == other.known
        assert one.states() == other.states()
        found = [{event.event_id for event in host.store.events()} for host in (one, other)]
        assert found[0] == found[1] == set(one.known.facts)
        sums = [
            {
                (entry.key, entry.holds(self.now) and entry.expires_at)
                for entry in host.store.entries()
                if entry.holds(self.now)
            }
            for host in (one, other)
        ]
        assert sums[0] == sums[1]

    @rule(name=HOSTS, saved=st.booleans(), damaged=st.sampled_from([None, None, 30, 500, 4100, -3]))
    def crash(self, name: str, saved: bool, damaged: int | None) -> None:
        """Open again, from the last snapshot, a new one, or one that is damaged."""
        host = self.hosts[name]
        if saved:
            host.indexed.save()
        host.close()
        path = snapshot.path_of(host.path)
        if damaged is not None and path.exists():
            data = bytearray(path.read_bytes())
            data[damaged if damaged < len(data) else -1] ^= 4
            path.write_bytes(data)
        host.open()

    @rule(name=HOSTS)
    def back_up(self, name: str) -> None:
        host = self.hosts[name]
        with closing(sqlite3.connect(host.path)) as live, closing(sqlite3.connect(self.folder / "copy")) as copy:
            live.backup(copy)
        host.backup = (self.folder / "copy").read_bytes(), deepcopy(host.known)
        (self.folder / "copy").unlink()

    @rule(name=HOSTS, in_place=st.booleans())
    def put_back(self, name: str, in_place: bool) -> None:
        """The list as it was; its snapshot stays what it is."""
        host = self.hosts[name]
        if host.backup is None:
            return
        data, host.known = host.backup[0], deepcopy(host.backup[1])
        if in_place:
            (self.folder / "copy").write_bytes(data)
            with closing(sqlite3.connect(self.folder / "copy")) as copy, closing(sqlite3.connect(host.path)) as live:
                copy.backup(live)
            (self.folder / "copy").unlink()
            return
        host.close()
        for end in ("-wal", "-shm"):
            host.path.with_name(host.path.name + end).unlink(missing_ok=True)
        host.path.write_bytes(data)
        host.open()

    @rule()
    def back_up_feed(self) -> None:
        self.former_feed = self.feed_path.read_bytes(), deepcopy(self.feed)

    @rule()
    def put_feed_back(self) -> None:
        if self.former_feed is not None:
            self.feed_path.write_bytes(self.former_feed[0])
            self.feed = deepcopy(self.former_feed[1])

    @invariant()
    def answers_agree(self) -> None:
        for host in getattr(self, "hosts", {}).values():
            self._check(host)

    def _check(self, host: Host) -> None:
        judges = [Judge(reader, Site(country="PL")) for reader in (host.plain, host.indexed)]
        for number in NUMBERS:
            assert host.plain.know(number, self.now) == host.indexed.know(number, self.now)
            for campaign in CAMPAIGNS:
                answers = [judge.answer(Question(f"+{number}", campaign), self.now).decision for judge in judges]
                assert answers[0] == answers[1]
                assert answers[0].allowed is not host.known.refuses(number, campaign, self.now), (number, campaign)
                type(self).checks += 1
        for entry in host.store.entries() if host.indexed._index is not None else ():
            keys = host.indexed._index.keys(entry.number) if host.indexed._index is not None else []
            assert (entry.number, entry.last or 0) in keys
