"""The feed that sites share: two tables of one database (PostgreSQL, MariaDB); each step is one transaction.

Positions are given in the order of commits, without gaps, by the one row of the counter; `chain` is a hash over all
rows up to there. So whoever remembers the position and the chain that he has read last notices any other past.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, insert, select, text

from models.errors import FeedError
from models.forgetting import erased_by
from models.sync.message import Message
from models.tables import feed_counter, feed_event

CHANNEL = "concierge_feed"  # of NOTIFY, which wakes and tells nothing
_COLUMNS = [one for one in feed_event.c if one.name not in ("position", "chain")]

# made once: to make them is as much work as to run them
_COUNTER = select(feed_counter.c.last, feed_counter.c.chain).where(feed_counter.c.id == 1).with_for_update()
_INSERT = insert(feed_event)
_READ = (
    select(feed_event)
    .where(feed_event.c.position > bindparam("after"))
    .order_by(feed_event.c.position)
    .limit(bindparam("most"))
)
_LAST = (
    select(feed_event.c.position, feed_event.c.chain)
    .where(feed_event.c.event_id.in_(bindparam("ids", expanding=True)))
    .order_by(feed_event.c.position.desc())
    .limit(1)
)


class Position(NamedTuple):
    """How far somebody has read: the last row, and the hash over all until there."""

    number: int = 0
    chain: str = ""


_START = Position()


@dataclass(frozen=True, slots=True)
class Page:
    """What comes after a position. `other_past`: this feed never had that position; nothing was read then."""

    messages: Sequence[Message] = ()
    position: Position = _START
    full: bool = False
    other_past: bool = False


def push(connection: Connection, messages: Sequence[Message], *, new: bool = False) -> int:
    """Append what the feed does not have; how many that were. The caller commits. Raises FeedError.

    `new`: the caller thinks that it has none of them. That saves two questions; when he errs, the database refuses.
    """
    ids = {one.event_id for one in messages}
    missing = ids if new else set(unknown(connection, sorted(ids)))
    if not missing:
        return 0
    row = connection.execute(_COUNTER).first()
    if row is None:
        raise FeedError("the feed has lost its counter; restore it from a backup")
    if not new:
        missing = set(unknown(connection, sorted(missing)))  # now nobody else writes
    position = Position(row.last, row.chain)
    rows = []
    for message in messages:
        if message.event_id in missing:
            missing.remove(message.event_id)
            position = _after(position, message)
            rows.append(_row(message, position))
    if rows:
        _write(connection, rows, position)
    return len(rows)


def _write(connection: Connection, rows: list[dict[str, object]], last: Position) -> None:
    connection.execute(_INSERT, rows)
    counted = f"UPDATE feed_counter SET last = {last.number:d}, chain = '{last.chain}' WHERE id = 1"  # noqa: S608
    if connection.dialect.name == "postgresql":  # both in one message, which has no parameters
        counted += f"; NOTIFY {CHANNEL}"
    connection.execute(text(counted))


def following(position: Position, messages: Sequence[Message]) -> Position:
    """PURE: where these stand when they come next after a position."""
    for message in messages:
        position = _after(position, message)
    return position


def unknown(connection: Connection, event_ids: Sequence[str]) -> list[str]:
    """Those that the feed does not have."""
    query = select(feed_event.c.event_id).where(feed_event.c.event_id.in_(event_ids))
    known = set(connection.execute(query).scalars())
    return [one for one in event_ids if one not in known]


def last_of(connection: Connection, messages: Sequence[Message]) -> Position:
    """Where the last of these stands."""
    row = connection.execute(_LAST, {"ids": list({one.event_id for one in messages})}).first()
    if row is None:
        raise FeedError("the feed has lost what was just appended")
    return Position(row.position, row.chain)


def pull(connection: Connection, after: Position, limit: int, own: Position = _START) -> Page:
    """At most `limit` rows after a position, in order. Raises FeedError for a feed with a hole.

    `own`: what the caller has appended there, and may not have read yet.
    """
    if own.number > after.number and _other(read(connection, own.number - 1, 1), own):
        return Page(other_past=True)
    rows = read(connection, max(0, after.number - 1), limit + 1 if after.number else limit)
    if after.number:
        if _other(rows, after):
            return Page(other_past=True)
        del rows[0]
    if not rows:
        return Page(position=after)
    if rows[-1].position != after.number + len(rows):
        raise FeedError(f"the feed has a hole after position {after.number}; restore it from a backup")
    messages = [Message(**{one.name: row._mapping[one.name] for one in _COLUMNS}) for row in rows]
    return Page(messages, Position(rows[-1].position, rows[-1].chain), len(rows) == limit)


def _other(rows: Sequence[Row[Any]], wanted: Position) -> bool:
    """Does the first row stand elsewhere, or follow other rows?"""
    return not rows or Position(rows[0].position, rows[0].chain) != wanted


def read(connection: Connection, after: int, limit: int) -> list[Row[Any]]:
    """At most `limit` rows of `feed_event` after a position, in order."""
    return list(connection.execute(_READ, {"after": after, "most": limit}))


def last_position(connection: Connection) -> int:
    """Of the feed's newest row."""
    return connection.execute(select(feed_counter.c.last).where(feed_counter.c.id == 1)).scalar() or 0


def _after(position: Position, message: Message) -> Position:
    number = position.number + 1
    told = f"{position.chain} {number} {message.event_id} {message.site} {message.kind} {message.body}"
    return Position(number, hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest())


def _row(message: Message, position: Position) -> dict[str, object]:
    values: dict[str, object] = {one.name: getattr(message, one.name) for one in _COLUMNS}
    return values | {"position": position.number, "chain": position.chain}


def broken_links(rows: Sequence[Row[Any]], before: Position) -> list[int]:
    """PURE: positions whose hash does not follow from the row before: something was changed there.

    Rows that were made bare have the hash of what they said (`models.sync.erasing` asks for whom).
    """
    found = []
    for row in rows:
        message = Message(**{one.name: row._mapping[one.name] for one in _COLUMNS})
        follows = _after(before, message) == Position(row.position, row.chain)
        if not follows and (erased_by(row.body) is None or row.position != before.number + 1):
            found.append(row.position)
        before = Position(row.position, row.chain)
    return found
