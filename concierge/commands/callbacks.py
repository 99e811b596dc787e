"""`concierge callbacks …`: what is owed to callers, and who sees to it."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from concierge.commands.check import _user
from concierge.errors import UserError
from concierge.plain import say
from concierge.wiring import add_config, add_format, prepare_store, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from concierge.settings import Settings
    from models.callback import Matter
    from models.callbacks import Callbacks


def configure(parser: ArgumentParser) -> None:
    """Actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("list", help="what is open, the longest owed first")
    show.add_argument("--all", action="store_true", help="what is done too")
    overdue = actions.add_parser("overdue", help="promises that were not kept in time; 1 when there are any")
    one = actions.add_parser("show", help="one of them, with everything that has happened to it")
    add = actions.add_parser("add", help="somebody has promised to call back")
    add.add_argument("number")
    add.add_argument("--reason", required=True, help="why, in a word or two")
    add.add_argument("--language", default="", help="of the caller, e.g. pl")
    claim = actions.add_parser("claim", help="I call: nobody else should")
    release = actions.add_parser("release", help="anybody may call again")
    done = actions.add_parser("done", help="called back, or nothing more to do")
    done.add_argument("--outcome", required=True, help="in words: reached, wrong number, …")
    for action in (one, claim, release, done):
        action.add_argument("id", type=_id, help="the number that `callbacks list` begins the line with")
    for action in (add, claim, release, done):
        action.add_argument("--by", default="", metavar="NAME", help="who (default: the user of this system)")
    for action in (show, overdue, one, add, claim, release, done):
        add_config(action)
        add_format(action)


def _id(text: str) -> int:
    """A row's number; more than SQLite holds cannot be one (argparse type)."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is no number of a callback; `concierge callbacks list` shows them")


def run(args: Namespace) -> int:
    """0 done; 1 when it cannot be done so, or `overdue` finds something. Raises UserError for an id that is none."""
    from models.callbacks import open_callbacks
    from models.errors import StoreError

    settings = settings_of(args)
    path = prepare_store(settings)
    try:
        with open_callbacks(path) as callbacks:
            return _act(args, callbacks, settings)
    except StoreError as error:
        raise UserError(str(error)) from error


def _act(args: Namespace, callbacks: Callbacks, settings: Settings) -> int:
    now = datetime.now(UTC)
    if args.action in ("list", "overdue"):
        return _list(args, callbacks, now)
    if args.action == "show":
        return _show(args, callbacks, now)
    if args.action == "add":
        return _add(args, callbacks, settings, now)
    return _change(args, callbacks, now)


def _list(args: Namespace, callbacks: Callbacks, now: datetime) -> int:
    found = callbacks.matters(done=args.action == "list" and args.all)
    if args.action == "overdue":
        found = [one for one in found if one.is_overdue(now)]
    _print(args, found, now)
    if not found:
        print(f"concierge: nothing is {'overdue' if args.action == 'overdue' else 'open'}", file=sys.stderr)
    return 1 if args.action == "overdue" and found else 0


def _show(args: Namespace, callbacks: Callbacks, now: datetime) -> int:
    found = [one for one in callbacks.matters(done=True) if one.id == args.id]
    if not found:
        raise _unknown(args.id)
    events = callbacks.history(args.id)
    if args.format == "json":
        facts = facts_of(found[0], now) | {"events": [row | {"at": row["at"].isoformat()} for row in events]}
        print(json.dumps(facts, ensure_ascii=False))
        return 0
    say(_line(found[0], now))
    for row in events:
        say(f"  {row['at']:%Y-%m-%d %H:%M:%S}Z {row['what']} {row['actor']} {row['detail']}".rstrip())
    return 0


def _add(args: Namespace, callbacks: Callbacks, settings: Settings, now: datetime) -> int:
    from datetime import timedelta
    from uuid import uuid4

    from concierge.wiring import site_of
    from models.callback import Asked, Kind
    from models.number import NotANumber, interpret

    number = interpret(args.number, site_of(settings))
    if isinstance(number, NotANumber):
        raise UserError(f"{args.number!r}: {number.why.value}: {number.detail}")
    asked = Asked(
        str(uuid4()),
        Kind.PROMISE,
        number.e164,
        args.number[:40],
        args.reason[:60],
        args.language[:20],
        0,
        now,
        _by(args),
    )
    _, matter = callbacks.record(asked, timedelta(hours=settings.callbacks.within))
    _print(args, [matter] if matter else [], now)
    return 0


def _change(args: Namespace, callbacks: Callbacks, now: datetime) -> int:
    from models.callbacks import Refused

    if args.action == "done":
        after = callbacks.finish(args.id, _by(args), args.outcome, now)
    else:
        after = {"claim": callbacks.claim, "release": callbacks.release}[args.action](args.id, _by(args), now)
    if isinstance(after, Refused):
        if after.why.startswith("there is no"):
            raise _unknown(args.id)
        print(f"concierge: {args.id}: {after.why}; nothing was changed", file=sys.stderr)
        return 1
    _print(args, [after], now)
    return 0


def _unknown(matter: int) -> UserError:
    return UserError(f"{matter}: there is no such callback; `concierge callbacks list --all` shows them")


def _by(args: Namespace) -> str:
    return str(args.by or _user() or f"uid {os.getuid()}")[:200]


def _print(args: Namespace, found: Sequence[Matter], now: datetime) -> None:
    if args.format == "json":
        print(json.dumps([facts_of(one, now) for one in found], ensure_ascii=False))
        return
    for one in found:
        say(_line(one, now))


def _line(one: Matter, now: datetime) -> str:
    number = f"+{one.number}" if one.number else f"{one.written!r} (cannot be read)"
    state = "overdue" if one.is_overdue(now) else one.state.value
    words = [f"{one.id}: {one.kind.value} {number} {state}", f"due {one.due_at:%Y-%m-%d %H:%M}Z", one.reason]
    words += [f"waited {one.waited} s", f"asked {one.times} times", f"{one.attempts} attempts"]
    words += [one.language, one.holder, one.outcome]
    return ", ".join(word for word in words if word)


def facts_of(one: Matter, now: datetime) -> dict[str, Any]:
    """For JSON."""
    times = {"asked_at": one.asked_at, "last_at": one.last_at, "due_at": one.due_at}
    times |= {name: value for name, value in (("next_at", one.next_at), ("done_at", one.done_at)) if value}
    return {
        "id": one.id,
        "kind": one.kind.value,
        "number": f"+{one.number}" if one.number else None,
        "written": one.written,
        "reason": one.reason,
        "language": one.language,
        "waited": one.waited,
        "times": one.times,
        "state": one.state.value,
        "overdue": one.is_overdue(now),
        "holder": one.holder,
        "attempts": one.attempts,
        "outcome": one.outcome,
        **{name: value.isoformat() for name, value in times.items()},
    }
