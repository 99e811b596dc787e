"""`concierge gaps`: when key presses may have gone unheard, and what has become of each of these times."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from concierge.commands.evidence import since
from concierge.errors import UserError
from concierge.wiring import add_config, add_format, settings_of

if TYPE_CHECKING:
    from models.gap import ListeningGap

_LOOK = """\
{count} gaps are not reconciled: key presses of that time may be missing. See `concierge list history NUMBER` for whom
you have called then, mend the cause, and note it: concierge gaps --settle ID --reason TEXT"""


def configure(parser: ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--all", action="store_true", help="also those that are reconciled or settled")
    parser.add_argument(
        "--since", type=since, metavar="TIME", help="that were not over by then: ISO date or time, or 7d, 12h"
    )
    parser.add_argument("--settle", type=_id, metavar="ID", help="you have looked into this gap")
    parser.add_argument("--reason", metavar="TEXT", help="with --settle: what you have found or done")
    add_format(parser)
    add_config(parser)


def run(args: Namespace) -> int:
    """1 when a gap is open or unreconciled."""
    from concierge.lists.opening import open_store
    from concierge.manager import all_of
    from models.gap import GapState, gaps, settle

    if (args.settle is None) != (args.reason is None):
        raise UserError("--settle ID and --reason TEXT go together")
    settings = settings_of(args)
    with open_store(settings) as store:
        if args.settle is not None and not settle(store, args.settle, args.reason, datetime.now(UTC)):
            raise UserError(f"{args.settle}: there is no such gap, or it is not over")
        with store.reading() as connection:
            found = gaps(connection)
    found = [one for one in found if args.since is None or one.ended is None or one.ended >= args.since]
    waiting = [one for one in found if one.state in (GapState.OPEN, GapState.UNRECONCILED)]
    shown = found if args.all else waiting
    if args.format == "json":
        print(json.dumps([_facts(one) for one in shown], ensure_ascii=False, indent=1))
    else:
        _print(shown, sum(one.state is GapState.UNRECONCILED for one in waiting), listened=bool(all_of(settings)))
    return 1 if waiting else 0


def _print(shown: list[ListeningGap], unreconciled: int, *, listened: bool) -> None:
    for one in shown:
        length = "goes on" if one.ended is None else f"{(one.ended - one.began) / timedelta(seconds=1):.3f} s"
        of = f" channel {one.channel}" if one.channel else ""
        print(f"{one.began.isoformat()} {length}  {one.system}{of}  {one.kind} ({one.reason}): {one.state}")
        print(f"    {one.how or 'not looked into yet'}  [{one.gap_id}]")
    if unreconciled:
        print(_LOOK.format(count=unreconciled))
    elif not shown:
        print(
            "no key press can be missing: there is no gap that is not reconciled"
            if listened
            else "no gap is known, for nobody listens: ami.user is empty, and every key press goes unheard over AMI"
        )


def _facts(one: ListeningGap) -> dict[str, Any]:
    return {
        "id": str(one.gap_id),
        "system": one.system,
        "kind": one.kind.value,
        "channel": one.channel or None,
        "began": one.began.isoformat(),
        "ended": one.ended and one.ended.isoformat(),
        "reason": one.reason,
        "missed": one.missed,
        "state": one.state.value,
        "how": one.how or None,
        "settled_at": one.settled_at and one.settled_at.isoformat(),
    }


def _id(text: str) -> UUID:
    """As it is shown in brackets (argparse type)."""
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no gap; `concierge gaps` shows the ID of each in brackets") from None
