"""Calls that went round the gate, as they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from models.evidence.sources import BYPASS
from models.rows import clean
from models.store import Store
from models.tables import bypass, from_micros, to_micros


@dataclass(frozen=True, slots=True)
class Passed:
    """One leg. `caller`, `place`: the channel that dialled it, and where; empty when none did. `reason`: how it
    probably came about; `took_ms`: until it was hung up, None when it was not."""

    at: datetime
    system: str
    number: int | None
    dialled: str
    channel: str
    uniqueid: str
    linkedid: str
    caller: str
    place: str
    campaign: str
    reason: str
    action: str
    took_ms: int | None = None


_TEXTS = {
    "dialled": 200,
    "channel": 200,
    "uniqueid": 150,
    "linkedid": 150,
    "caller": 200,
    "place": 200,
    "campaign": 64,
    "reason": 40,
    "action": 20,
    "system": 40,
}


def add(store: Store, one: Passed) -> bool:
    """Durable on return; False: it was known. Raises StoreError."""
    values: dict[str, object] = {name: clean(getattr(one, name), most) for name, most in _TEXTS.items()}
    values |= {"at": to_micros(one.at), "recorded_at": to_micros(datetime.now(UTC))}
    values |= {"number": one.number, "took_ms": one.took_ms}
    statement = insert(bypass).values(values).on_conflict_do_nothing(index_elements=["system", "uniqueid"])
    with store.writing() as connection:
        new = connection.execute(statement).rowcount == 1
        store.seal(connection, BYPASS, int(new))
    return new


def passed_since(store: Store, since: datetime, until: datetime) -> Iterator[Passed]:
    """In the order of time. Raises StoreError."""
    query = select(bypass).where(bypass.c.at >= to_micros(since), bypass.c.at < to_micros(until))
    with store.reading() as connection:
        for row in connection.execute(query.order_by(bypass.c.at, bypass.c.seq)):
            values = {name: row._mapping[name] for name in (*_TEXTS, "number", "took_ms")}
            yield Passed(at=from_micros(row.at), **values)
