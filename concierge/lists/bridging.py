"""`list bridge`: one pass of the bridge to FreePBX's inbound blacklist, by hand."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from concierge.errors import UserError
from concierge.wiring import prepare_store

if TYPE_CHECKING:
    from concierge.bridge import Outcome
    from concierge.settings import Settings


def bridge(args: Namespace, settings: Settings) -> int:
    """0 both agree now (or would), 1 something was left: keys that are no numbers, or too many that have gone."""
    if settings.freepbx.blacklist == "off" and not args.withdraw:
        raise UserError("freepbx.blacklist is off; set it to read, write or both")
    from concierge.bridge import Bridge
    from models.errors import StoreError

    try:
        done = Bridge(settings, prepare_store(settings)).run(
            dry=args.dry_run, accept=args.accept, withdraw=args.withdraw
        )
    except StoreError as error:
        raise UserError(str(error)) from error
    _print(done, dry=args.dry_run)
    return 1 if done.refused or done.held or done.too_many else 0


def _print(done: Outcome, *, dry: bool) -> None:
    would = "would be " if dry else ""
    print(f"from FreePBX: {done.listed} {would}listed, {done.unlisted} {would}taken back")
    print(f"to FreePBX: {done.written} {would}written, {done.deleted} {would}deleted")
    for key, why in sorted(done.refused.items()):
        print(f"{key!r}: {why}", file=sys.stderr)
    if done.held:
        told = "is the database another one? --accept takes them back"
        print(f"concierge: {done.held} keys have gone at once, nothing was taken back; {told}", file=sys.stderr)
    if done.too_many:
        from models.mirror import MOST

        told = "name the sources to write in freepbx.sources"
        print(f"concierge: more than {MOST} entries hold, none was written; {told}", file=sys.stderr)


ACTIONS = {"bridge": bridge}
