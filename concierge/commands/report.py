"""`concierge report`: service figures of a time; `concierge report bypasses`: calls that went round the gate."""

from __future__ import annotations

import csv
import io
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from concierge.commands.evidence import since
from concierge.errors import UserError
from concierge.outputs import PRIVATE, PUBLIC, refuse_own, write_whole
from concierge.wiring import add_config, settings_of

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.bypass import Passed
    from models.store import Store

_FORMATS = ("text", "json", "csv", "html", "prometheus")


def configure(parser: ArgumentParser) -> None:
    """Options."""
    parser.add_argument("what", nargs="?", choices=("figures", "bypasses"), default="figures")
    parser.add_argument("--since", type=since, metavar="TIME", help="ISO date or time, or 7d, 12h (default: 1d)")
    parser.add_argument("--until", type=since, metavar="TIME", help="default: now")
    parser.add_argument("--target", type=_seconds, default=20.0, metavar="S", help="seconds to answer in (default: 20)")
    parser.add_argument("--format", choices=_FORMATS, default="text")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="readable by you only; prometheus: by all")
    add_config(parser)


def _seconds(text: str) -> float:
    try:
        found = float(text)
        if 0 < found <= 86_400:
            return found
    except ValueError:
        pass
    raise ArgumentTypeError(f"{text!r} is no number of seconds")


def run(args: Namespace) -> int:
    """0; `bypasses` gives 1 when there are any."""
    from concierge.lists.opening import open_store

    now = datetime.now(UTC)
    begin, end = args.since or now - timedelta(days=1), args.until or now
    if not begin < end:
        raise UserError("--since must be before --until")
    settings = settings_of(args)
    refuse_own(args, settings, args.output)
    with open_store(settings) as store:
        if args.what == "bypasses":
            from models.bypass import passed_since

            found = list(passed_since(store, begin, end))
            text, code = _bypasses(found, args.format), 1 if found else 0
            _say_what_was_not_seen(store, settings, begin, end)
        else:
            from concierge.reporting.facts import facts_of
            from concierge.wiring import folder_of
            from models.abandoned import by_law
            from models.figures import figures

            told = figures(store, begin, end, timedelta(seconds=args.target))
            facts = facts_of(told, by_law(store, end, folder_of(settings)))
            text, code = _figures(facts, args.format), 0
    if args.output is None:
        sys.stdout.write(text)
    else:
        write_whole(args.output, text, PUBLIC if args.format == "prometheus" else PRIVATE)
    return code


def _say_what_was_not_seen(store: Store, settings: Settings, begin: datetime, end: datetime) -> None:
    """A call round the gate is seen over AMI alone."""
    from concierge.manager import all_of
    from models.gap import gaps

    with store.reading() as connection:
        deaf = _together([(max(one.began, begin), min(one.ended or end, end)) for one in gaps(connection)])
    if not all_of(settings):
        print("concierge: ami.user is empty: nobody listens, so no call round the gate is seen", file=sys.stderr)
    elif deaf:
        print(
            f"concierge: the listener was away for {deaf:.0f} s of this time (`concierge gaps --all`): what went round "
            "the gate then is not known",
            file=sys.stderr,
        )


def _together(times: list[tuple[datetime, datetime]]) -> float:
    """Seconds that at least one of the times covers; they may overlap."""
    found, reached = timedelta(0), None
    for began, ended in sorted(times):
        if reached is not None:
            began = max(began, reached)
        if began < ended:
            found += ended - began
            reached = ended
    return found / timedelta(seconds=1)


def _figures(facts: dict[str, Any], format_: str) -> str:
    from concierge.reporting.facts import prometheus, rows_of

    if format_ == "json":
        return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
    if format_ == "prometheus":
        return prometheus(facts)
    if format_ == "html":
        from concierge.reporting.page import page

        return page(facts)
    rows = list(rows_of(facts))
    if format_ == "csv":
        return _csv(("figure", "of", "value"), rows)
    width = max(len(f"{name} {of}") for name, of, _ in rows) + 2
    head = f"{facts['since']} to {facts['until']}\n"
    return head + "".join(f"{f'{name} {of}'.rstrip():<{width}}{value}\n" for name, of, value in rows)


def _bypasses(found: list[Passed], format_: str) -> str:
    rows = [_row(one) for one in found]
    if format_ == "json":
        return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    if format_ == "csv":
        return _csv(tuple(_NAMES), [tuple(str(row[name] or "") for name in _NAMES) for row in rows])
    if format_ == "html":
        return _page(rows)
    if format_ == "prometheus":
        return "# HELP concierge_bypasses Calls round the gate.\n# TYPE concierge_bypasses gauge\n" + (
            f"concierge_bypasses {len(rows)}\n"
        )
    return "".join(_lines(rows)) or "no call went round the gate\n"


_NAMES = (
    "at",
    "number",
    "reason",
    "cause",
    "remedy",
    "action",
    "took_ms",
    "place",
    "caller",
    "channel",
    "campaign",
    "system",
)


def _row(one: Passed) -> dict[str, Any]:
    from concierge.reporting.words import advice

    cause, remedy = advice(one.reason)
    facts = {name: getattr(one, name) for name in _NAMES if hasattr(one, name)}
    number = f"+{one.number}" if one.number else one.dialled
    return facts | {"at": one.at.isoformat(), "number": number, "cause": cause, "remedy": remedy}


def _lines(rows: list[dict[str, Any]]) -> list[str]:
    lines = []
    for row in rows:
        place = f" at {row['place']}" if row["place"] else ""
        ended = f", hung up after {row['took_ms']} ms" if row["took_ms"] is not None else ""
        lines.append(f"{row['at']} {row['number']} {row['channel']}{place}: {row['reason']}{ended}\n")
    for reason in dict.fromkeys(row["reason"] for row in rows):
        row = next(one for one in rows if one["reason"] == reason)
        count = sum(one["reason"] == reason for one in rows)
        lines.append(f"{count} {reason}: {row['cause']}\n    {row['remedy']}\n")
    return lines


def _csv(head: tuple[str, ...], rows: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()


def _page(rows: list[dict[str, Any]]) -> str:
    from html import escape

    names = ("at", "number", "place", "channel", "cause", "remedy", "action")
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(row[name] or ''))}</td>" for name in names) + "</tr>" for row in rows
    )
    style = "body{font:14px/1.4 system-ui,sans-serif}td,th{padding:.3rem;text-align:left;vertical-align:top}"
    title = "Calls round the gate"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{style}</style>'
        f"</head><body><h1>{title}</h1><table><tr>{head}</tr>{body}</table></body></html>\n"
    )
