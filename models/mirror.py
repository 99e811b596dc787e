"""The memory of the bridge to FreePBX's blacklist, and what of our list goes there: rows of the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, and_, delete, or_, select
from sqlalchemy.dialects.sqlite import insert

from models.bridge import Origin, Row, State
from models.tables import DONE, astdb_key, batch, entry, to_micros

MOST = 20_000  # keys that we write; a caller's blacklist is no place for a national registry
_CHUNK = 500


def known(connection: Connection) -> dict[str, Row]:
    """By key."""
    return {
        row.key: Row(
            row.key,
            row.number,
            row.campaign,
            Origin(row.origin),
            State(row.state),
            row.value,
            UUID(row.event_id) if row.event_id else None,
        )
        for row in connection.execute(select(astdb_key))
    }


def keep(connection: Connection, rows: Iterable[Row]) -> None:
    """Remember them, in place of what was remembered of these keys."""
    for row in rows:
        values = {
            "number": row.number,
            "campaign": row.campaign,
            "origin": row.origin.value,
            "state": row.state.value,
            "value": row.value,
            "event_id": str(row.event or ""),
        }
        statement = insert(astdb_key).values(key=row.key, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


def forget(connection: Connection, rows: Iterable[Row]) -> None:
    """Of these keys nothing is remembered."""
    for row in rows:
        connection.execute(delete(astdb_key).where(astdb_key.c.key == row.key))


def _holds(at: datetime) -> object:
    done = or_(entry.c.batch == "", entry.c.batch.in_(select(batch.c.id).where(batch.c.state == DONE)))
    lasting = or_(entry.c.expires_at.is_(None), entry.c.expires_at > to_micros(at))
    return and_(entry.c.revoked_at.is_(None), lasting, done, entry.c.last == 0, entry.c.allow == 0)


def wanted(connection: Connection, scope: str, sources: Sequence[str], at: datetime) -> Mapping[int, str] | None:
    """Single numbers in force for this scope, with their reasons; None when there are more than `MOST`."""
    query = select(entry.c.number, entry.c.reason).where(_holds(at), entry.c.campaign == scope)  # type: ignore[arg-type]
    if sources:
        query = query.where(entry.c.source.in_(sources))
    rows = connection.execute(query.limit(MOST + 1)).all()
    return {row.number: row.reason for row in rows} if len(rows) <= MOST else None


def ended(connection: Connection, rows: Iterable[Row], at: datetime) -> frozenset[str]:
    """Keys of FreePBX's own whose listing no longer holds here."""
    theirs = [row for row in rows if row.origin is Origin.THERE]
    holding: set[tuple[int, str]] = set()
    for start in range(0, len(theirs), _CHUNK):
        numbers = {row.number for row in theirs[start : start + _CHUNK]}
        query = select(entry.c.number, entry.c.campaign).where(entry.c.number.in_(numbers), _holds(at))  # type: ignore[arg-type]
        holding |= {(row.number, row.campaign) for row in connection.execute(query)}
    return frozenset(row.key for row in theirs if (row.number, row.campaign) not in holding)
