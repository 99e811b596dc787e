"""`concierge selftest`: calls one's own numbers, as a caller would."""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from concierge.wiring import add_config, add_format, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from concierge.doctor.finding import Finding
    from concierge.installation.loaded import Console
    from concierge.settings import Settings
    from concierge.walking.judge import Length
    from concierge.walking.ways import Ways
    from dialplan.applications.tables import Table
    from dialplan.plan.model import Plan

_SIGNS = {"ok": "✓", "warning": "!", "failed": "✗", "unknown": "?"}


def configure(parser: ArgumentParser) -> None:
    """Options."""
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="as callers' calls arrive, e.g. the DID")
    parser.add_argument("--context", help="where callers come in, e.g. from-trunk")
    parser.add_argument("--keys", default="", help="pressed after the first word")
    parser.add_argument("--walk", action="store_true", help="try every key of the menus, compare with the dialplan")
    parser.add_argument("--paths", type=int, metavar="N", help="of --walk: so many calls at most")
    parser.add_argument("--depth", type=int, metavar="N", help="of --walk: so many keys in one call at most")
    parser.add_argument("--etc", type=Path, default=Path("/etc/asterisk"), help="Asterisk's configuration folder")
    parser.add_argument("--rx", default="asterisk", metavar="COMMAND", help="how Asterisk's console is started")
    add_config(parser)
    add_format(parser)


def run(args: Namespace) -> int:
    """1 when a caller would complain."""
    from concierge.caller_rules import CONTEXT, NUMBER
    from concierge.errors import UserError
    from concierge.installation.loaded import Console
    from concierge.selftest import require_ears

    settings = settings_of(args)
    numbers, context = args.numbers or settings.selftest.numbers, args.context or settings.selftest.context
    if not numbers or not context:
        raise UserError("name a NUMBER and --context, or set selftest.numbers and selftest.context")
    for word, shape in ((context, CONTEXT), (args.keys, r"[0-9A-D*#]*")):
        if not re.fullmatch(shape, word):
            raise UserError(f"{word!r} cannot be a context or keys")
    for number in numbers:
        if not re.fullmatch(NUMBER, number):
            raise UserError(f"{number!r} cannot be a number")
    require_ears(Console(args.rx))
    walking = args.walk or (not args.numbers and not args.keys and settings.selftest.walk)
    findings = _walk if walking else _call
    found = []
    for number in numbers:
        for one in findings(args, settings, Console(args.rx), number, context):
            found.append(one)
            if args.format == "text":
                print(f"{_SIGNS[one.state]} {one.name}: {one.seen}" + (f"\n    {one.remedy}" if one.remedy else ""))
    if args.format == "json":
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    return 1 if any(one.state == "failed" for one in found) else 0


def _call(args: Namespace, settings: Settings, console: Console, number: str, context: str) -> Iterator[Finding]:
    from concierge.selftest import Wanted, call

    yield from call(console, Wanted(number, context, args.keys, word=float(settings.menu.orientation)))


def _walk(args: Namespace, settings: Settings, console: Console, number: str, context: str) -> Iterator[Finding]:
    from datetime import datetime

    from concierge.walking.caller import Bounds, Caller
    from concierge.walking.judge import judge
    from concierge.walking.ways import Asked, ways_of
    from dialplan.flow import At

    plan, table = _model(args, console, context)
    own = settings.selftest
    asked = Asked(At(context, number), datetime.now(), "", args.paths or own.paths, args.depth or own.depth)
    found = ways_of(plan, table, asked)
    bounds = Bounds(word=float(settings.menu.orientation), ring=own.ring, call=own.call)
    for way in found.ways:
        yield from judge(number, Caller(console, number, context, bounds).run(way), bounds, _lengths(args))
    yield from _coverage(number, found)


def _model(args: Namespace, console: Console, context: str) -> tuple[Plan, Table]:
    """What the files say, for the Asterisk that runs."""
    from concierge.errors import UserError
    from concierge.installation.loaded import version_of
    from dialplan.applications import tables
    from dialplan.plan import UnreadableError, load

    try:
        plan, table = load(args.etc / "extensions.conf"), tables.load(str(version_of(console) or 22))
    except (UnreadableError, KeyError) as error:
        raise UserError(f"{error.args[0]}; name Asterisk's configuration folder with --etc") from error
    if context not in plan.contexts:
        raise UserError(f"there is no context [{context}] in {args.etc}; name it with --context")
    return plan, table


def _lengths(args: Namespace) -> Length:
    from concierge.doctor.files import data_folder
    from concierge.walking.sounds import lengths

    return lengths(data_folder(args.etc) / "sounds")


def _coverage(number: str, found: Ways) -> Iterator[Finding]:
    from concierge.doctor.finding import ok, warning

    name, called = f"{number} menus", found.edges - len(found.left)
    if found.left:
        some = ", ".join(found.left[:5]) + (" …" if len(found.left) > 5 else "")
        yield warning(name, f"{called} of {found.edges} keys and silences tried; not: {some}", "--paths, --depth")
    else:
        yield ok(name, f"all {found.edges} keys and silences of the menus tried, in {len(found.ways)} calls")
    for place in dict.fromkeys(found.unknown):
        yield warning(name, f"{place} asks for a number that nothing in the dialplan names", "try one with --keys")
