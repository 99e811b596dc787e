"""`list history` (what is kept about one person) and `list stats`."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from concierge.lists.opening import open_store
from concierge.plain import say
from concierge.privacy import access_of, pseudonyms_of
from concierge.wiring import registries_of, site_of, store_path

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.suppression import ListEvent

_MOST = 1_000_000  # checks of one number
OTHERS = ("contacts", "consents", "complaints", "requests", "callbacks", "bypasses")


def history(args: Namespace, settings: Settings) -> int:
    """0 when anything is kept about this number, else 1."""
    from concierge.commands.list import _facts as entry_facts
    from concierge.commands.list import _line as entry_line
    from concierge.commands.list import _number
    from models.access import note
    from models.beside import beside
    from models.tables import from_micros
    from models.witness import of_events

    number = _number(args.number, site_of(settings))
    name = pseudonyms_of(settings, asked=True) if args.pseudonyms else None
    now = datetime.now(UTC)
    with open_store(settings) as store:
        entries, events, checks = (
            store.entries(number.e164),
            store.events(number.e164),
            store.checks(number.e164, _MOST),
        )
        with store.reading() as connection:
            witnesses = of_events(connection, [one.event_id for one in events])
        others = beside(store, number.e164)
        count = len(entries) + len(events) + len(checks) + sum(map(len, others.values()))
        note(store, access_of("history", "", number.e164, count))
    found = registries_of(settings, store_path(settings)).look_up(number.e164, now)
    for check in checks:
        for moment in ("at", "recorded_at"):
            check[moment] = from_micros(check[moment]).isoformat()
    facts = {
        "number": number.text,
        "as_of": now.isoformat(),
        "entries": [entry_facts(one, now) for one in entries],
        "events": [_event_facts(one) | {"witnesses": witnesses.get(one.event_id, [])} for one in events],
        "checks": checks[::-1],
        "registries": [one.detail for one in found],
        **others,
    }
    lines = [entry_line(one, now) for one in entries]
    if name is not None:
        from models.pseudonym import in_facts, in_text

        facts, lines = in_facts(facts, name), [in_text(line, name) for line in lines]
    if args.format == "json":
        print(json.dumps(facts, ensure_ascii=False, indent=1))
    else:
        for line in lines:
            say(line)
        _print_history(facts)
    return 0 if count or found else 1


def _print_history(facts: dict[str, Any]) -> None:
    for event in facts["events"]:
        who = f" by {event['actor']}" if event["actor"] else ""
        imported = f", import {event['batch']}" if event["batch"] else ""
        scope = f"for campaign {event['campaign']}" if event["campaign"] else "for all campaigns"
        seen = " and ".join(one["witness"] for one in event["witnesses"])
        by = f", witnesses: {seen}" if seen else ""
        say(f"  {event['at']} {event['kind']} {scope}: {event['reason']} [{event['source']}{who}{imported}{by}]")
    for check in facts["checks"]:
        campaign = f" for {check['campaign']}" if check["campaign"] else ""
        say(f"  {check['at']} asked{campaign} via {check['via']}: {check['verdict'].lower()} {check['reason']}")
    for name in OTHERS:
        for row in facts[name]:
            say(f"  {name}: " + ", ".join(f"{key} {value}" for key, value in row.items() if value not in (None, "")))
    for detail in facts["registries"]:
        say(f"  {detail}")
    if not any(facts[name] for name in ("entries", "events", "checks", "registries", *OTHERS)):
        print(f"{facts['number']}: nothing is kept about this number")


def _event_facts(event: ListEvent) -> dict[str, Any]:
    return {
        "id": str(event.event_id),
        "kind": event.kind.value,
        "number": f"+{event.number}",
        "last": f"+{event.last}" if event.last else None,
        "allow": event.allow,
        "campaign": event.campaign or None,
        "at": event.at.isoformat(),
        "until": event.expires_at and event.expires_at.isoformat(),
        "reason": event.reason,
        "source": event.source,
        "actor": event.actor,
        "batch": event.batch or None,
        "removes": [str(one) for one in event.removes],
        "evidence": event.evidence,
    }


def show_stats(args: Namespace, settings: Settings) -> int:
    """0."""
    from models.held import stats

    with open_store(settings) as store:
        found = asdict(stats(store, datetime.now(UTC)))
    if args.format == "json":
        print(json.dumps(found, ensure_ascii=False))
        return 0
    print(
        f"in force: {found['numbers']} numbers, {found['ranges']} ranges, {found['allowed']} allowed inside of ranges"
    )
    print(
        f"of these {found['ends_soon']} end within 30 days; {found['expired']} have ended, {found['undone']} are undone"
    )
    for title in ("campaigns", "sources"):
        for name, count in sorted(found[title].items()):
            print(f"  {title[:-1]} {name}: {count}")
    print(f"{found['events']} events, {found['checks']} checks")
    return 0


ACTIONS = {"history": history, "stats": show_stats}
