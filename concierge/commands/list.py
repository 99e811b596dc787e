"""`concierge list add|remove|show`: the suppression list by hand; the actions in bulk are in `concierge.lists`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from concierge.errors import UserError
from concierge.lists import options
from concierge.plain import say
from concierge.wiring import add_config, add_format, prepare_store, settings_of, site_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from concierge.settings import Settings
    from models.number import Number
    from models.store import Store
    from models.suppression import Entry


MOST_WORDS = 1000  # characters


def configure(parser: ArgumentParser) -> None:
    """Actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="this number must not be called")
    add.add_argument("number", help="as people write it; X at its end stands for any digit: +4860012XXXX")
    add.add_argument("--allow", action="store_true", help="inside of a listed range this may be called")
    add.add_argument("--campaign", action="append", default=[], metavar="C", help="only for C (repeatable)")
    add.add_argument("--until", type=day, metavar="DATE", help="last day on which it holds, e.g. 2027-03-31")
    add.add_argument("--reason", required=True, type=words)
    add.add_argument("--source", required=True, type=words, help="where this comes from: letter, e-mail, agent …")
    add.add_argument(
        "--force",
        action="store_true",
        help="list a number that no numbering plan knows, or for a campaign that is not defined",
    )
    remove = actions.add_parser("remove", help="undo an entry; its history stays")
    remove.add_argument("number", help="as it was listed")
    remove.add_argument("--allow", action="store_true", help="the entry that allows")
    remove.add_argument("--campaign", action="append", default=[], metavar="C")
    remove.add_argument("--reason", required=True, type=words)
    remove.add_argument("--source", default="cli", type=words)
    show = actions.add_parser("show", help="all entries, or one number's with its events")
    show.add_argument("number", nargs="?")
    for action in (add, remove, show):
        add_config(action)
    add_format(show)
    options.add_actions(actions, day)


def day(text: str) -> date:
    """ISO date -> date (argparse type)."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no date such as 2027-03-31") from error


def words(text: str) -> str:
    """What says something, in no more than an import takes (argparse type)."""
    if not text.strip():
        raise ArgumentTypeError("nothing stands there; who asks later has to find out why")
    if len(text) > MOST_WORDS:
        raise ArgumentTypeError(f"{len(text)} characters, at most {MOST_WORDS}; say where the rest can be read")
    return text


def run(args: Namespace) -> int:
    """0 done; `show NUMBER` and `remove` give 1 when the number is not listed."""
    from models.errors import StoreError
    from models.store import Store

    settings = settings_of(args)
    if options.is_in_bulk(args.action):
        return options.run(args, settings)
    number, args.last = _range(args.number, site_of(settings))
    path = prepare_store(settings)
    try:
        store = Store(path)
        try:
            return {"add": _add, "remove": _remove, "show": _show}[args.action](store, number, args)
        finally:
            store.close()
    except StoreError as error:
        raise UserError(str(error)) from error


def _range(raw: str | None, site: Any) -> tuple[Number | None, int | None]:
    """What is meant: nothing, one number, or all from a first to a last one (`+4860012XXXX`)."""
    if raw is None:
        return None, None
    known = raw.rstrip("xX")
    if known == raw:
        return _number(raw, site), None
    ends = [_number(known + digit * (len(raw) - len(known)), site) for digit in "09"]
    first, last = (one.e164 for one in ends)
    if len(str(first)) != len(str(last)) or any(one.also for one in ends):
        raise UserError(f"{raw!r} has more than one reading; write it with + and the country code")
    return ends[0], last


def _number(raw: str, site: Any) -> Number:
    from models.number import NotANumber, interpret

    found = interpret(raw, site)
    if isinstance(found, NotANumber):
        raise UserError(f"{raw!r}: {found.why.value}: {found.detail}")
    return found


def _add(store: Store, number: Number | None, args: Namespace) -> int:
    from models.until import end_of

    assert number is not None  # noqa: S101 - required by the parser
    if args.last is None and not number.valid and not args.force:
        raise UserError(
            f"{number.text} is in no numbering plan; check the digits, or add --force to list it all the same"
        )
    _check_one_reading(number, args)
    if args.until is not None and args.until < datetime.now(UTC).date():
        raise UserError(f"--until {args.until}: that day is over; nothing was listed")
    scopes = _scopes(args.campaign)
    if not args.force:
        must_be_defined(store, scopes, settings_of(args))
    for campaign in scopes:
        done = store.record(_event("add", number, campaign, args, end_of(args.until)))
        what = "allowed inside of a listed range" if args.allow else "listed"
        print(f"{_text(number, args)}: {what} {_scope(campaign)}, entry {done.entry.id if done.entry else '?'}")
    return 0


def _remove(store: Store, number: Number | None, args: Namespace) -> int:
    assert number is not None  # noqa: S101 - required by the parser
    _check_one_reading(number, args)
    found = 0
    now = datetime.now(UTC)
    for campaign in _scopes(args.campaign):
        event = _event("remove", number, campaign, args, None)
        live = [entry for entry in store.entries(number.e164) if entry.key == event.key and entry.holds(now)]
        if live:
            store.record(event)
            found += 1
        what = "allowed" if args.allow else "listed"
        print(f"{_text(number, args)}: {'no longer' if live else 'was not'} {what} {_scope(campaign)}")
    if not found:
        others = [e for e in store.entries(number.e164) if e.holds(now)]
        for entry in others:
            if entry.last or entry.allow:
                say(f"  but there is: {_line(entry, now)}")
            else:
                hint = f": --campaign {entry.campaign}" if entry.campaign else ""
                print(f"  but it is listed {_scope(entry.campaign)}{hint}")
    return 0 if found else 1


def _check_one_reading(number: Number, args: Namespace) -> None:
    if number.also:
        readings = " or ".join(f"+{one}" for one in (number.e164, *number.also))
        raise UserError(f"{args.number!r} can be read as {readings}; write the one that is meant with +")


def _event(kind: str, number: Number, campaign: str, args: Namespace, until: datetime | None) -> Any:
    from concierge.commands.check import _user
    from models.suppression import Kind, ListEvent

    reason, source, actor = map(_well_formed, (args.reason, args.source, _user()))
    now = datetime.now(UTC)
    return ListEvent(
        uuid4(), Kind(kind), number.e164, campaign, now, reason, source, actor, until, last=args.last, allow=args.allow
    )


def _text(number: Number, args: Namespace) -> str:
    return number.text if args.last is None else f"{number.text} to +{args.last}"


def _well_formed(text: str) -> str:
    """Bytes of the command line that are no UTF-8 would be refused by the database."""
    return text.encode("utf-8", "replace").decode()


def _scopes(campaigns: list[str]) -> list[str]:
    from models.suppression import ALL, is_campaign_name

    for name in campaigns:
        if not is_campaign_name(name):
            raise UserError(f"--campaign {name!r}: letters, digits, _ . and - only, at most 64")
    return [name.lower() for name in campaigns] or [ALL]


def must_be_defined(store: Store, campaigns: Iterable[str], settings: Settings) -> None:
    """A misspelt campaign would keep nobody from being called. Raises UserError."""
    import difflib

    from concierge.commands.campaign import defined

    for name in undefined(store, filter(None, campaigns), settings):
        known = defined(store)
        near = difflib.get_close_matches(name.lower(), known, n=1)
        hint = f"did you mean {known[near[0]].name}?" if near else "`concierge campaign list` shows those that are;"
        raise UserError(f"--campaign {name}: no such campaign is defined; {hint} --force lists for it all the same")


def undefined(store: Store, campaigns: Iterable[str], settings: Settings) -> list[str]:
    """Which of them no call is checked for: none while no campaign is defined, or with `gate.unknown_campaign: allow`,
    for names are labels then, as for the gate.
    """
    from concierge.commands.campaign import defined
    from models.callback import REQUESTED

    known = defined(store) if settings.gate.unknown_campaign == "refuse" else {}
    return [name for name in campaigns if known and name.lower() not in (*known, REQUESTED)]


def _scope(campaign: str) -> str:
    return f"for campaign {campaign}" if campaign else "for all campaigns"


def _show(store: Store, number: Number | None, args: Namespace) -> int:
    from concierge.privacy import access_of
    from models.access import note

    entries = store.entries(number.e164 if number else None)
    note(store, access_of("show", "" if number else "all", number.e164 if number else None, len(entries)))
    now = datetime.now(UTC)
    if args.format == "json":
        print(json.dumps([_facts(entry, now) for entry in entries], ensure_ascii=False))
    else:
        for entry in entries:
            say(_line(entry, now))
        if not entries:
            print(f"concierge: {f'{number.text}: not' if number else 'nothing is'} listed", file=sys.stderr)
    if number is not None and args.format == "text":
        for event in store.events(number.e164):
            say(
                f"  {event.at:%Y-%m-%d %H:%M:%S}Z {event.kind.value} {_scope(event.campaign)}: {event.reason} "
                f"[{event.source}{' by ' + event.actor if event.actor else ''}]"
            )
    return 0 if number is None or any(entry.holds(now) for entry in entries) else 1


def _facts(entry: Entry, now: datetime) -> dict[str, Any]:
    return {
        "entry": entry.id,
        "number": f"+{entry.number}",
        "last": f"+{entry.last}" if entry.last else None,
        "allow": entry.allow,
        "campaign": entry.campaign or None,
        "reason": entry.reason,
        "source": entry.source,
        "created_at": entry.created_at.isoformat(),
        "expires_at": entry.expires_at and entry.expires_at.isoformat(),
        "revoked_at": entry.revoked_at and entry.revoked_at.isoformat(),
        "holds": entry.holds(now),
    }


def _line(entry: Entry, now: datetime) -> str:
    from models.until import told

    until = f" until {told(entry.expires_at)}" if entry.expires_at else ""
    state = "" if entry.holds(now) else " (undone)" if entry.revoked_at else " (expired)"
    to = f" to +{entry.last}" if entry.last else ""
    what = " allows" if entry.allow else ""
    said = f"{_scope(entry.campaign)}{until}{state}: {entry.reason} [{entry.source}]"
    return f"+{entry.number}{to} entry {entry.id}{what} {said}"
