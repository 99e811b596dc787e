"""`concierge selftest`: calls one's own numbers, as a caller would."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from concierge.wiring import add_config, add_format, settings_of


def configure(parser: ArgumentParser) -> None:
    """Options."""
    parser.add_argument("numbers", nargs="+", metavar="NUMBER", help="as callers' calls arrive, e.g. the DID")
    parser.add_argument("--context", required=True, help="where callers come in, e.g. from-trunk")
    parser.add_argument("--keys", default="", help="pressed after the first word")
    parser.add_argument("--rx", default="asterisk", metavar="COMMAND", help="how Asterisk's console is started")
    add_config(parser)
    add_format(parser)


def run(args: Namespace) -> int:
    """1 when a caller would complain."""
    import re

    from concierge.errors import UserError
    from concierge.installation.loaded import Console
    from concierge.selftest import Wanted, call

    for word, shape in ((args.context, r"[A-Za-z0-9_-]+"), (args.keys, r"[0-9A-D*#]*")):
        if not re.fullmatch(shape, word):
            raise UserError(f"{word!r} cannot be a context or keys")
    settings, console = settings_of(args), Console(args.rx)
    found = []
    for number in args.numbers:
        if not re.fullmatch(r"[A-Za-z0-9+*#_-]+", number):
            raise UserError(f"{number!r} cannot be a number")
        found += call(console, Wanted(number, args.context, args.keys, word=float(settings.menu.orientation)))
    if args.format == "json":
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    for one in found if args.format == "text" else ():
        print(
            f"{'✓' if one.state == 'ok' else '✗'} {one.name}: {one.seen}"
            + (f"\n    {one.remedy}" if one.remedy else "")
        )
    return 1 if any(one.state == "failed" for one in found) else 0
