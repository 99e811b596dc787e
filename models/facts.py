"""Rows of `fact`: campaigns, consents, complaints. Appended, never edited; what holds is the sum of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, insert, select

from models.campaign import Campaign, campaign_of, data_of
from models.consent import Act, ConsentEvent
from models.errors import CampaignError
from models.evidence.sources import FACT
from models.query import Query
from models.store import Store, lock_for_writing
from models.tables import fact, from_micros, to_micros

CAMPAIGN, COMPLAINT, ANSWERED = "campaign", "complaint", "answered"
CONSENTS = tuple(act.value for act in Act)


@dataclass(frozen=True, slots=True)
class Fact:
    """One of them. `number` is E.164, None when it is about nobody; `seq` 0 until the store has given one."""

    event_id: UUID
    kind: str
    subject: str
    at: datetime
    source: str
    actor: str = ""
    number: int | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    site: str = ""
    seq: int = 0


def record(store: Store, facts: Sequence[Fact]) -> int:
    """Append, durably, in one transaction; how many were new. Idempotent by `event_id`. Raises StoreError."""
    with store.writing() as connection:
        return record_in(store, connection, facts)


def record_in(store: Store, connection: Connection, facts: Sequence[Fact]) -> int:
    """The same in the caller's transaction."""
    new = append(connection, facts)
    store.seal(connection, FACT, new)
    return new


def append(connection: Connection, facts: Sequence[Fact]) -> int:
    """Rows alone; the caller seals the newest ones, as many as were new."""
    lock_for_writing(connection)
    ids = [str(one.event_id) for one in facts]
    known: set[str] = set()
    for start in range(0, len(ids), 500):
        query = select(fact.c.event_id).where(fact.c.event_id.in_(ids[start : start + 500]))
        known.update(connection.execute(query).scalars())
    now = to_micros(datetime.now(UTC))
    rows = {str(one.event_id): _row(one, now) for one in facts if str(one.event_id) not in known}
    if rows:
        connection.execute(insert(fact), list(rows.values()))
    return len(rows)


def _row(one: Fact, now: int) -> dict[str, object]:
    return {
        "event_id": str(one.event_id),
        "kind": one.kind,
        "number": one.number,
        "subject": one.subject,
        "at": to_micros(one.at),
        "recorded_at": now,
        "source": one.source[:40],
        "actor": one.actor[:200],
        "body": json.dumps(dict(one.body), sort_keys=True),
        "site": one.site,
    }


def of_row(row: Row[Any] | Sequence[Any]) -> Fact:
    """A row in the order of its columns. Raises ValueError for what this program never wrote."""
    seq, event_id, kind, number, subject, at, _recorded, source, actor, body, site = tuple(row)
    try:
        return Fact(
            UUID(event_id), kind, subject, from_micros(at), source, actor, number, json.loads(body), site, int(seq)
        )
    except (TypeError, OverflowError, AttributeError) as error:
        raise ValueError(f"fact {seq} is unreadable ({error})") from error


def dated(now: datetime, before: Sequence[Fact]) -> datetime:
    """When a change happens: after everything that is known of its subject, also by a clock that was set back. Else it
    would be the older one, and would change nothing."""
    return max([now, *(one.at + timedelta(microseconds=1) for one in before)])


def consent_of(one: Fact) -> ConsentEvent:
    """A grant or a withdrawal. Raises ValueError."""
    until = one.body.get("expires_at")
    return ConsentEvent(
        one.event_id,
        Act(one.kind),
        one.number or 0,
        one.at,
        one.source,
        one.subject,
        str(one.body.get("channel", "call")),
        str(one.body.get("proof", "")),
        one.actor,
        None if until is None else datetime.fromisoformat(until),
        one.seq,
    )


def fact_of(one: ConsentEvent) -> Fact:
    """The reverse."""
    body: dict[str, Any] = {"channel": one.channel, "proof": one.proof}
    if one.expires_at is not None:
        body["expires_at"] = one.expires_at.astimezone(UTC).isoformat()
    return Fact(one.event_id, one.act.value, one.topic.lower(), one.at, one.source, one.actor, one.number, body)


def campaign_fact(event_id: UUID, campaign: Campaign, at: datetime, actor: str) -> Fact:
    """A campaign as it is from now on."""
    return Fact(event_id, CAMPAIGN, campaign.name.lower(), at, "cli", actor, body=data_of(campaign))


def campaigns_of(facts: Sequence[Fact]) -> dict[str, Campaign]:
    """The newest of each name, by lower-case name; removed ones are none. In whatever order they arrived, the same.

    Raises ValueError.
    """
    ordered = sorted(facts, key=lambda one: (one.at, one.event_id))
    newest = {one.subject: one for one in ordered if one.kind == CAMPAIGN}
    try:
        found = {name: campaign_of(one.body) for name, one in newest.items()}
    except CampaignError as error:
        raise ValueError(str(error)) from error
    return {name: one for name, one in found.items() if one.state != "removed"}


def read(store: Store, *kinds: str, number: int | None = None, subject: str | None = None) -> list[Fact]:
    """Facts of these kinds in the order of recording. Raises StoreError."""
    query = select(fact).where(fact.c.kind.in_(kinds)).order_by(fact.c.seq)
    if number is not None:
        query = query.where(fact.c.number == number)
    if subject is not None:
        query = query.where(fact.c.subject == subject)
    with store.reading() as connection:
        return [of_row(row) for row in connection.execute(query)]


def by_id(store: Store, event_id: UUID) -> Fact | None:
    """The one of this id. Raises StoreError."""
    with store.reading() as connection:
        row = connection.execute(select(fact).where(fact.c.event_id == str(event_id))).first()
    return None if row is None else of_row(row)


def by_ids(store: Store, event_ids: Sequence[UUID]) -> dict[UUID, Fact]:
    """Those of these ids that there are. Raises StoreError."""
    found: dict[UUID, Fact] = {}
    with store.reading() as connection:
        for start in range(0, len(event_ids), 500):
            some = [str(one) for one in event_ids[start : start + 500]]
            rows = connection.execute(select(fact).where(fact.c.event_id.in_(some)))
            found |= {one.event_id: one for one in map(of_row, rows)}
    return found


# for the look-up of a call: without SQLAlchemy's own overhead
# its id too: a list that was put back from a backup gives the same numbers again
LAST_CAMPAIGN = Query(
    select(fact.c.seq, fact.c.event_id).where(fact.c.kind == CAMPAIGN).order_by(fact.c.seq.desc()).limit(1)
)
CAMPAIGNS = Query(select(fact).where(fact.c.kind == CAMPAIGN).order_by(fact.c.seq))
OF_NUMBER = Query(select(fact).where(fact.c.number == bindparam("n")).order_by(fact.c.seq))
