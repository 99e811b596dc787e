"""Which numbers need a look into the store: exact, in memory, and never behind it.

`listed` has every number with an entry of any kind, `ranges` the few entries of more than one number, `contacted` every
number with an allowed call. Each may hold more
(an entry that was revoked or purged), never less: a miss answers without SQL, a hit asks the rows. Rows are only ever
added under greater keys (AUTOINCREMENT), so `catch_up` reads what is new since the last time.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any, Protocol

from sqlalchemy import bindparam, func, select

from models.errors import StoreError
from models.query import Query
from models.tables import call_check, entry, is_contact

log = logging.getLogger("concierge.index")

_CHUNK = 100_000  # rows that are held as Python objects


class Numbers(Protocol):
    """A set of E.164 numbers that grows."""

    def __contains__(self, number: int, /) -> bool: ...
    def __len__(self) -> int: ...
    def update(self, numbers: Iterable[int], /) -> None:
        """Add them."""


class SortedNumbers:
    """Eight bytes a number, found by bisection: for where pyroaring cannot be installed."""

    def __init__(self) -> None:
        self._sorted = array("Q")
        self._fresh: set[int] = set()

    def __contains__(self, number: int) -> bool:
        if number in self._fresh:
            return True
        at = bisect_left(self._sorted, number)
        return at < len(self._sorted) and self._sorted[at] == number

    def __len__(self) -> int:
        return len(self._sorted) + len(self._fresh)

    def update(self, numbers: Iterable[int]) -> None:
        """Few go into a set beside the array, many into the array."""
        self._fresh.update(number for number in numbers if number not in self)
        if len(self._fresh) > 1000 + len(self._sorted) // 50:
            self._sorted = array("Q", sorted([*self._sorted, *self._fresh]))
            self._fresh.clear()


def numbers() -> Numbers:
    """An empty set: a compressed bitmap, or the sorted array."""
    try:
        from pyroaring import BitMap64
    except ImportError:
        return SortedNumbers()
    found: Numbers = BitMap64()
    return found


_NEW_ENTRIES = Query(
    select(entry.c.id, entry.c.number, entry.c.last)
    .where(entry.c.id > bindparam("p"), entry.c.number > 0)
    .order_by(entry.c.id)
)
_NEW_CALLS = Query(
    select(call_check.c.seq, call_check.c.number)
    .where(call_check.c.seq > bindparam("p"), call_check.c.number > 0, is_contact())
    .order_by(call_check.c.seq)
)
_LAST_CALL = Query(select(func.max(call_check.c.seq)))


class Index:
    """The two sets, and how far into the store they reach."""

    def __init__(self) -> None:
        self.listed = numbers()
        self.contacted = numbers()
        self.ranges: set[tuple[int, int]] = set()
        self._entry = 0
        self._call = 0
        self._version = -1

    def knows_nothing_of(self, number: int, *shorter: int) -> bool:
        """Is there no row at all about this number, and no entry of the shorter ones?"""
        listed = self.listed
        if number in self.contacted or number in listed or any(one in listed for one in shorter):
            return False
        return not any(first <= number <= last for first, last in self.ranges)

    def catch_up(self, connection: sqlite3.Connection) -> None:
        """Take in what has been committed since the last time. `connection` must be the same each time."""
        version: int = connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self.read_new(connection)
            self._version = version

    def read_new(self, connection: sqlite3.Connection) -> None:
        """All rows beyond the ones that are known, on any connection."""
        last: int = _LAST_CALL.rows(connection)[0][0] or 0
        for rows in _chunks(_NEW_ENTRIES.cursor(connection, p=self._entry)):
            self.listed.update([row[1] for row in rows if isinstance(row[1], int)])
            self.ranges.update((row[1], row[2]) for row in rows if row[2])
            self._entry = rows[-1][0]
        for rows in _chunks(_NEW_CALLS.cursor(connection, p=self._call)):
            self.contacted.update([row[1] for row in rows if isinstance(row[1], int)])
        self._call = max(self._call, last)


class Building:
    """An index that is being made from the whole store, in a thread, while calls are answered from the rows."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._index: Index | None = None
        self._thread = threading.Thread(target=self._build, name="index", daemon=True)
        self._started = time.monotonic()
        self._thread.start()

    @property
    def over(self) -> bool:
        """Has it come to an end, good or bad?"""
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Block until it is over."""
        self._thread.join()

    @property
    def index(self) -> Index | None:
        """The index; None when the store could not be read."""
        return self._index

    def _build(self) -> None:
        index = Index()
        try:
            with closing(self._connect()) as connection:
                index.read_new(connection)
        except (sqlite3.Error, OSError, StoreError) as error:
            log.warning("index=none why=%s", error)  # each call asks the rows, which say more
            return
        self._index = index
        took = time.monotonic() - self._started
        log.info("index=built listed=%d contacted=%d seconds=%.1f", len(index.listed), len(index.contacted), took)


def _chunks(cursor: sqlite3.Cursor) -> Iterator[list[Any]]:
    while rows := cursor.fetchmany(_CHUNK):
        yield rows
