"""The list is the sum of its events: an entry that says something else was written by somebody else.

`entry` is no evidence by itself, it can be made anew; but calls are refused by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from types import SimpleNamespace
from typing import Any

from models.rows import entry_row, event_from_row
from models.suppression import Entry, ListEvent, fold
from models.tables import LOADING, from_micros, to_micros

_UNMADE = "no event has made it"
_EVENT = (
    *("number", "last", "campaign", "allow", "event_id", "kind", "at", "expires_at", "reason", "source", "actor"),
    *("evidence", "batch", "removes"),
)
_EVENTS = (
    f"SELECT {', '.join('e.' + name for name in _EVENT)}"  # noqa: S608 - names of ours
    " FROM list_event e LEFT JOIN batch b ON b.id = e.batch"
    f" WHERE e.batch = '' OR b.state IS NOT '{LOADING}' ORDER BY e.number, e.last, e.campaign, e.allow, e.seq"
)
_ENTRIES = (
    f"SELECT n.number, n.last, n.campaign, n.allow, n.reason, n.source, n.created_at, n.expires_at, n.revoked_at,"  # noqa: S608
    f" n.batch, b.undone_at, n.id, b.state IS '{LOADING}' FROM entry n LEFT JOIN batch b ON b.id = n.batch"
    " ORDER BY n.number, n.last, n.campaign, n.allow"
)


def differences(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Where and what; compared key by key, in two sorted walks."""
    undone = _undone(connection)
    rows = iter(connection.execute(_ENTRIES))
    row = next(rows, None)
    for key, found in groupby(connection.execute(_EVENTS), itemgetter(0, 1, 2, 3)):
        while row is not None and _before(row[:4], key):
            if not row[-1]:
                yield _place(row[:4]), _UNMADE
            row = next(rows, None)
        own = row if row is not None and tuple(row[:4]) == key else None
        what = _difference(own, list(found), undone)
        if what:
            yield _place(key), what
        if own is not None:
            row = next(rows, None)
    while row is not None:
        if not row[-1]:
            yield _place(row[:4]), _UNMADE
        row = next(rows, None)


def _place(key: Sequence[Any]) -> str:
    number, last, campaign, allow = key
    numbers = f"+{number}" if not last else f"+{number} to +{last}"
    return f"entry of {numbers}{f' for {campaign}' if campaign else ''}{' (may be called)' if allow else ''}"


def _before(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """In the order of SQLite: text after numbers."""
    return _sortable(one) < _sortable(other)


def _sortable(key: Sequence[Any]) -> list[tuple[int, Any]]:
    return [
        (1, value.encode("utf-8", "surrogateescape"))
        if isinstance(value, str)
        else (2 * isinstance(value, bytes), value)
        for value in key
    ]


def _undone(connection: sqlite3.Connection) -> dict[str, datetime]:
    rows = connection.execute("SELECT id, undone_at FROM batch WHERE undone_at IS NOT NULL").fetchall()
    found = {}
    for identity, micros in rows:
        try:
            found[identity] = from_micros(micros)
        except (TypeError, OverflowError):
            continue  # told with the imports
    return found


def _events(rows: Sequence[Sequence[Any]]) -> list[ListEvent]:
    """Raises ValueError and others for what this program never wrote."""
    return [event_from_row(SimpleNamespace(**dict(zip(_EVENT, row, strict=True)))) for row in rows]  # type: ignore[arg-type]


def _difference(row: Sequence[Any] | None, rows: Sequence[Sequence[Any]], undone: Mapping[str, datetime]) -> str:
    try:
        events = _events(rows)
        summed = fold(events, undone)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return ""  # told with the events
    if row is not None and row[-1]:  # of an import under way: it takes the place of what no longer holds
        held = summed is not None and summed.revoked_at is None
        return "it does not hold, and its events say that it does" if held else ""
    if row is None or summed is None:
        return "" if row is None and summed is None else "it is missing, or its events are"
    reason, source, created, expires, revoked, batch, undone_at = row[4:11]
    wanted = entry_row(summed)
    if batch and batch not in {one.batch for one in events}:
        return "it names an import that has not brought it"
    if revoked != wanted["revoked_at"] and not (batch and undone_at is not None and revoked is None):
        return "it is in force and its events say that it is not, or the reverse"
    if expires != wanted["expires_at"]:
        return "it ends at another time than its events say"
    return "" if _told_by_one(reason, source, created, summed, events) else "it says what none of its events says"


def _told_by_one(reason: object, source: object, created: object, summed: Entry, events: Sequence[ListEvent]) -> bool:
    """Which of several listings the entry was made from depends on the order in which they came."""
    told = {(one.reason, one.source, to_micros(one.at)) for one in events}
    return (reason, source, created) in told | {(summed.reason, summed.source, to_micros(summed.created_at))}
