"""Rows of the feed about persons who asked to be forgotten, made bare by the owner of the tables.

The hash of a row stays as it was, so the rows that follow it still do; that its body no longer gives that hash is
accepted of a row that names an intact, later order about its person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, func, select, update

from models.forgetting import FORGET, bare_bodies, erased_by
from models.sync.facts import KIND, ORDERS, to_row
from models.sync.message import Message, Unreadable
from models.tables import contact, feed_event


class Order(NamedTuple):
    """Where it stands in the feed, its id, about whom, and when it was given (microseconds)."""

    position: int
    event_id: str
    number: int
    at: int


def forget_orders(feed: Connection) -> list[Order]:
    """All of the feed, in order."""
    query = select(feed_event).where(feed_event.c.kind == KIND, feed_event.c.version == ORDERS)
    return list(filter(None, map(_order, feed.execute(query.order_by(feed_event.c.position)))))


def _order(row: Row[Any]) -> Order | None:
    if row.kind != KIND or row.version != ORDERS or row.number is None:
        return None
    message = Message(row.event_id, row.site, row.kind, row.recorded_at, row.body, row.number, ORDERS)
    try:
        told = to_row(message)
    except Unreadable:
        return None
    return Order(row.position, row.event_id, row.number, told["at"]) if told["kind"] == FORGET else None


def bare_rows(feed: Connection, order: Order, *, dry: bool = False) -> int:
    """Make the older rows about this person bare, in the caller's transaction; how many were not yet."""
    mine = (feed_event.c.number == order.number) & (feed_event.c.recorded_at <= order.at)
    rows = [dict(row._mapping) for row in feed.execute(select(feed_event).where(mine))]
    found = bare_bodies(rows, order.number, order.event_id)
    for position, (number, body) in found.items() if not dry else ():
        feed.execute(update(feed_event).where(feed_event.c.position == position).values(number=number, body=body))
    return len(found)


def erase_contacts(feed: Connection, order: Order, *, dry: bool = False) -> int:
    """Calls that caps of all sites counted."""
    theirs = (contact.c.number == order.number) & (contact.c.at <= order.at)
    if dry:
        return feed.execute(select(func.count()).select_from(contact).where(theirs)).scalar() or 0
    return feed.execute(delete(contact).where(theirs)).rowcount


@dataclass(slots=True)
class Bare:
    """PURE: the bare rows that a reading of the feed has met, and the intact orders. `erased`: position -> id of the
    order that it names, number (None: not even that stays) and when it was recorded."""

    erased: dict[int, tuple[str, int | None, int]] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)

    def take(self, rows: Sequence[Row[Any]], broken: set[int]) -> None:
        """Some more rows; `broken`: positions that do not follow from the row before them."""
        for row in rows:
            if (by := erased_by(row.body)) is not None:
                self.erased[row.position] = by, row.number, row.recorded_at
            elif row.position not in broken and (order := _order(row)) is not None:
                self.orders[order.event_id] = order

    def unordered(self) -> list[int]:
        """Bare rows for which there is no such order."""
        return [position for position in self.erased if not self._is_ordered(position)]

    def _is_ordered(self, position: int) -> bool:
        by, number, recorded_at = self.erased[position]
        order = self.orders.get(by)
        return order is not None and number in (None, order.number) and recorded_at <= order.at
