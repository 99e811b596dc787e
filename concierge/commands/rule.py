"""`concierge rule CODE…` and `concierge rule --all`: what a finding means, with a bad and a good example."""

from __future__ import annotations

import argparse
import sys

from concierge.errors import UserError
from dialplan.rule import Rule, overview, rules


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("codes", nargs="*", metavar="CODE", help="such as D101")
    parser.add_argument("--all", action="store_true", help="list every rule")


def run(args: argparse.Namespace) -> int:
    """Print the pages of the codes, or the list. Raises UserError for an unknown code."""
    if args.all:
        sys.stdout.write(overview())
        return 0
    if not args.codes:
        raise UserError("name a rule, such as `concierge rule D101`, or ask for `concierge rule --all`")
    sys.stdout.write("\n".join(_find(code).page() for code in args.codes))
    return 0


def _find(code: str) -> Rule:
    for rule in rules():
        if rule.code == code.upper():
            return rule
    raise UserError(f"there is no rule {code}; `concierge rule --all` lists them")
