"""What is kept about a number or a period, in the order of time, each row with its link of the chain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, or_, select

from concierge.dossier.words import told_of_check, told_of_event
from concierge.errors import UserError
from models.evidence.sources import BYPASS, CHECK, EVENT
from models.evidence.verify import Verified
from models.store import Store
from models.tables import batch, bypass, call_check, evidence_link, from_micros, list_event, to_micros

VERSION = 1
MOST = 100_000  # rows of one table


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of which number (E.164; None: all), and since when (None: ever)."""

    number: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def dossier(store: Store, wanted: Wanted, verified: Verified, now: datetime, site: str) -> dict[str, Any]:
    """Values of JSON. Raises StoreError, UserError when it is too much for one dossier."""
    with store.reading() as connection:
        events = [_event(connection, row) for row in _rows(connection, list_event, wanted)]
        checks = [_check(connection, row) for row in _rows(connection, call_check, wanted)]
        bypasses = [_bypass(connection, row) for row in _rows(connection, bypass, wanted)]
        imports = _imports(connection, {row["import"] for row in events if row["import"]})
    entries = [] if wanted.number is None else [_entry(one, now) for one in store.entries(wanted.number)]
    history = sorted([*events, *checks, *bypasses], key=lambda row: (row["at"], row["what"], row["seq"]))
    return {
        "version": VERSION,
        "number": None if wanted.number is None else f"+{wanted.number}",
        "since": wanted.since and wanted.since.isoformat(),
        "until": wanted.until and wanted.until.isoformat(),
        "made_at": now.isoformat(),
        "site": site,
        "summary": summary(entries, events, checks, bypasses),
        "entries": entries,
        "history": history,
        "imports": imports,
        "verified": verified_facts(verified),
    }


def summary(
    entries: Sequence[dict[str, Any]],
    events: Sequence[dict[str, Any]],
    checks: Sequence[dict[str, Any]],
    bypasses: Sequence[dict[str, Any]],
) -> list[str]:
    """PURE: the answer in a few sentences."""
    told = []
    holding = [one for one in entries if one["in_force"] and not one["allow"]]
    for one in holding:
        scope = f"campaign {one['campaign']}" if one["campaign"] else "all campaigns"
        told.append(f"On the do-not-call list for {scope} since {one['since']}: {one['reason']} ({one['source']}).")
    if entries and not holding:
        told.append("Not on the do-not-call list now; it was.")
    calls = [row for row in checks if row["via"] not in ("cli", "scrub")]
    allowed = [row for row in calls if row["verdict"] == "ALLOW"]
    refused = [row for row in calls if row["verdict"] != "ALLOW"]
    told.append(f"Calls allowed: {len(allowed)}; calls refused: {len(refused)}; calls round the gate: {len(bypasses)}.")
    told += [f"{row['at']}, the last of them: {row['told']}." for row in (*allowed[-1:], *refused[-1:])]
    if not (events or checks or bypasses or entries):
        return ["Nothing is kept."]
    return told


def verified_facts(found: Verified) -> dict[str, Any]:
    """What `evidence verify` says, as JSON has it."""
    head = found.head
    return {
        "intact": not found.findings,
        "findings": [{"where": one.where, "what": one.what} for one in found.findings],
        "links": found.links,
        "rows": found.rows,
        "removed": found.removed,
        "began": found.began and found.began.isoformat(),
        "head": head and {"position": head.position, "chain": head.chain.hex(), "at": _iso(head.at)},
    }


def _rows(connection: Connection, table: Table, wanted: Wanted) -> list[dict[str, Any]]:
    query: Select[Any] = select(table).order_by(table.c.seq).limit(MOST + 1)
    if wanted.number is not None:
        of_number = table.c.number == wanted.number
        if table is list_event:
            within = (table.c.number <= wanted.number) & (table.c.last >= wanted.number)
            of_number = or_(of_number, within)
        query = query.where(of_number)
    if wanted.since is not None:
        query = query.where(table.c.at >= to_micros(wanted.since))
    if wanted.until is not None:
        query = query.where(table.c.at < to_micros(wanted.until))
    rows = [dict(row._mapping) for row in connection.execute(query)]
    if len(rows) > MOST:
        raise UserError(f"more than {MOST:,} rows of {table.name}: take a shorter time with --since and --until")
    return rows


def _event(connection: Connection, row: dict[str, Any]) -> dict[str, Any]:
    found = {
        **_common(connection, row, EVENT, "opt-out" if row["kind"] == "add" and not row["allow"] else "listing"),
        "kind": row["kind"],
        "number": f"+{row['number']}",
        "last": f"+{row['last']}" if row["last"] else None,
        "allow": bool(row["allow"]),
        "campaign": row["campaign"],
        "reason": row["reason"],
        "source": row["source"],
        "actor": row["actor"],
        "until": _iso(row["expires_at"]),
        "evidence": json.loads(row["evidence"]),
        "removes": json.loads(row["removes"]),
        "import": row["batch"] or None,
        "site": row["site"] or None,
        "event_id": row["event_id"],
    }
    return found | {"told": told_of_event(found)}


def _check(connection: Connection, row: dict[str, Any]) -> dict[str, Any]:
    names = ("dialled", "campaign", "verdict", "reason", "detail", "via", "caller", "channel", "uniqueid")
    found = {**_common(connection, row, CHECK, "check"), **{name: row[name] for name in names}}
    found |= {"number": f"+{row['number']}" if row["number"] else None, "entry": row["entry_id"]}
    return found | {"told": told_of_check(found)}


def _bypass(connection: Connection, row: dict[str, Any]) -> dict[str, Any]:
    names = ("system", "dialled", "channel", "uniqueid", "linkedid", "caller", "place", "campaign", "reason", "action")
    found = {**_common(connection, row, BYPASS, "bypass"), **{name: row[name] for name in names}}
    found |= {"number": f"+{row['number']}" if row["number"] else None, "took_ms": row["took_ms"]}
    ended = f"; hung up after {row['took_ms']} ms" if row["took_ms"] is not None else ""
    return found | {"told": f"A call went round the gate ({row['reason'].replace('-', ' ')}){ended}"}


def _common(connection: Connection, row: dict[str, Any], source: str, what: str) -> dict[str, Any]:
    query = select(evidence_link.c.position).where(
        evidence_link.c.source == source, evidence_link.c.last >= row["seq"], evidence_link.c.first <= row["seq"]
    )
    link = connection.execute(query.order_by(evidence_link.c.last).limit(1)).scalar()
    times = {"at": _iso(row["at"]), "recorded_at": _iso(row["recorded_at"])}
    return {"what": what, "seq": row["seq"], "link": link, **times}


def _imports(connection: Connection, identities: set[str]) -> list[dict[str, Any]]:
    query = select(batch).where(batch.c.id.in_(identities)).order_by(batch.c.seq)
    names = ("id", "name", "format", "actor", "state", "content", "site")
    return [
        {**{name: row._mapping[name] for name in names}, "at": _iso(row.at), "undone_at": _iso(row.undone_at)}
        for row in connection.execute(query)
    ]


def _entry(one: Any, now: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "number": f"+{one.number}",
        "last": f"+{one.last}" if one.last else None,
        "campaign": one.campaign,
        "allow": one.allow,
        "reason": one.reason,
        "source": one.source,
        "since": one.created_at.isoformat(),
        "until": one.expires_at and one.expires_at.isoformat(),
        "undone": one.revoked_at and one.revoked_at.isoformat(),
        "in_force": one.holds(now),
    }


def _iso(micros: int | None) -> str | None:
    return None if micros is None else from_micros(micros).astimezone(UTC).isoformat()
