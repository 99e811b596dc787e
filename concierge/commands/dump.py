"""`concierge dump PATH`: the dialplan as Asterisk would hold it in memory."""

from __future__ import annotations

import argparse
import sys


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="extensions.conf, a folder like /etc/asterisk, or -")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("--root", metavar="DIR", help="where #include looks (default: the folder of PATH)")
    parser.add_argument("--show-values", action="store_true", help="also the values of globals, not credentials")
    parser.add_argument("--show-secrets", action="store_true", help="also what looks like a credential")
    parser.add_argument("--config", metavar="FILE", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """0: Asterisk would load it; 1: it would refuse all of it."""
    from concierge.errors import UserError
    from dialplan import dump
    from dialplan.plan import UnreadableError, load

    try:
        plan = load(args.path, root=args.root)
    except UnreadableError as error:
        raise UserError(str(error)) from error
    data = dump.as_data(plan, values=args.show_values or args.show_secrets, secrets=args.show_secrets)
    if args.format == "json":
        import json

        print(json.dumps(data, indent=1))
    else:
        encoding = sys.stdout.encoding or "utf-8"
        print("\n".join(dump.as_text(data)).encode(encoding, "backslashreplace").decode(encoding))
    return 0 if plan.loads else 1
