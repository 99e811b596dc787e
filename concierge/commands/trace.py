"""`concierge trace PATH --at CONTEXT,EXTEN,PRIO`: the path of one call, step by step. Reads the files; of the settings,
which Asterisk.
"""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialplan.applications.tables import Table
    from dialplan.flow import Inputs, Trace, TraceStep
    from dialplan.plan.model import Plan


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("path", metavar="PATH", help="extensions.conf, a folder like /etc/asterisk, or -")
    parser.add_argument("--at", required=True, metavar="CONTEXT[,EXTEN[,PRIO]]", help="where the call begins")
    parser.add_argument(
        "--keys",
        default="",
        metavar="KEYS",
        help='what is pressed, such as "1,#,(wait)"; (listen) hears a prompt to its end; after the list: nothing',
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a variable, or CALLERID(num)=…"
    )
    parser.add_argument(
        "--result",
        action="append",
        default=[],
        metavar="APP=STATUS",
        help="how an application comes back, such as Dial=BUSY; several in order: Dial=BUSY,ANSWER; "
        "a key, such as VoiceMail=0, is pressed while it runs",
    )
    parser.add_argument(
        "--when",
        action="append",
        default=[],
        choices=("true", "false"),
        help="answers for conditions that cannot be known, in order (default: false)",
    )
    parser.add_argument("--now", metavar="TIME", help="the time of the call, such as 2026-11-23T12:00 (default: now)")
    parser.add_argument("--asterisk", metavar="VERSION", help="default: as `concierge lint` takes it")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("--config", type=Path, metavar="FILE", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """0 when the call could be followed to an end, 1 when not. Raises UserError."""
    from concierge.errors import UserError
    from concierge.linting.control import asterisk
    from dialplan.flow import Ended, walk
    from dialplan.flow.entries import parse
    from dialplan.plan import UnreadableError, load
    from dialplan.version import table_of

    named = asterisk(args.asterisk, args.config)
    try:
        plan, at = load(args.path), parse(args.at)
    except (UnreadableError, ValueError) as error:
        raise UserError(str(error.args[0])) from error
    if not plan.loads:
        raise UserError(f"Asterisk refuses {args.path} as a whole; `concierge lint` says why")
    if at.context not in plan.contexts:
        raise UserError(f"there is no context [{at.context}] in {args.path}")
    inputs, table = _inputs(args), table_of(plan, named)
    check(inputs, plan, table)
    trace = walk(plan, table, at, inputs)
    hide = Hider(plan)
    text = _json(trace, hide) if args.format == "json" else _text(trace, hide)
    sys.stdout.write(text)
    return int(trace.end.kind in (Ended.UNKNOWN, Ended.LIMIT))


def _inputs(args: argparse.Namespace) -> Inputs:
    from dialplan.flow import Inputs

    variables = dict(_pairs("--set", args.set))
    results: dict[str, str | list[str]] = {name: value.split(",") for name, value in _pairs("--result", args.result)}
    return Inputs(
        keys=tuple(key.strip() for key in args.keys.split(",") if key.strip()),
        results=results,
        variables=variables,
        now=_time(args.now),
        callerid=variables.get("CALLERID(num)"),
        conditions=tuple(answer == "true" for answer in args.when),
    )


def check(inputs: Inputs, plan: Plan, table: Table) -> None:
    """A slip of the pen in a key or a name would quietly walk another call. Raises UserError."""
    from concierge.errors import UserError
    from dialplan.flow.model import LISTEN, WAIT

    for key in inputs.keys:
        if key not in (WAIT, LISTEN) and set(key) - set("0123456789*#ABCDabcd"):
            raise UserError(f"--keys {key}: a telephone has the keys 0-9 * # A-D; also {WAIT} and {LISTEN}")
    used = {step.application.lower() for c in plan.contexts.values() for e in c.extensions for step in e.steps.values()}
    for name in inputs.results:
        if table.find(name) is None and name.lower() not in used and not name.isupper():
            raise UserError(f"--result {name}: no application of that name; a variable is written in capitals")


def _pairs(option: str, texts: list[str]) -> list[tuple[str, str]]:
    from concierge.errors import UserError

    made = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UserError(f"{option} {text}: write NAME=VALUE")
        made.append((name, value))
    return made


def _time(text: str | None) -> datetime:
    from concierge.errors import UserError

    try:
        moment = datetime.fromisoformat(text) if text else datetime.now()
    except ValueError as error:
        raise UserError(f"--now {text}: write a time such as 2026-11-23T12:00") from error
    return moment if moment.tzinfo else moment.astimezone()


class Hider:
    """Blots out values of globals that look like credentials."""

    def __init__(self, plan: Plan) -> None:
        from dialplan.plan.secrets import looks_secret

        found = {value for name, value in plan.globals.items() if looks_secret(name, value)} | set(plan.secrets)
        self.secrets = sorted((value for value in found if len(value) > 2), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def _text(trace: Trace, hide: Hider) -> str:
    lines = [_line(step, hide) for step in trace.steps]
    lines.append(f"end: {trace.end.kind}" + (f" ({hide(trace.end.text)})" if trace.end.text else ""))
    if trace.hangup_steps:
        lines += ["then h:", *(_line(step, hide) for step in trace.hangup_steps)]
    lines += [f"note: {hide(note)}" for note in trace.notes]
    return "\n".join(lines) + "\n"


def _line(step: TraceStep, hide: Hider) -> str:
    where = f"{step.context},{step.exten},{step.priority}"
    place = f"{step.place.file}:{step.place.line}"
    what = f"{step.application}({step.data})"
    chosen = f"  <- {step.choice.value}" if step.choice.kind else ""
    return hide(f"{where:<32} {place:<28} {what}{chosen}")


def _json(trace: Trace, hide: Hider) -> str:
    import json

    document: dict[str, Any] = {
        "version": 1,
        "steps": [_step(step, hide) for step in trace.steps],
        "end": {"kind": str(trace.end.kind), "text": hide(trace.end.text)},
        "hangup_steps": [_step(step, hide) for step in trace.hangup_steps],
        "notes": [hide(note) for note in trace.notes],
        "seconds": trace.seconds,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _step(step: TraceStep, hide: Hider) -> dict[str, Any]:
    return {
        "context": hide(step.context),
        "exten": hide(step.exten),
        "priority": step.priority,
        "application": step.application,
        "data": hide(step.data),
        "file": step.place.file,
        "line": step.place.line,
        "choice": hide(step.choice.value) or None,
    }
