"""`concierge token add|list|remove`: who may use the HTTP endpoint."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from concierge.errors import UserError
from concierge.wiring import add_config, add_format, settings_of, store_path, token_path

if TYPE_CHECKING:
    from web.tokens import TokenFile


def configure(parser: ArgumentParser) -> None:
    """Actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="make a token; it is printed once and never again")
    add.add_argument("name", help="who will hold it: a letter, then letters, digits, _ . -")
    add.add_argument(
        "--scope",
        choices=("read", "write", "person"),
        default="read",
        help="read: check and look up; write: also list and take back; person: read, and all that is kept on a person",
    )
    show = actions.add_parser("list", help="names and scopes")
    remove = actions.add_parser("remove", help="it is refused from the next request on")
    remove.add_argument("name")
    for action in (add, show, remove):
        add_config(action)
    add_format(show)


def run(args: Namespace) -> int:
    """0 done; `remove` gives 1 when there is no such token."""
    from web.tokens import TokenError, TokenFile

    settings = settings_of(args)
    file = TokenFile(token_path(settings, store_path(settings)))
    try:
        return {"add": _add, "list": _list, "remove": _remove}[args.action](file, args)
    except TokenError as error:
        raise UserError(str(error)) from error


def _add(file: TokenFile, args: Namespace) -> int:
    from web.tokens import Scope

    try:
        file.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UserError(f"{file.path.parent}: {error.strerror}; set store.path or web.tokens") from error
    token = file.add(args.name, Scope(args.scope), datetime.now(UTC))
    print(token)
    print(f"concierge: keep it now, it is not shown again; scope {args.scope}, in {file.path}", file=sys.stderr)
    return 0


def _list(file: TokenFile, args: Namespace) -> int:
    import json

    found = [{"name": one.name, "scope": one.scope.value, "created_at": one.created_at} for one in file.all()]
    if args.format == "json":
        print(json.dumps(found))
    else:
        for one in found:
            print(f"{one['name']}: {one['scope']}, made {one['created_at']}")
        if not found:
            print("concierge: there is no token; `concierge token add NAME` makes one", file=sys.stderr)
    return 0


def _remove(file: TokenFile, args: Namespace) -> int:
    removed = file.remove(args.name)
    if not removed:
        print(f"concierge: {args.name}: no such token; `concierge token list` shows them", file=sys.stderr)
        return 1
    print(f"{args.name}: removed")
    return 0
