"""The questions of one call to the store: all in one statement, or only those that an index leaves open."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, literal, or_, select, true

from models.contact import NO_HISTORY, History
from models.query import Query
from models.rows import entry_from_row
from models.suppression import Entry
from models.tables import DONE, batch, call_check, entry, from_micros, is_contact, to_micros

_MONTH = 30 * 86_400 * 1_000_000  # microseconds
_SHORTEST = 10_000_000  # fewer digits than eight are no subscriber's
_TOGETHER = 16  # entries asked for in one statement

Found = tuple[tuple[Entry, ...], History]

_allowed = (call_check.c.number == bindparam("n")) & is_contact()
_nothing = select(literal(1).label("one")).subquery("one_row")  # so that a number without entries is a row too
_last = select(call_check.c.at, call_check.c.campaign).where(_allowed).order_by(call_check.c.at.desc()).limit(1)
_last_row = _last.subquery("last_row")
_recent = select(func.count()).select_from(call_check).where(_allowed & (call_check.c.at >= bindparam("t")))
_SHORTER = ("n1", "n2", "n3")
_numbers: list[Any] = [bindparam(name) for name in ("n", *_SHORTER)]
_single = entry.c.number.in_(_numbers) & (entry.c.last == 0)
_range = (entry.c.last > 0) & (entry.c.number <= bindparam("n")) & (entry.c.last >= bindparam("n"))
_import_done = exists().where(batch.c.id == entry.c.batch, batch.c.state == DONE)
_in_force = or_(entry.c.batch == "", _import_done)


def everything(*, ranges: bool = True) -> Select[Any]:
    """What one call has to know, of a number `n`, the shorter ones `n1` to `n3`, and calls since `t`."""
    of_it = ((_single | _range) if ranges else _single) & _in_force
    return select(*entry.c, _last_row.c.at, _last_row.c.campaign, _recent.scalar_subquery()).select_from(
        _nothing.outerjoin(entry, of_it).outerjoin(_last_row, true())
    )


_KNOW = Query(everything())
_HISTORY = Query(select(_last_row.c.at, _last_row.c.campaign, _recent.scalar_subquery()))
_ENTRY_COLUMNS = len(entry.c)


def ask_rows(connection: sqlite3.Connection, number: int, at: datetime) -> Found:
    """Entries of a number and of the shorter ones; its earlier allowed calls. Raises sqlite3.Error, ValueError."""
    values = dict(zip(_SHORTER, shorter(number), strict=True))
    rows = _KNOW.rows(connection, t=to_micros(at) - _MONTH, n=number, **values)
    entries = _entries(row[:_ENTRY_COLUMNS] for row in rows if row[0] is not None)
    return entries, _history(*rows[0][_ENTRY_COLUMNS:])


def ask_entries(connection: sqlite3.Connection, keys: Sequence[tuple[int, int]]) -> tuple[Entry, ...]:
    """The entries with these numbers and ends of ranges (0: none). Raises sqlite3.Error, ValueError."""
    rows: list[Any] = []
    for start in range(0, len(keys), _TOGETHER):
        some = keys[start : start + _TOGETHER]
        rows += _of_keys(len(some)).rows(connection, **_values(some))
    return _entries(rows)


def ask_history(connection: sqlite3.Connection, number: int, at: datetime) -> History:
    """The earlier allowed calls of a number. Raises sqlite3.Error."""
    rows = _HISTORY.rows(connection, t=to_micros(at) - _MONTH, n=number)
    return _history(*rows[0]) if rows else NO_HISTORY


def shorter(number: int) -> tuple[int, int, int]:
    """One to three digits less, never fewer than eight."""
    one = number // 10 if number >= 10 * _SHORTEST else number
    two = one // 10 if one >= 10 * _SHORTEST else one
    return one, two, two // 10 if two >= 10 * _SHORTEST else two


@lru_cache(_TOGETHER)
def _of_keys(count: int) -> Query:
    def of(place: int) -> Select[Any]:
        mine: ColumnElement[bool] = entry.c.number == bindparam(f"n{place}")
        return select(*entry.c).where(mine, entry.c.last == bindparam(f"l{place}"), _in_force)

    return Query(of(0).union_all(*map(of, range(1, count))) if count > 1 else of(0))


def _values(keys: Sequence[tuple[int, int]]) -> dict[str, int]:
    found = {}
    for place, (first, last) in enumerate(keys):
        found[f"n{place}"], found[f"l{place}"] = first, last
    return found


def _entries(rows: Iterable[Sequence[Any]]) -> tuple[Entry, ...]:
    """The oldest first."""
    found = [entry_from_row(row) for row in rows]
    return tuple(found) if len(found) < 2 else tuple(sorted(found, key=lambda one: one.id))


def _history(last_at: Any, campaign: Any, recent: Any) -> History:
    try:
        return NO_HISTORY if last_at is None else History(from_micros(last_at), campaign, recent)
    except (TypeError, OverflowError):  # a time that this program never wrote
        return NO_HISTORY
