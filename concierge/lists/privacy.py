"""`list purge` (what is kept no longer) and `list accesses` (who has read the list)."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from concierge.lists.opening import open_store
from concierge.privacy import access_of, pseudonyms_of, who
from concierge.progress import progress
from concierge.wiring import folder_of, site_of

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.access import Access
    from models.retention import Cutoffs, Gone


def purge(args: Namespace, settings: Settings) -> int:
    """0."""
    from concierge.commands.list import _number
    from models.imports import Imports
    from models.retention import Purge

    number = _number(args.number, site_of(settings)) if args.number is not None else None
    if number is not None and number.also:
        from concierge.commands.list import _check_one_reading

        _check_one_reading(number, args)
    with open_store(settings) as store, progress("purging") as shown:
        if number is not None and not args.dry_run:
            Imports(store).clear()  # what a killed one has left would be waited for
        work = Purge(store, who(), bool(settings.sync.url), args.dry_run, shown.at, folder_of(settings))
        gone = work.run(_cutoffs(settings)) if number is None else work.forget(number.e164)
        if not args.dry_run:
            from models.access import note

            told = ", ".join(f"{count} {name}" for name, count in asdict(gone).items() if count) or "nothing"
            name = pseudonyms_of(settings)
            whom = f"; {name(number.e164)}" if number is not None and name is not None else ""
            note(store, access_of("forget" if number is not None else "purge", f"{told}{whom}"))
    _print(gone, number is not None, dry=args.dry_run)
    if number is not None and settings.sync.url and not args.dry_run:
        print("the other sites are told to do the same; the feed's owner runs `concierge sync erase`")
    return 0


def _cutoffs(settings: Settings) -> Cutoffs:
    from models.retention import Cutoffs

    now, kept = datetime.now(UTC), settings.retention
    return Cutoffs(*(now - timedelta(days=days) if days else None for days in (kept.checks, kept.ended, kept.accesses)))


def _print(gone: Gone, person: bool, *, dry: bool) -> None:
    verb = "would go" if dry else "gone"
    print(f"{verb}: {gone.checks} checks, {gone.contacts} contacts, {gone.bypasses} calls round the gate")
    print(f"{verb}: {gone.entries} entries that do not hold, {gone.events} events")
    if not person:
        print(f"{verb}: {gone.imports} undone imports, {gone.accesses} notes of who read the list")
    if gone.callbacks:
        print(f"{verb}: {gone.callbacks} promises of a call back that are done; open ones stay")
    if gone.facts:
        print(f"{verb}: {gone.facts} consents and complaints; where a consent was withdrawn, their stories")
    if person and gone.accesses:
        print(f"{'would be made' if dry else 'made'} anonymous: {gone.accesses} notes of who asked")
    if gone.kept:
        print(f"concierge: {gone.kept} entries stay until the other sites have their events", file=sys.stderr)


def show_accesses(args: Namespace, settings: Settings) -> int:
    """0."""
    from concierge.commands.list import _number
    from models.access import accesses

    number = _number(args.number, site_of(settings)).e164 if args.number is not None else None
    since = datetime(args.since.year, args.since.month, args.since.day, tzinfo=UTC) if args.since is not None else None
    name = pseudonyms_of(settings)
    with open_store(settings) as store:
        for one in accesses(store, number, since):
            shown = None if one.number is None else name(one.number) if name is not None else f"+{one.number}"
            print(_json(one, shown) if args.format == "json" else _line(one, shown))
    return 0


def _json(one: Access, number: str | None) -> str:
    facts = asdict(one) | {"number": number, "at": one.at and one.at.isoformat()}
    return json.dumps(facts | {"answered": one.answered if one.answered >= 0 else None}, ensure_ascii=False)


def _line(one: Access, number: str | None) -> str:
    rows = f"{one.answered} rows" if one.answered >= 0 else "broken off"
    if one.action in ("purge", "forget"):
        rows = "nothing was shown"
    about = " ".join(filter(None, [number, one.question]))
    return f"{one.at:%Y-%m-%d %H:%M:%S}Z {one.who} via {one.via}: {one.action}{' ' + about if about else ''}: {rows}"


ACTIONS = {"purge": purge, "accesses": show_accesses}
