"""What the list holds, row by row and in numbers: for exports and reports of any size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from models.rows import entry_from_row
from models.store import Store
from models.suppression import ALL, Entry
from models.tables import LOADING, batch, call_check, entry, from_micros, list_event

_CHUNK = 10_000  # rows
_SOON = timedelta(days=30)


def every(store: Store) -> Iterator[Entry]:
    """All entries in the order of their numbers; one at a time, whatever their number. Raises StoreError."""
    query = select(*entry.c, batch.c.undone_at).outerjoin(batch, batch.c.id == entry.c.batch)
    query = query.where(or_(entry.c.batch == "", batch.c.state != LOADING))
    query = query.order_by(entry.c.number, entry.c.last, entry.c.campaign, entry.c.allow)
    with store.reading() as connection:
        for row in connection.execution_options(yield_per=_CHUNK).execute(query):
            found = entry_from_row(row[:-1])
            yield found if row.undone_at is None else replace(found, revoked_at=from_micros(row.undone_at))


def in_force(store: Store, at: datetime, campaign: str | None = None) -> Iterator[Entry]:
    """What holds at a moment; with a campaign, what holds for its calls. Raises StoreError."""
    for one in every(store):
        if one.holds(at) and (campaign is None or one.covers(campaign)):
            yield one


@dataclass(slots=True)
class Stats:
    """Counts of entries. `numbers`, `ranges` and `allowed` are in force; `campaigns` too, by name."""

    numbers: int = 0
    ranges: int = 0
    allowed: int = 0
    ends_soon: int = 0
    expired: int = 0
    undone: int = 0
    events: int = 0
    checks: int = 0
    campaigns: dict[str, int] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)


def stats(store: Store, at: datetime) -> Stats:
    """Everything once. Raises StoreError."""
    found = Stats()
    for one in every(store):
        _count(found, one, at)
    with store.reading() as connection:
        found.events = connection.execute(select(func.count()).select_from(list_event)).scalar() or 0
        found.checks = connection.execute(select(func.count()).select_from(call_check)).scalar() or 0
    return found


def _count(found: Stats, one: Entry, at: datetime) -> None:
    if one.revoked_at is not None:
        found.undone += 1
    elif not one.holds(at):
        found.expired += 1
    else:
        found.allowed += one.allow
        found.ranges += one.last is not None and not one.allow
        found.numbers += one.last is None and not one.allow
        found.ends_soon += one.expires_at is not None and one.expires_at < at + _SOON
        found.sources[one.source] = found.sources.get(one.source, 0) + 1
        if one.campaign != ALL:
            found.campaigns[one.campaign] = found.campaigns.get(one.campaign, 0) + 1
