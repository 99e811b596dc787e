"""What the feed says -> this host's tables. Taking the same rows in twice changes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from models.store import refold_many
from models.suppression import Key
from models.sync import facts, state
from models.sync.message import ImportNews, Message, to_event, to_import
from models.tables import DONE, LOADING, UNDONE, batch, list_event

# made once: to make them is as much work as to run them
_KNOWN = select(list_event.c.event_id).where(list_event.c.event_id.in_(bindparam("ids", expanding=True)))
_INSERT = insert(list_event)


@dataclass(frozen=True, slots=True)
class Taken:
    """How many rows of `list_event` and of `fact` were inserted last, and the imports whose row was written; `settles`:
    something is left to do for `models.sync.settle`."""

    events: int
    imports: Sequence[str]
    settles: bool = False
    facts: int = 0


def take_in(connection: Connection, messages: Sequence[Message]) -> Taken:
    """In the caller's transaction. Raises message.Unreadable.

    Rows of an import wait until it is done; everything else holds with the commit.
    """
    known = _known(connection, [one.event_id for one in messages])
    rows, imports = [], []
    new, orders = facts.take_in(connection, messages)
    for message in messages:
        if message.kind == facts.KIND:
            continue
        if message.about_import:
            imports += _take_news(connection, message)
        elif message.event_id not in known:
            known.add(message.event_id)
            rows.append(to_event(message))
    if rows:
        connection.execute(_INSERT, rows)
        refold_many(connection, _keys(connection, rows))
    orders += facts.again(connection, _oldest(messages))
    settles = orders > 0 or any(message.about_import for message in messages)
    return Taken(len(rows), list(dict.fromkeys(imports)), settles, new)


def _oldest(messages: Sequence[Message]) -> dict[int, int]:
    """Number -> when the first of its rows was recorded."""
    found: dict[int, int] = {}
    for message in messages:
        if message.number is not None:
            found[message.number] = min(message.recorded_at, found.get(message.number, message.recorded_at))
    return found


def _known(connection: Connection, event_ids: list[str]) -> set[str]:
    return set(connection.execute(_KNOWN, {"ids": event_ids}).scalars())


def _keys(connection: Connection, rows: list[dict[str, Any]]) -> list[Key]:
    """The entries that change now."""
    names = {row["batch"] for row in rows} - {""}
    loading: set[str] = set()
    if names:
        query = select(batch.c.id).where(batch.c.id.in_(names), batch.c.state == LOADING)
        loading = set(connection.execute(query).scalars())
    changing = [row for row in rows if row["batch"] not in loading]
    return list({Key(row["number"], row["last"], row["campaign"], bool(row["allow"])): None for row in changing})


def _take_news(connection: Connection, message: Message) -> list[str]:
    """The ids of imports whose row says something else now."""
    values = to_import(message)
    if message.kind == ImportNews.BEGIN:
        row = {name: value for name, value in values.items() if not name.startswith("undone")}
        statement = insert_or(batch).values(state=LOADING, undone_by="", **row)
        # what is left of an own one, in whose middle the backup was made, is the feed's now: nobody may remove it
        statement = statement.on_conflict_do_update(
            index_elements=["id"], set_={"site": message.site}, where=(batch.c.state == LOADING) & (batch.c.site == "")
        )
        new = connection.execute(statement).rowcount
        return [row["id"]] * new
    mine = batch.c.id == values["id"]
    if message.kind == ImportNews.DONE:
        counts = {"listings": values["listings"], "refused": values["refused"]}
        heard = connection.execute(
            update(batch).where(mine, batch.c.feed_state == "").values(feed_state=DONE, **counts)
        )
        return [values["id"]] * heard.rowcount
    connection.execute(update(batch).where(mine).values(feed_state=UNDONE))
    found = connection.execute(select(batch.c.state, batch.c.undone_at).where(mine)).first()
    if found is not None and (found.state != UNDONE or found.undone_at != values["undone_at"]):
        told = {"at": values["undone_at"], "by": values["undone_by"]}
        state.put(connection, state.UNDO + values["id"], json.dumps(told))
    return []
