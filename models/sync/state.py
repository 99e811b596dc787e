"""What this host remembers of the feed: names and values in its own database."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.sqlite import dialect, insert

from models.statements import driver_of
from models.sync.feed import Position
from models.tables import sync_state

POSITION, CHAIN = "position", "chain"
OWN, OWN_CHAIN = "own", "own-chain"  # where the last row stands that this host has appended
PUSHED = "pushed"  # all of list_event up to this seq is in the feed
AGAIN = "again"  # and up to this one also what other sites have recorded is pushed
UNDO, REFOLD, ROWS = "undo ", "refold ", "rows "  # with the id of an import
FORGET = "forget "  # with the id of an order

# compiled once and past SQLAlchemy: half of what an event from another site costs was to ask and note how far the feed
# is read
_put = insert(sync_state)
_PUT = str(
    _put.on_conflict_do_update(index_elements=["key"], set_={"value": _put.excluded.value}).compile(
        dialect=dialect(), column_keys=["key", "value"]
    )
)
_GET = str(select(sync_state.c.value).where(sync_state.c.key == bindparam("key")).compile(dialect=dialect()))


def get(connection: Connection, key: str, default: str = "") -> str:
    """The value, or the default."""
    found = driver_of(connection).execute(_GET, (key,)).fetchone()
    return default if found is None else str(found[0])


def number(connection: Connection, key: str) -> int:
    """The value as a number, 0 when there is none."""
    return int(get(connection, key, "0"))


def put(connection: Connection, key: str, value: object) -> None:
    """Remember."""
    driver_of(connection).execute(_PUT, (key, str(value)))


def drop(connection: Connection, key: str) -> None:
    """Forget."""
    connection.execute(delete(sync_state).where(sync_state.c.key == key))


def with_prefix(connection: Connection, prefix: str) -> dict[str, str]:
    """What follows the prefix, and the values."""
    query = select(sync_state).where(sync_state.c.key.startswith(prefix, autoescape=True))
    return {row.key.removeprefix(prefix): row.value for row in connection.execute(query)}


def position(connection: Connection) -> Position:
    """How far this host has read the feed."""
    return Position(number(connection, POSITION), get(connection, CHAIN))


def put_position(connection: Connection, reached: Position) -> None:
    """The same, to be committed with what was read."""
    put(connection, POSITION, reached.number)
    put(connection, CHAIN, reached.chain)


def own_position(connection: Connection) -> Position:
    """Where in the feed the last row stands that this host has appended."""
    return Position(number(connection, OWN), get(connection, OWN_CHAIN))


def put_own_position(connection: Connection, reached: Position) -> None:
    """The same, to be committed with the note that it was appended."""
    if reached.number > number(connection, OWN):
        put(connection, OWN, reached.number)
        put(connection, OWN_CHAIN, reached.chain)
