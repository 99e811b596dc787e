"""Values of the domain <-> rows of the tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert
from sqlalchemy.dialects.sqlite import dialect

from models.contact import Answer
from models.number import Number
from models.suppression import Entry, Kind, ListEvent
from models.tables import call_check, from_micros, to_micros


def entry_from_row(row: Row[Any] | Sequence[Any]) -> Entry:
    """A row of `entry`, in the order of its columns. Raises ValueError for what this program never wrote."""
    id_, number, campaign, reason, source, created, expires, revoked, last, allow, batch = tuple(row)
    try:
        times = (from_micros(created), _optional(expires), _optional(revoked))
    except (TypeError, OverflowError) as error:
        raise ValueError(f"entry {id_} of the list has an unreadable time ({error})") from error
    return Entry(number, campaign, reason, source, *times, id_, last or None, bool(allow), batch)


def entry_row(value: Entry) -> dict[str, object]:
    """All columns but the id."""
    return {
        "number": value.number,
        "campaign": value.campaign,
        "reason": value.reason,
        "source": value.source,
        "created_at": to_micros(value.created_at),
        "expires_at": value.expires_at and to_micros(value.expires_at),
        "revoked_at": value.revoked_at and to_micros(value.revoked_at),
        "last": value.last or 0,
        "allow": int(value.allow),
        "batch": value.batch,
    }


def event_row(happened: ListEvent, now: int) -> dict[str, object]:
    """`now`: the moment of recording, microseconds."""
    return {
        "event_id": str(happened.event_id),
        "kind": happened.kind.value,
        "number": happened.number,
        "campaign": happened.campaign,
        "at": to_micros(happened.at),
        "recorded_at": now,
        "expires_at": happened.expires_at and to_micros(happened.expires_at),
        "reason": happened.reason,
        "source": happened.source,
        "actor": happened.actor,
        "evidence": json.dumps(happened.evidence, sort_keys=True) if happened.evidence else "{}",
        "last": happened.key.last,
        "allow": int(happened.allow),
        "batch": happened.batch,
        "removes": json.dumps([str(one) for one in happened.removes]) if happened.removes else "[]",
    }


EVENT_COLUMNS = (
    *("event_id", "kind", "number", "campaign", "at", "reason", "source", "actor", "expires_at", "evidence", "last"),
    *("allow", "batch", "removes"),
)
_event_columns = attrgetter(*EVENT_COLUMNS)


def event_from_row(row: Row[Any]) -> ListEvent:
    """A row of `list_event`."""
    return event_from_values(_event_columns(row))


def event_from_values(values: Sequence[Any]) -> ListEvent:
    """The values of `EVENT_COLUMNS`."""
    identity, kind, number, campaign, at, reason, source, actor, expires, evidence, last, allow, of, removes = values
    return ListEvent(
        UUID(identity),
        Kind(kind),
        number,
        campaign,
        from_micros(at),
        reason,
        source,
        actor,
        _optional(expires),
        json.loads(evidence),
        last or None,
        bool(allow),
        of,
        tuple(UUID(one) for one in json.loads(removes)),
    )


def check_row(answer: Answer, now: int) -> tuple[object, ...]:
    """In the order of `_CHECK_COLUMNS`."""
    asked, decision = answer.question, answer.decision
    return (
        to_micros(answer.at),
        now,
        clean(asked.dialled, 100),
        answer.destination.e164 if isinstance(answer.destination, Number) else None,
        clean(asked.campaign, 64),
        decision.verdict.value,
        decision.reason.value,
        clean(decision.detail, 1000),
        decision.entry.id if decision.entry else None,
        asked.via,
        clean(asked.caller, 100),
        clean(asked.channel, 200),
        clean(asked.uniqueid, 150),
    )


# compiled once: the insert of a batch is most of what a call's evidence costs
_CHECK_COLUMNS = [column for column in call_check.c if column.name != "seq"]
_INSERT_CHECK = str(insert(call_check).compile(dialect=dialect(), column_keys=[one.name for one in _CHECK_COLUMNS]))
_AT_ONCE = 64  # rows of one statement; 999 parameters are what any SQLite takes


def inserts_of(rows: Sequence[tuple[object, ...]]) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Statements that insert rows of `check_row`, as few as there can be of a few sizes, which SQLite has prepared.

    At each statement, and each row of executemany, the driver lets other threads run: while an event loop is busy a
    batch keeps the write lock for the time that it takes to get its turns again.
    """
    at, size = 0, _AT_ONCE
    while at < len(rows):
        while size > len(rows) - at:
            size //= 2
        yield _insert_of(size), tuple(chain.from_iterable(rows[at : at + size]))
        at += size


@lru_cache(maxsize=_AT_ONCE)
def _insert_of(size: int) -> str:
    head, _, values = _INSERT_CHECK.rpartition("VALUES ")
    return f"{head}VALUES {', '.join([values] * size)}"


def clean(value: str, most: int) -> str:
    """What came from a telephone may hold anything; the database takes well-formed text of a bounded length."""
    if len(value) <= most and value.isascii() and "\0" not in value:
        return value
    return value[:most].encode("utf-8", "replace").decode().replace("\0", "?")


def _optional(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
