"""What recording a key press says to SQLite, compiled once: most of its time would go into SQLAlchemy's expressions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

from sqlalchemy import Connection, Table, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import dialect

from models.query import Query
from models.rows import EVENT_COLUMNS
from models.tables import LOADING, batch, entry, event_witness, list_event

_SOME = select(func.json_each(bindparam("some")).table_valued("value").c.value)


def json_of(some: Collection[int] | Collection[str]) -> str:
    """For the statements that ask about `some`."""
    return json.dumps(list(some))


def _insert(table: Table, *without: str) -> str:
    names = [one.name for one in table.c if one.name not in without]
    return str(insert(table).compile(dialect=dialect(paramstyle="named"), column_keys=names))


INSERT_EVENT = _insert(list_event, "seq", "site")
INSERT_ENTRY = _insert(entry, "id")
INSERT_WITNESS = _insert(event_witness, "seq")
UPDATE_ENTRY = str(
    update(entry)
    .where(entry.c.id == bindparam("own_id"))
    .compile(dialect=dialect(paramstyle="named"), column_keys=["own_id", *(c.name for c in entry.c if c.name != "id")])
)

EVENT_KNOWN = Query(select(list_event.c.number, list_event.c.campaign).where(list_event.c.event_id == bindparam("e")))
EVENTS_OF_SOME = Query(
    select(*(list_event.c[name] for name in EVENT_COLUMNS))
    .outerjoin(batch, batch.c.id == list_event.c.batch)
    .where(list_event.c.number.in_(_SOME), or_(list_event.c.batch == "", batch.c.state != LOADING))
    .order_by(list_event.c.seq)
)
UNDONE_OF_SOME = Query(
    select(batch.c.id, batch.c.undone_at).where(batch.c.id.in_(_SOME), batch.c.undone_at.is_not(None))
)
ENTRIES_OF_SOME = Query(select(entry).where(entry.c.number.in_(_SOME)))
REPORT_KNOWN = Query(select(event_witness.c.event_id).where(event_witness.c.report_id == bindparam("r")))
REPORTS_OF_PRESS = Query(
    select(event_witness.c.event_id, event_witness.c.witness, event_witness.c.at, event_witness.c.fraction).where(
        event_witness.c.press == bindparam("p")
    )
)


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, in the same transaction."""
    own = connection.connection.driver_connection
    if not isinstance(own, sqlite3.Connection):
        raise TypeError(f"not SQLite: {own!r}")
    return own


def put(connection: sqlite3.Connection, statement: str, values: dict[str, object]) -> int:
    """Run one of the INSERTs; the new row's number."""
    return connection.execute(statement, values).lastrowid or 0
