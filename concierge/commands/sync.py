"""`concierge sync status|verify|erase`: how far this host's list is with the other sites', whether the feed is intact,
and what it still holds of persons who asked to be forgotten."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from concierge.errors import UserError
from concierge.wiring import add_config, add_format, feed_access, prepare_store, settings_of

if TYPE_CHECKING:
    from concierge.settings import Settings


def configure(parser: ArgumentParser) -> None:
    """Actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    shown = actions.add_parser("status", help="position, lag, age, and what waits to be sent, of every host")
    verify = actions.add_parser("verify", help="read the whole feed: was anything changed or removed?")
    erase = actions.add_parser("erase", help="make bare what the feed holds of persons who asked to be forgotten")
    erase.add_argument("--user", default="", metavar="NAME", help="its owner; password in $CONCIERGE_FEED_SECRET")
    erase.add_argument("--dry-run", action="store_true", help="only count")
    for action in (shown, verify, erase):
        add_config(action)
    add_format(shown)


def run(args: Namespace) -> int:
    """`status`: 1 when the list is stale or the feed cannot be reached; `verify`: 1 when something was changed."""
    from models.errors import StoreError

    settings = settings_of(args)
    if not settings.sync.url:
        raise UserError("sync.url is empty: this host shares its list with nobody; see docs/sites.md")
    try:
        return {"status": _status, "verify": _verify, "erase": _erase}[args.action](settings, args)
    except StoreError as error:
        raise UserError(str(error)) from error


def _status(settings: Settings, args: Namespace) -> int:
    from concierge.feed import status

    facts = status(settings, prepare_store(settings))
    print(json.dumps(facts, ensure_ascii=False) if args.format == "json" else _text(facts))
    return 1 if facts["stale"] or facts["lag"] is None else 0


def _text(facts: dict[str, Any]) -> str:
    age = "never" if facts["age"] is None else f"{facts['age']:g} s ago"
    lag = "unknown" if facts["lag"] is None else facts["lag"]
    lines = [
        f"{facts['site']} at {facts['feed']}",
        f"  position {facts['position']}, behind by {lag}",
        f"  knew everything {age} (stale after {facts['max_age']:g} s){': STALE' if facts['stale'] else ''}",
        f"  waiting to be sent: {facts['outbox']}",
    ]
    if facts["trouble"]:
        lines.append(f"  trouble: {facts['trouble']}")
    return "\n".join([*lines, *map(_host, facts["hosts"])])


def _host(facts: dict[str, Any]) -> str:
    """As the host itself has said when it was last heard."""
    where = f"position {facts['position']}, behind by {facts['lag']}, {facts['outbox']} wait to be sent"
    return f"host {facts['site']}: {where}, heard {facts['age']:g} s ago{': SILENT' if facts['silent'] else ''}"


def _verify(settings: Settings, _args: Namespace) -> int:
    from concierge.feed import verify

    access = feed_access(settings)
    found = verify(access)
    for position in found.broken[:20]:
        print(f"{access.name}: position {position} does not follow from the one before it")
    bare = f", {found.erased} erased on request" if found.erased else ""
    print(f"{access.name}: {found.count} rows, {len(found.broken) or 'none'} changed{bare}")
    return 1 if found.broken else 0


def _erase(settings: Settings, args: Namespace) -> int:
    from concierge.feed import erase
    from models.errors import FeedError

    access = feed_access(settings, args.user)
    try:
        gone = erase(access, dry=args.dry_run)
    except FeedError as error:
        if "denied" in str(error) and not args.user:
            raise UserError(f"{error}; only the owner may: --user OWNER, password in $CONCIERGE_FEED_SECRET") from error
        raise
    verb = "would be erased" if args.dry_run else "erased"
    print(f"{access.name}: {verb} for {gone.orders} requests: {gone.rows} rows, {gone.contacts} contacts")
    return 0
