"""Keeps this host's list and the feed the same, in a thread with its own database connection."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import select
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from models.backoff import delay
from models.errors import FeedError, StoreBusy, StoreError, StoreWaiting
from models.evidence.sources import EVENT, FACT
from models.store import Store
from models.sync import facts, hosts, outbox, state
from models.sync.contact import Contact
from models.sync.due import due, pass_over
from models.sync.feed import Position, following, last_of, pull, push
from models.sync.inbox import take_in
from models.sync.link import Access, Doubled, Link
from models.sync.message import Message, Unreadable
from models.sync.settle import settle

log = logging.getLogger("concierge.sync")

_STABLE = 5.0  # seconds after which a lost link is no failure in a row


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. `poll`: between two looks at the feed when nothing wakes; `look`: at what other processes write."""

    poll: float = 0.5
    look: float = 0.1
    first: float = 0.1
    longest: float = 3.0
    rows: int = 500


class Sync:
    """One host's side. `start`, `wake` after own writes, `stop`."""

    def __init__(self, path: Path, access: Access, site: str, pace: Pace | None = None) -> None:
        """`site`: the name under which this host's events go to the feed."""
        self._path = path
        self._access = access
        self._site = site
        self._pace = pace or Pace()
        self._contact = Contact(path, site, access.name)
        self._wake_in, self._wake_out = os.pipe()
        os.set_blocking(self._wake_in, False)
        os.set_blocking(self._wake_out, False)
        self._stopping = threading.Event()
        self._settling = threading.Event()
        self._threads = [
            threading.Thread(target=self._guarded, args=(self._run,), name="sync", daemon=True),
            threading.Thread(target=self._guarded, args=(self._settle,), name="sync-imports", daemon=True),
        ]
        self._trouble = ""

    def start(self) -> None:
        """Begin, whatever state the feed is in."""
        self._settling.set()
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There is something to push. From any thread; costs a system call."""
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._wake_out, b"\0")

    def stop(self) -> None:
        """Blocks until the step under way has ended, or its time is over."""
        self._stopping.set()
        self._settling.set()
        self.wake()
        for thread in self._threads:
            thread.join(10 + 4 * self._access.timeout)
        if not any(thread.is_alive() for thread in self._threads):
            os.close(self._wake_in)
            os.close(self._wake_out)

    def _guarded(self, work: Callable[[], None]) -> None:
        """The thread's top: our bug ends this attempt, not the link for ever."""
        while not self._stopping.is_set():
            try:
                work()
            except Exception:
                log.exception("sync=failed why=our bug; please report these lines")
                self._note("our bug; see the log")
            self._stopping.wait(self._pace.longest)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._connected()
            except (StoreError, Unreadable, sqlite3.Error, OSError) as error:
                failures = failures + 1 if time.monotonic() - began < _STABLE else 0
                self._note(str(error))
                self._pause(delay(self._pace.first, self._pace.longest, failures, random.random()))  # noqa: S311

    def _connected(self) -> None:
        """Until something is wrong."""
        store = Store(self._path, durable=False)  # what a power cut takes back is pulled and pushed again
        try:
            link = Link(self._access)
            try:
                _Host(store, link, self._site, self._pace, self._settling).work(
                    self._wake_in, self._stopping, self._good
                )
            finally:
                link.close()
        finally:
            store.close()

    def _good(self) -> None:
        """The feed was read to its end."""
        if self._trouble:
            log.warning("sync=back feed=%s", self._access.name)
        self._trouble = ""
        self._contact.made()

    def _note(self, why: str) -> None:
        if why != self._trouble:
            log.warning("sync=lost why=%s", why)
        self._trouble = why
        with contextlib.suppress(OSError):
            self._contact.failed(why)

    def _pause(self, seconds: float) -> None:
        """What is written meanwhile stays in the outbox."""
        self._stopping.wait(seconds)

    def _settle(self) -> None:
        while not self._stopping.is_set():
            self._settling.wait()
            self._settling.clear()
            if self._stopping.is_set():
                return
            try:
                with contextlib.closing(Store(self._path)) as store:
                    count = settle(store)
                if count:
                    log.info("sync=imports changed=%d", count)
                    self.wake()
            except (StoreBusy, StoreWaiting):
                self._again()
            except StoreError as error:
                log.warning("sync=imports why=%s", error)
                self._again()

    def _again(self) -> None:
        self._stopping.wait(1.0)
        self._settling.set()


class _Host:
    """The work while the link stands."""

    def __init__(self, store: Store, link: Link, site: str, pace: Pace, settling: threading.Event) -> None:
        self._store = store
        self._link = link
        self._site = site
        self._pace = pace
        self._settling = settling
        self._doubled = False
        self._rows = pace.rows
        self._read_at = float("-inf")  # when the feed was last read to its end
        self._read_again = True
        self._report_at = 0.0
        self._mute = ""

    def work(self, wake: int, stopping: threading.Event, good: Callable[[], None]) -> None:
        """Raises StoreError, FeedError, Unreadable."""
        with contextlib.closing(sqlite3.connect(self._store.path)) as watched:
            seen = _version(watched)
            while not stopping.is_set():
                if not self._store.is_current():
                    raise StoreError(f"{self._store.path}: the file was replaced; it is opened anew")
                before = self._read_at
                if self._turn():
                    if self._read_at != before:
                        good()
                    self._report()
                    seen = self._wait(wake, watched, seen)

    def _report(self) -> None:
        """Now and then, for whoever asks how far all hosts are. A feed that does not take it is a feed all the same."""
        if time.monotonic() < self._report_at:
            return
        self._report_at = time.monotonic() + hosts.EVERY
        with self._store.reading() as connection:
            position, waits = state.position(connection).number, outbox.waiting(connection)
        try:
            with self._link.transaction() as feed:
                hosts.report(feed, self._site, position, waits)
            self._mute = ""
        except FeedError as error:
            if str(error) != self._mute:
                log.warning("sync=not-reported why=%s; run `db upgrade --feed` and sql/feed-*.sql again", error)
            self._mute = str(error)

    def _turn(self) -> bool:
        """Pull and push a little of everything; True when nothing is left.

        What the feed has said comes first: somebody waits for it at another site.
        """
        try:
            more = self._news()
        except (FeedError, Unreadable):  # what cannot be read keeps nothing back that is to be told
            self._push_all()
            raise
        more = self._push_all() or more
        return not (self._news() or more)

    def _push_all(self) -> bool:
        with self._store.reading() as connection:
            waits = due(connection)
        try:
            more = waits.facts and self._push(partial(facts.next_facts, end=waits.last_fact))
            more = (waits.events and self._push(partial(outbox.singles, end=waits.last_event))) or more
            return (waits.imports and self._push(outbox.next_import)) or more
        except FeedError:
            while self._pull():  # a feed that takes nothing may still have something to say
                pass
            raise

    def _news(self) -> bool:
        """Pull, if there may be anything; True when there may be more."""
        if not self._read_again and time.monotonic() - self._read_at < self._pace.poll:
            return False
        self._read_again = False  # what is told from here on is not missed
        self._read_again = self._pull()
        if not self._read_again:
            self._read_at = time.monotonic()
        return self._read_again

    def _push(self, choose: Callable[..., outbox.Parcel | None]) -> bool:
        with self._store.reading() as connection:
            parcel = choose(connection, self._site, self._pace.rows)
        if parcel is None:
            return False
        if parcel.messages:
            self._append(parcel.messages)
            with self._link.reading() as feed:
                reached = last_of(feed, parcel.messages)
        with self._store.writing() as connection:
            parcel.delivered(connection)
            if parcel.messages:  # until it is read, the feed may be put back to where it does not have them
                state.put_own_position(connection, reached)
                self._read_own(connection, parcel.messages, reached)
        return parcel.more

    def _read_own(self, connection: Connection, messages: list[Message], reached: Position) -> None:
        """What follows what was read, and is this host's own, need not be read."""
        news = any(message.about_import for message in messages)
        if not news and following(state.position(connection), messages) == reached:
            state.put_position(connection, reached)
        else:
            self._read_again = True

    def _append(self, messages: list[Message]) -> None:
        """What was pushed before a crash, or by others after the feed was restored, is there already."""
        if not self._doubled:
            try:
                with self._link.transaction() as feed:
                    push(feed, messages, new=True)
                return
            except Doubled:
                self._doubled = True
        with self._link.transaction() as feed:
            self._doubled = push(feed, messages) < len(messages)

    def _pull(self) -> bool:
        """True when there may be more."""
        with self._store.reading() as connection:
            reached, own = state.position(connection), state.own_position(connection)
        with self._link.reading() as feed:
            page = pull(feed, reached, self._rows, own)
        if page.other_past:
            log.error(
                "sync=restored feed=%s position=%d: read again from its beginning", self._link.access.name, reached[0]
            )
            with self._store.writing() as connection:
                outbox.start_over(connection)
                facts.start_over(connection)
            return True
        if not page.messages:
            return False
        try:
            with self._store.writing() as connection:
                before = due(connection)
                taken = take_in(connection, page.messages)
                pass_over(connection, before)
                self._store.seal(connection, EVENT, taken.events)
                self._store.seal(connection, FACT, taken.facts)
                for identity in taken.imports:
                    self._store.seal_import(connection, identity)
                state.put_position(connection, page.position)
        except Unreadable:
            if self._rows == 1:
                raise
            self._rows = 1  # what comes before it can be read
            return True
        if taken.settles:
            self._settling.set()
        return page.full

    def _wait(self, wake: int, watched: sqlite3.Connection, seen: int) -> int:
        """Until there is something to do, for a poll at most."""
        until = time.monotonic() + self._pace.poll
        while (left := until - time.monotonic()) > 0:
            woken = self._link.wait([wake], min(left, self._pace.look))
            if woken is not None:
                self._read_again = self._read_again or woken.by_feed
                break
            if (now := _version(watched)) != seen:
                return now
        _empty(wake)
        return _version(watched)


def _version(connection: sqlite3.Connection) -> int:
    """Changes with each commit of anybody else."""
    found: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return found


def _empty(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while select.select([descriptor], [], [], 0)[0] and os.read(descriptor, 4096):
            pass
