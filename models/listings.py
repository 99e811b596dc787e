"""Rows of an import as the driver takes them: tuples from beginning to end, because there may be millions."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Insert, Table, insert, literal_column, or_, select
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.dialects.sqlite import insert as insert_or

from models.index import numbers
from models.rows import event_row
from models.suppression import Key, ListEvent
from models.tables import UNDONE, batch, entry, list_event

KEY = ("number", "last", "campaign", "allow")
_SUM = ("reason", "source", "created_at", "expires_at", "revoked_at", "batch")


class Listing(NamedTuple):
    """One row. Times are microseconds, `last` is 0 for one number, `evidence` JSON; without `event_id` it gets one."""

    number: int
    last: int
    campaign: str
    at: int
    expires_at: int | None
    reason: str
    source: str
    evidence: str
    allow: int
    event_id: str = ""


def of_event(happened: ListEvent) -> Listing:
    """The same as a row."""
    row: dict[str, Any] = event_row(happened, 0)
    return Listing(*(row[name] for name in Listing._fields))


def of_row(row: Any) -> Listing:
    """From a row of `list_event`."""
    return Listing(*(getattr(row, name) for name in Listing._fields))


def event_values(found: Sequence[Listing], identity: str, actor: str, now: int) -> list[tuple[object, ...]]:
    """In the order of INSERT_EVENT. `now`: the moment of recording, microseconds."""
    return [
        (
            known or fresh,
            "add",
            number,
            campaign,
            at,
            now,
            expires_at,
            reason,
            source,
            actor,
            evidence,
            last,
            allow,
            identity,
            "[]",
        )
        for (number, last, campaign, at, expires_at, reason, source, evidence, allow, known), fresh in zip(
            found, identities(len(found)), strict=True
        )
    ]


def entry_values(found: Iterable[Listing], identity: str) -> list[tuple[object, ...]]:
    """What each adds up to alone, in the order of UPSERT_ENTRY; it is the import's own."""
    return [
        (number, campaign, reason, source, at, expires_at, None, last, allow, identity)
        for number, last, campaign, at, expires_at, reason, source, _evidence, allow, _known in found
    ]


_TAIL = 12  # hexadecimal digits that tell the ids of one call apart


def identities(count: int) -> list[str]:
    """UUIDs as text, version 7 (RFC 9562): of one millisecond, random, in ascending order.

    An index over random ids is written at another place for each row; that was half the cost of an import.
    """
    moment = f"{time.time_ns() // 1_000_000:012x}"
    some = os.urandom(4).hex()
    head = f"{moment[:8]}-{moment[8:]}-7{some[:3]}-{'89ab'[int(some[3], 16) & 3]}{some[4:7]}-"
    tails: set[str] = set()
    while len(tails) < count:
        text = os.urandom(_TAIL // 2 * (count - len(tails))).hex()
        tails.update(text[at : at + _TAIL] for at in range(0, len(text), _TAIL))
    return [head + tail for tail in sorted(tails)]


class Repeated:
    """Which entries an import lists more than once, once at least with an end: they have to be summed up."""

    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self._seen = numbers()
        self._bounded = numbers()

    def look(self, found: Sequence[Listing]) -> None:
        """At some more rows."""
        if not len(self._bounded) and not any(one.expires_at is not None for one in found):
            self._seen.add([one.number for one in found])
            return
        here: set[int] = set()
        for one in found:
            known = one.number in here or one.number in self._seen
            if known and (one.expires_at is not None or one.number in self._bounded):
                self.keys.add(Key(one.number, one.last, one.campaign, bool(one.allow)))
            here.add(one.number)
            if one.expires_at is not None:
                self._bounded.add([one.number])
        self._seen.add(list(here))


def _columns(table: Table, *without: str) -> list[str]:
    return [column.name for column in table.c if not column.primary_key and column.name not in without]


def _compiled(statement: Insert, names: list[str]) -> str:
    """Compiled once: it took a third of an import."""
    return str(statement.compile(dialect=dialect(), column_keys=names))


def _upsert() -> Insert:
    """A listing takes the place of an entry that is no longer in force."""
    statement = insert_or(entry)
    undone = select(batch.c.id).where(batch.c.state == literal_column(f"'{UNDONE}'"))
    dead = or_(entry.c.revoked_at.is_not(None), entry.c.batch.in_(undone))
    changed = {name: statement.excluded[name] for name in _SUM}
    return statement.on_conflict_do_update(index_elements=KEY, set_=changed, where=dead)


INSERT_EVENT = _compiled(insert(list_event), _columns(list_event, "site"))
UPSERT_ENTRY = _compiled(_upsert(), _columns(entry))
