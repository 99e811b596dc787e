"""Which numbers need a look into the store: exact, in memory, and never behind it.

`listed` has every number with an entry of its own, `ranges` the few entries of more than one number, `contacted` every
number with an allowed call. Each may hold more (an entry that was revoked or purged), never less: a miss answers
without SQL, a hit asks the rows. Rows are only ever added under greater keys (AUTOINCREMENT), so what is new is read
beyond the last one that is known; when that one is gone or another, the store has another past, and all is read again;
so it is when somebody has changed numbers in the table by hand.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Integer, bindparam, cast, func, select, true

from models.query import Query
from models.ranges import Ranges
from models.registry.blocks import Blocks, shorter
from models.tables import call_check, entry, is_contact, sync_state

_CHUNK = 20_000  # rows that are held as Python objects: some milliseconds in which no other thread runs


class Numbers(Protocol):
    """A set of E.164 numbers that grows."""

    kind: str

    def __contains__(self, number: int, /) -> bool: ...
    def __len__(self) -> int: ...
    def near(self, number: int, /) -> list[int]:
        """Of the number and of those with one to three digits less, never fewer than eight, the ones in the set."""

    def add(self, numbers: list[int], /) -> None:
        """The list is the set's from now on."""


class SortedNumbers:
    """Eight bytes a number, found by bisection: for where pyroaring cannot be installed."""

    kind = "sorted"

    def __init__(self, found: array[int] | None = None) -> None:
        """`found`: in order, each once."""
        self._sorted = array("Q") if found is None else found
        self._fresh: set[int] = set()

    def __contains__(self, number: int) -> bool:
        return number in self._fresh or _is_in(number, self._sorted)

    def __len__(self) -> int:
        return len(self._sorted) + len(self._fresh)

    def near(self, number: int) -> list[int]:
        """Of the number and the shorter ones."""
        return [one for one in (number, *shorter(number)) if one in self]

    def add(self, numbers: list[int]) -> None:
        """Few go into a set beside the array, many into the array."""
        self._fresh.update(number for number in numbers if number not in self)
        if len(self._fresh) > 1000 + len(self._sorted) // 50:
            self._sorted = self.settled()
            self._fresh = set()

    def settled(self) -> array[int]:
        """All of them in order; also in another thread than the one that adds."""
        fresh, found = self._fresh.copy(), self._sorted  # in this order: what leaves the one is in the other by then
        more = [one for one in fresh if not _is_in(one, found)]
        return array("Q", sorted([*found, *more]))


def _is_in(number: int, ordered: array[int]) -> bool:
    at = bisect_left(ordered, number)
    return at < len(ordered) and ordered[at] == number


def numbers() -> Numbers:
    """An empty set: compressed bitmaps, or the sorted array."""
    try:
        import pyroaring  # noqa: F401 - only whether it is there
    except ImportError:
        return SortedNumbers()
    return Blocks()


_NEW_ENTRIES = Query(
    select(entry.c.id, entry.c.number, entry.c.last, entry.c.created_at)
    .where(entry.c.id >= bindparam("p"))
    .order_by(entry.c.id)
)
_NEW_CALLS = Query(
    select(call_check.c.seq, call_check.c.number)
    .where(call_check.c.seq > bindparam("p"), call_check.c.number > 0, is_contact())
    .order_by(call_check.c.seq)
)
_newest = select(entry.c.id, entry.c.number, entry.c.last, entry.c.created_at).order_by(entry.c.id.desc()).limit(1)
_newest_row = _newest.subquery("newest")
_call = select(func.max(call_check.c.seq).label("call")).subquery("last_call")
_counted = select(cast(sync_state.c.value, Integer)).where(sync_state.c.key == "by-hand").scalar_subquery()
_ENDS = Query(
    select(*_newest_row.c, _call.c.call, _counted.label("hand")).select_from(_call.outerjoin(_newest_row, true()))
)


class OtherPast(Exception):
    """The rows are not those that the index was made from."""


class Reached(NamedTuple):
    """How far into the store: the last entry with its number, end and time, the last check, and how often somebody has
    given an entry another number (a trigger counts)."""

    entry: int = 0
    number: int = 0
    last: int = 0
    created_at: int = 0
    call: int = 0
    hand: int = 0


def rows_between(one: Reached, other: Reached) -> int:
    """How many there may be."""
    return other.entry - one.entry + other.call - one.call


class Index:
    """The sets, and how far into the store they reach."""

    def __init__(self) -> None:
        self.listed = numbers()
        self.contacted = numbers()
        self.ranges = Ranges()
        self.reached = Reached()
        self.saved: Reached | None = None  # what the snapshot in the file has

    def keys(self, number: int) -> list[tuple[int, int]]:
        """Number and end (0: no range) of each entry that may be about the number, or about a shorter one."""
        found = [(one, 0) for one in self.listed.near(number)]
        return found + self.ranges.holding(number) if self.ranges.by_width else found

    def ends(self, connection: sqlite3.Connection) -> Reached:
        """How far the store goes. Raises sqlite3.Error, and OtherPast when that is less far than the index."""
        found = Reached._make(value or 0 for value in _ENDS.rows(connection)[0])
        less = found.entry < self.reached.entry or found.call < self.reached.call
        if less or (self.reached.entry and found.hand != self.reached.hand):
            raise OtherPast
        return found

    def behind(self, ends: Reached) -> int:
        """How many rows there may be to read."""
        return rows_between(self.reached, ends)

    @property
    def unsaved(self) -> int:
        """How many rows a start would have to read besides the snapshot."""
        return rows_between(self.saved or Reached(), self.reached)

    def read_new(self, connection: sqlite3.Connection, ends: Reached) -> None:
        """All rows beyond the ones that are known, on any connection. Raises sqlite3.Error, OtherPast."""
        if ends[:4] != self.reached[:4]:
            self._read_entries(connection)
        if ends.call != self.reached.call:
            for rows in _chunks(_NEW_CALLS.cursor(connection, p=self.reached.call)):
                self.contacted.add([row[1] for row in rows if isinstance(row[1], int)])
            self.reached = self.reached._replace(call=ends.call)
        self.reached = self.reached._replace(hand=ends.hand)  # last: what is changed from here on is counted later

    def _read_entries(self, connection: sqlite3.Connection) -> None:
        cursor = _NEW_ENTRIES.cursor(connection, p=self.reached.entry)
        if self.reached.entry and cursor.fetchone() != self.reached[:4]:
            raise OtherPast
        for rows in _chunks(cursor):
            found = [row for row in rows if isinstance(row[1], int) and row[1] > 0 and isinstance(row[2], int)]
            self.listed.add([row[1] for row in found if not row[2]])
            for _, first, last, _ in (row for row in found if row[2]):
                self.ranges.add(first, last)
            self.reached = Reached._make((*rows[-1], self.reached.call, self.reached.hand))


def _chunks(cursor: sqlite3.Cursor) -> Iterator[list[Any]]:
    while rows := cursor.fetchmany(_CHUNK):
        yield rows
