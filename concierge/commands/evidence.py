"""`concierge evidence verify|export`: was anything changed, and why was this number called or refused?"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from concierge.errors import UserError
from concierge.outputs import refuse_own, write_whole
from concierge.plain import one_line
from concierge.wiring import add_config, prepare_store, settings_of, site_of

if TYPE_CHECKING:
    from concierge.dossier.facts import Wanted
    from concierge.settings import Settings
    from models.evidence.checkpoint import Checkpoint
    from models.evidence.verify import Verified


def configure(parser: ArgumentParser) -> None:
    """Actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="find what was changed, deleted, put in, reordered or cut off")
    verify.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        type=_checkpoint,
        metavar="POSITION:CHAIN",
        help="an end of the chain that was kept elsewhere, as the log has it (repeatable)",
    )
    verify.add_argument("--format", choices=("text", "json"), default="text")
    export = actions.add_parser("export", help="the dossier of a number, or of a time")
    export.add_argument("--number", metavar="N", help="as people write it")
    export.add_argument("--since", type=since, metavar="TIME", help="ISO date or time, or 7d, 12h")
    export.add_argument("--until", type=since, metavar="TIME")
    export.add_argument("--format", choices=("text", "json", "html"), default="text")
    export.add_argument("--pseudonyms", action="store_true", help="privacy.key_file's names for numbers")
    export.add_argument("--output", "-o", type=Path, metavar="FILE", help="readable by you only")
    for action in (verify, export):
        add_config(action)


def since(text: str) -> datetime:
    """`2026-11-01`, `2026-11-01T12:00+01:00`, `7d`, `12h`, `30m` -> aware datetime (argparse type)."""
    units = {"d": "days", "h": "hours", "m": "minutes"}
    try:
        if text[-1:] in units and text[:-1].isascii() and text[:-1].isdigit():
            return datetime.now(UTC) - timedelta(**{units[text[-1]]: int(text[:-1])})
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC)  # without a zone: this host's time
    except (ValueError, OverflowError) as error:
        raise ArgumentTypeError(f"{text!r} is no time: write 2026-11-01, 2026-11-01T12:00+01:00, 7d or 12h") from error


def _checkpoint(text: str) -> Checkpoint:
    from models.evidence.checkpoint import Checkpoint

    position, _, chain = text.partition(":")
    try:
        if len(chain) != 64 or int(position) < 1:
            raise ValueError
        return Checkpoint(int(position), bytes.fromhex(chain), 0)
    except ValueError:
        raise ArgumentTypeError(f"{text!r}: write POSITION:CHAIN with 64 hexadecimal digits") from None


def run(args: Namespace) -> int:
    """`verify`: 1 when anything was found; `export`: 1 when nothing is kept."""
    from models.errors import StoreError

    settings = settings_of(args)
    path = prepare_store(settings)
    try:
        return _verify(args, path) if args.action == "verify" else _export(args, settings, path)
    except StoreError as error:
        raise UserError(str(error)) from error


def verified(path: Path, known: list[Checkpoint]) -> Verified:
    """With a line of progress. Raises StoreError."""
    from concierge.progress import progress
    from models.evidence.verify import verify

    with progress("verified") as shown:
        return verify(path, known, shown.at)


def _verify(args: Namespace, path: Path) -> int:
    from concierge.dossier.facts import verified_facts

    found = verified(path, args.checkpoint)
    if args.format == "json":
        print(json.dumps(verified_facts(found), ensure_ascii=False))
        return 1 if found.findings else 0
    for finding in found.findings:
        print(finding)
    removed = f", {found.removed} removed by signed links" if found.removed else ""
    began = f" since {found.began:%Y-%m-%d %H:%M:%SZ}" if found.began else ""
    print(f"{path}: {found.rows} rows in {found.links} links{began}{removed}: {_verdict(len(found.findings))}")
    if found.head:
        print(f"the chain ends at {found.head.position}:{found.head.chain.hex()}")
    return 1 if found.findings else 0


def _verdict(count: int) -> str:
    return "as they were recorded" if not count else f"{count} findings"


def _export(args: Namespace, settings: Settings, path: Path) -> int:
    from contextlib import closing

    from concierge.dossier.facts import Wanted, dossier
    from models.store import Store

    if args.number is None and args.since is None:
        raise UserError("name a number with --number, or a time with --since")
    from concierge.privacy import access_of, pseudonyms_of
    from models.access import note
    from models.pseudonym import in_facts

    refuse_own(args, settings, args.output)

    wanted = Wanted(_number(args.number, settings), args.since, args.until)
    name = pseudonyms_of(settings, asked=True) if args.pseudonyms else None
    found = verified(path, [])
    with closing(Store(path)) as store:
        facts = dossier(store, wanted, found, datetime.now(UTC), settings.site.name)
        note(store, access_of("evidence", _question(wanted), wanted.number, len(facts["history"])))
    if name is not None:
        facts = in_facts(facts, name)
    text = _shown(facts, args.format)
    if args.output is None:
        sys.stdout.write(text)
    else:
        write_whole(args.output, text)
    return 0 if facts["history"] or facts["entries"] else 1


def _question(wanted: Wanted) -> str:
    """For the note of who has read the list."""
    times = (("since", wanted.since), ("until", wanted.until))
    return " ".join(f"{word} {at:%Y-%m-%dT%H:%M:%SZ}" for word, at in times if at is not None)


def _number(text: str | None, settings: Settings) -> int | None:
    from models.number import Number, interpret

    if text is None:
        return None
    found = interpret(text, site_of(settings))
    if not isinstance(found, Number):
        raise UserError(f"{text!r} is no telephone number; write it with + and the country")
    return found.e164


def _shown(facts: dict[str, object], format_: str) -> str:
    from concierge.dossier.page import page

    if format_ == "html":
        return page(facts)
    if format_ == "json":
        return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
    return "\n".join(_lines(facts)) + "\n"


def _lines(facts: dict[str, object]) -> list[str]:
    history, summary, intact = facts["history"], facts["summary"], facts["verified"]
    assert isinstance(history, list) and isinstance(summary, list) and isinstance(intact, dict)  # noqa: S101
    named = facts["number"] is None
    rows = [f"{row['at']} {row['number'] + ' ' if named and row['number'] else ''}{row['told']}" for row in history]
    return [one_line(line) for line in (*summary, *rows, f"evidence: {_verdict(len(intact['findings']))}")]
