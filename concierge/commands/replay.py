"""`concierge replay PATH --finding N | --at CONTEXT,EXTEN,PRIO`: the same call in a private real Asterisk."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from concierge.commands import trace as tracing

if TYPE_CHECKING:
    from datetime import datetime

    from concierge.linting.wanted import Wanted
    from dialplan.applications.tables import Table
    from dialplan.finding import Finding
    from dialplan.flow import At, Inputs
    from dialplan.plan.model import Plan

SANDBOXES = ("22", "16")
LAST_WITH_MACRO = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """The arguments of trace, or the number of a finding."""
    tracing.configure(parser)
    for action in parser._actions:
        if action.dest == "at":
            action.required = False
    parser.add_argument("--finding", type=int, metavar="N", help="the N-th finding of `concierge lint PATH`, from 1")


def run(args: argparse.Namespace) -> int:
    """0 when both paths agree, 1 when they differ. Raises UserError for wrong use or a missing Asterisk."""
    from concierge.errors import UserError
    from concierge.lab.errors import LabError
    from concierge.linting.wanted import wanted
    from concierge.replay.one import replay, report
    from dialplan.applications import tables
    from dialplan.flow.entries import parse
    from dialplan.plan import UnreadableError, load

    if (args.finding is None) == (args.at is None):
        raise UserError("replay needs one of --at CONTEXT,EXTEN,PRIO and --finding N")
    if args.asterisk and args.asterisk not in SANDBOXES:
        raise UserError(f"there is a sandbox for Asterisk {' and '.join(SANDBOXES)}, not for {args.asterisk}")
    said = wanted(args.asterisk, args.config)
    try:
        plan = load(args.path)
        at, inputs = (parse(args.at), tracing._inputs(args)) if args.finding is None else _of_finding(args, plan, said)
    except (UnreadableError, ValueError) as error:
        raise UserError(str(error.args[0])) from error
    version = sandbox_for(said.table(plan))
    table = tables.load(version)
    tracing.check(inputs, plan, table)
    if at.context not in plan.contexts:
        raise UserError(f"there is no context [{at.context}] in {args.path}")
    try:
        done = replay(plan, table, at, inputs, version)
    except LabError as error:
        raise UserError(f"the sandbox did not work: {error}") from error
    sys.stdout.write(report(done))
    return int(not done.comparison.agrees)


def sandbox_for(table: Table) -> str:
    """The version of the sandbox that is nearest: up to 20 there is Macro, as in 16."""
    major = int(table.version.partition(".")[0])
    return SANDBOXES[0] if major > LAST_WITH_MACRO else SANDBOXES[1]


def _of_finding(args: argparse.Namespace, plan: Plan, said: Wanted) -> tuple[At, Inputs]:
    from concierge.errors import UserError
    from dialplan.flow.entries import parse
    from dialplan.lint import lint
    from dialplan.subject import from_files

    subject = from_files(plan, said.table(plan))
    said.prepare(subject)
    findings = said.control.apply(lint(subject, said.rules)).findings
    if not 1 <= args.finding <= len(findings):
        raise UserError(f"there is no finding {args.finding}: `concierge lint {args.path}` has {len(findings)}")
    finding = findings[args.finding - 1]
    if finding.witness is None:
        raise UserError(f"finding {args.finding} ({finding.code}) is about the text and has no call to place")
    return parse(finding.witness.entry), _assumptions(finding)


def _assumptions(finding: Finding) -> Inputs:
    from dialplan.flow import Inputs

    assert finding.witness is not None  # noqa: S101 - asked before
    results: dict[str, list[str]] = {}
    conditions, now = [], None
    for way in finding.witness.ways:
        if way.kind == "time" and (moment := _moment(way.value)):
            now = moment
        elif way.kind == "result" and way.application:
            results.setdefault(way.application, []).append(way.value)
        elif way.value in ("true", "false"):
            conditions.append(way.value == "true")
    return Inputs(keys=finding.witness.keys, results=results, conditions=conditions, now=now)


def _moment(text: str) -> datetime | None:
    """The hours of includes, as a moment that stands for them; None for another answer about the time."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
