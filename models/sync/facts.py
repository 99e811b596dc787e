"""Campaigns, consents and complaints in the feed: rows of `fact`, told once, taken in once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, or_, select

from models.forgetting import ERASED, FORGET, told
from models.sync import state
from models.sync.message import Message, Unreadable, read_body
from models.sync.outbox import Parcel, some
from models.tables import fact

KIND = "fact"
VERSION = 2  # a program that has no facts stops there and says so
ORDERS = 3  # one that cannot forget must not pass over it
PUSHED, _AGAIN = "pushed-facts", "again-facts"
_TEXTS = ("fact", "subject", "source", "actor", "content")


def next_facts(connection: Connection, site: str, limit: int, end: int) -> Parcel:
    """What the feed does not have, in the order of recording, up to the last one that `due` has seen."""
    pushed, again = state.number(connection, PUSHED), state.number(connection, _AGAIN)
    query = select(fact).where(fact.c.seq > pushed, fact.c.seq <= end, or_(fact.c.site == "", fact.c.seq <= again))
    rows, more = some(connection, query.order_by(fact.c.seq).limit(limit), limit)
    reached = rows[-1]["seq"] if more else end
    return Parcel([of_row(row, site) for row in rows], lambda to: state.put(to, PUSHED, reached), more)


def start_over(connection: Connection) -> None:
    """The feed has another past: what it lacks is told again, whoever has recorded it."""
    end = connection.execute(select(func.max(fact.c.seq))).scalar() or 0
    state.put(connection, PUSHED, 0)
    state.put(connection, _AGAIN, end)


def of_row(row: Any, site: str) -> Message:
    """PURE: a row of `fact` as a row of the feed."""
    names = {"fact": "kind", "subject": "subject", "source": "source", "actor": "actor", "content": "body"}
    body = {name: row[column] for name, column in names.items()} | {"at": row["at"], "number": row["number"]}
    version = ORDERS if row["kind"] == FORGET else VERSION
    return Message(
        row["event_id"], row["site"] or site, KIND, row["recorded_at"], json.dumps(body), row["number"], version
    )


def to_row(message: Message) -> dict[str, Any]:
    """PURE: the reverse. Raises Unreadable."""
    values = read_body(message, ORDERS)
    number = values.get("number")
    try:
        UUID(message.event_id)
        datetime(1970, 1, 1) + timedelta(microseconds=values["at"])
        if not all(isinstance(values[name], str) for name in _TEXTS) or not isinstance(number, int | None):
            raise ValueError("a value of another type")
        if values["fact"] == FORGET and not isinstance(number, int):
            raise ValueError("an order about nobody")
        if not isinstance(json.loads(values["content"]), dict):
            raise ValueError("content")
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise Unreadable(f"fact {message.event_id} of {message.site}: {error!r}") from error
    own = {"event_id": message.event_id, "site": message.site, "recorded_at": message.recorded_at}
    told = {"subject": values["subject"], "source": values["source"], "actor": values["actor"]}
    return own | told | {"kind": values["fact"], "at": values["at"], "number": number, "body": values["content"]}


def take_in(connection: Connection, messages: Sequence[Message]) -> tuple[int, int]:
    """Those that are new, in the caller's transaction; how many these are, and how many orders to forget there are.
    Raises Unreadable.

    An order that is read again is carried out again: what it stands against was read again too.
    """
    found = [to_row(message) for message in messages if message.kind == KIND]
    rows = {row["event_id"]: row for row in found if row["kind"] != ERASED}
    if not rows:
        return 0, 0
    known = set(connection.execute(select(fact.c.event_id).where(fact.c.event_id.in_(rows))).scalars())
    new = [row for event_id, row in rows.items() if event_id not in known]
    if new:
        connection.execute(insert(fact), new)
    orders = [row for row in rows.values() if row["kind"] == FORGET]
    for row in orders:
        put_order(connection, row["event_id"], row["number"], row["actor"], row["at"])
    return len(new), len(orders)


def put_order(connection: Connection, event_id: str, number: int, actor: str, at: int) -> None:
    """To be carried out by `models.sync.settle`."""
    state.put(connection, state.FORGET + event_id, told(number, actor, at))


_ANY_ORDER = str(
    select(fact.c.seq).where(fact.c.kind == FORGET).limit(1).compile(compile_kwargs={"literal_binds": True})
)


def again(connection: Connection, recorded: Mapping[int, int]) -> int:
    """Orders to carry out once more, because rows have arrived that are older than they: number -> when the oldest of
    its rows was recorded. How many there are."""
    if not recorded or connection.exec_driver_sql(_ANY_ORDER).first() is None:
        return 0
    query = select(fact).where(fact.c.number.in_(recorded), fact.c.kind == FORGET)
    rows = [row for row in connection.execute(query) if recorded[row.number] <= row.at]
    for row in rows:
        put_order(connection, row.event_id, row.number, row.actor, row.at)
    return len(rows)
