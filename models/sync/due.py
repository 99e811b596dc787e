"""What of this host's may have to go to the feed: one cheap question, asked at every turn."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, exists, func, select
from sqlalchemy.dialects.sqlite import dialect

from models.statements import driver_of
from models.sync import facts, outbox, state
from models.tables import fact, list_event

_LAST_FACT, _LAST_EVENT = (
    select(func.coalesce(func.max(table.c.seq), 0)).scalar_subquery() for table in (fact, list_event)
)
_ENDS = select(_LAST_FACT, _LAST_EVENT, exists().where(outbox.behind()))
_ASK = str(_ENDS.compile(dialect=dialect(), compile_kwargs={"literal_binds": True}))


class Due(NamedTuple):
    """Where there are rows that were not looked at yet; the last rows there are."""

    facts: bool
    events: bool
    imports: bool
    last_fact: int
    last_event: int


def due(connection: Connection) -> Due:
    """As it is now."""
    last_fact, last_event, imports = driver_of(connection).execute(_ASK).fetchone()
    told = state.number(connection, facts.PUSHED), state.number(connection, state.PUSHED)
    return Due(last_fact > told[0], last_event > told[1], bool(imports), last_fact, last_event)


def pass_over(connection: Connection, before: Due) -> None:
    """What the transaction has added since `before` came from the feed, and need not be looked at."""
    now = due(connection)
    if now.events and not before.events:
        state.put(connection, state.PUSHED, now.last_event)
    if now.facts and not before.facts:
        state.put(connection, facts.PUSHED, now.last_fact)
