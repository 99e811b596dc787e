"""How callers fared, as it is kept: no number, only what the figures need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from models.rows import clean
from models.store import Store
from models.tables import from_micros, incoming, to_micros


@dataclass(frozen=True, slots=True)
class Incoming:
    """One caller. `wait`: from the beginning until somebody answered, or until he gave up. `menu`: the last one;
    `guard`: why the operator got him; `outcome`: answered, abandoned, left-in-menu."""

    at: datetime
    system: str
    uniqueid: str
    outcome: str
    wait: timedelta
    length: timedelta
    menus: int = 0
    menu: str = ""
    happening: str = ""
    guard: str = ""


def add(store: Store, rows: Sequence[Incoming]) -> None:
    """Durable on return; the same caller is written once. Raises StoreError."""
    statement = insert(incoming).on_conflict_do_nothing(index_elements=["system", "uniqueid"])
    with store.writing() as connection:
        connection.execute(statement, [_values(one) for one in rows])


def _values(one: Incoming) -> dict[str, object]:
    return {
        "at": to_micros(one.at),
        "system": clean(one.system, 40),
        "uniqueid": clean(one.uniqueid, 150),
        "outcome": one.outcome,
        "wait_ms": one.wait // timedelta(milliseconds=1),
        "length_ms": one.length // timedelta(milliseconds=1),
        "menus": one.menus,
        "menu": clean(one.menu, 80),
        "happening": clean(one.happening, 20),
        "guard": clean(one.guard, 40),
    }


def callers(store: Store, since: datetime, until: datetime) -> Iterator[Incoming]:
    """Who called in that time. Raises StoreError."""
    query = select(incoming).where(incoming.c.at >= to_micros(since), incoming.c.at < to_micros(until))
    with store.reading() as connection:
        for row in connection.execution_options(yield_per=10_000).execute(query.order_by(incoming.c.at)):
            yield Incoming(
                from_micros(row.at),
                row.system,
                row.uniqueid,
                row.outcome,
                timedelta(milliseconds=row.wait_ms),
                timedelta(milliseconds=row.length_ms),
                row.menus,
                row.menu,
                row.happening,
                row.guard,
            )
