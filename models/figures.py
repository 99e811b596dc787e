"""Service figures of a time: what the gate decided, who opted out, how callers fared, what went round the gate."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from models.incoming import Incoming, callers
from models.store import Store
from models.tables import (
    DONE,
    batch,
    bypass,
    call_check,
    callback,
    contact,
    from_micros,
    list_event,
    listening_gap,
    to_micros,
)

_HOUR = 3_600_000_000  # microseconds
_ASKED_ONLY = ("cli", "scrub")  # nobody was called


@dataclass(slots=True)
class Reception:
    """How callers fared. Waits in seconds; `in_target`: answered within the target."""

    callers: int = 0
    answered: int = 0
    in_target: int = 0
    abandoned: int = 0
    left_in_menu: int = 0
    average_wait: float | None = None
    wait_90: float | None = None
    longest_wait: float | None = None
    by_menu: dict[str, int] = field(default_factory=dict)  # "menu happening": where callers left
    by_guard: dict[str, int] = field(default_factory=dict)  # why the operator got them

    @property
    def service_level(self) -> float | None:
        """Share of callers answered within the target, 0 to 1."""
        return self.in_target / self.callers if self.callers else None


@dataclass(slots=True)
class Figures:
    """`hours`: the hour's begin -> calls allowed and refused. Gaps in seconds."""

    since: datetime
    until: datetime
    target: timedelta
    allowed: int = 0
    refused: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    campaigns: dict[str, tuple[int, int]] = field(default_factory=dict)
    opt_outs: dict[str, int] = field(default_factory=dict)  # by the campaign of the call; empty: none
    listed: dict[str, int] = field(default_factory=dict)  # by source, imports aside
    imported: int = 0  # listings of imports that count
    removed: int = 0
    contacts: dict[str, dict[str, int]] = field(default_factory=dict)  # campaign -> state -> how many
    callbacks: dict[str, dict[str, int]] = field(default_factory=dict)  # kind -> state -> how many
    bypasses: dict[str, int] = field(default_factory=dict)  # by reason
    hung_up: int = 0
    gaps: int = 0
    gaps_open: int = 0
    gap_seconds: float = 0.0
    reception: Reception = field(default_factory=Reception)
    hours: dict[datetime, tuple[int, int]] = field(default_factory=dict)


def figures(store: Store, since: datetime, until: datetime, target: timedelta) -> Figures:
    """Of calls and callers that began in that time. Raises StoreError."""
    found = Figures(since, until, target)
    span = to_micros(since), to_micros(until)
    with store.reading() as connection:
        _checks(connection, found, span)
        _list(connection, found, span)
        _imports(connection, found, span)
        _bypasses(connection, found, span)
        _gaps(connection, found, span)
        _contacts(connection, found, span)
        _callbacks(connection, found, span)
    found.reception = reception(callers(store, since, until), target)
    return found


def reception(rows: Iterable[Incoming], target: timedelta) -> Reception:
    """PURE: from the callers."""
    found, waits = Reception(), []
    menus: Counter[str] = Counter()
    guards: Counter[str] = Counter()
    for one in rows:
        found.callers += 1
        if one.guard:
            guards[one.guard] += 1
        if one.outcome == "answered":
            found.answered += 1
            found.in_target += one.wait <= target
            waits.append(one.wait / timedelta(seconds=1))
        elif one.outcome == "abandoned":
            found.abandoned += 1
        else:
            found.left_in_menu += 1
            menus[f"{one.menu} {one.happening}".strip()] += 1
    waits.sort()
    if waits:
        found.average_wait, found.longest_wait = sum(waits) / len(waits), waits[-1]
        found.wait_90 = waits[math.ceil(len(waits) * 0.9) - 1]
    found.by_menu, found.by_guard = dict(menus.most_common()), dict(guards.most_common())
    return found


def _checks(connection: Connection, found: Figures, span: tuple[int, int]) -> None:
    hour = (call_check.c.at / _HOUR) if connection.dialect.name != "sqlite" else call_check.c.at.op("/")(_HOUR)
    columns = (call_check.c.verdict, call_check.c.reason, call_check.c.campaign, hour.label("hour"))
    query = select(*columns, func.count().label("calls")).group_by(*columns)
    query = query.where(call_check.c.at >= span[0], call_check.c.at < span[1], call_check.c.via.not_in(_ASKED_ONLY))
    for verdict, reason, campaign, at, count in connection.execute(query):
        allowed = count if verdict == "ALLOW" else 0
        found.allowed, found.refused = found.allowed + allowed, found.refused + count - allowed
        if not allowed:
            found.reasons[reason] = found.reasons.get(reason, 0) + count
        _add(found.campaigns, campaign, allowed, count - allowed)
        _add(found.hours, from_micros(int(at) * _HOUR), allowed, count - allowed)


def _add(into: dict[Any, tuple[int, int]], key: object, allowed: int, refused: int) -> None:
    before = into.get(key, (0, 0))
    into[key] = before[0] + allowed, before[1] + refused


def _list(connection: Connection, found: Figures, span: tuple[int, int]) -> None:
    said = func.json_extract(list_event.c.evidence, "$.campaign")
    columns = (list_event.c.kind, list_event.c.source, said.label("said"))
    query = select(*columns, func.count().label("events")).group_by(*columns)
    query = query.where(list_event.c.at >= span[0], list_event.c.at < span[1], list_event.c.batch == "")
    for kind, source, campaign, count in connection.execute(query.where(list_event.c.allow == 0)):
        if kind != "add":
            found.removed += count
            continue
        found.listed[source] = found.listed.get(source, 0) + count
        if source == "key":
            found.opt_outs[campaign or ""] = found.opt_outs.get(campaign or "", 0) + count


def _imports(connection: Connection, found: Figures, span: tuple[int, int]) -> None:
    query = select(func.coalesce(func.sum(batch.c.listings), 0)).where(batch.c.state == DONE)
    found.imported = int(connection.execute(query.where(batch.c.at >= span[0], batch.c.at < span[1])).scalar_one())


def _bypasses(connection: Connection, found: Figures, span: tuple[int, int]) -> None:
    query = select(bypass.c.reason, bypass.c.action, func.count()).group_by(bypass.c.reason, bypass.c.action)
    for reason, action, count in connection.execute(query.where(bypass.c.at >= span[0], bypass.c.at < span[1])):
        found.bypasses[reason] = found.bypasses.get(reason, 0) + count
        found.hung_up += count if action == "hangup" else 0


def _gaps(connection: Connection, found: Figures, span: tuple[int, int]) -> None:
    table = listening_gap
    query = select(table.c.began, table.c.ended, table.c.state).where(table.c.began < span[1])
    for began, ended, state in connection.execute(query):
        if ended is not None and ended < span[0]:
            continue
        found.gaps += 1
        found.gaps_open += state in ("open", "unreconciled")
        found.gap_seconds += (min(ended or span[1], span[1]) - max(began, span[0])) / 1e6


def _contacts(connection: Connection, found: Figures, span: tuple[int, int]) -> None:
    columns = (contact.c.campaign, contact.c.state)
    query = select(*columns, func.count()).group_by(*columns)
    for campaign, state, count in connection.execute(query.where(contact.c.at >= span[0], contact.c.at < span[1])):
        found.contacts.setdefault(campaign, {})[state] = count


def _callbacks(connection: Connection, found: Figures, span: tuple[int, int]) -> None:
    columns, asked = (callback.c.kind, callback.c.state), callback.c.asked_at
    query = select(*columns, func.count()).group_by(*columns)
    for kind, state, count in connection.execute(query.where(asked >= span[0], asked < span[1])):
        found.callbacks.setdefault(kind, {})[state] = count
