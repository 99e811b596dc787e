"""`concierge lint PATH…`: what would trap or cut off a caller. Reads the files, no settings, no database."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from concierge.errors import UserError
from dialplan.applications import tables
from dialplan.finding import Severity
from dialplan.flow.entries import parse
from dialplan.flow.model import At
from dialplan.flow.operators import glob
from dialplan.lint import Report, lint, merge
from dialplan.plan import UnreadableError, load, loads
from dialplan.plan.loading import STDIN, from_stdin
from dialplan.plan.model import Plan
from dialplan.rule import Rule, choose
from dialplan.sounds import Sounds
from dialplan.sounds import read as read_sounds
from dialplan.subject import Subject, from_files

FORMATS = ("text", "json")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.set_defaults(leaves_at_once=True)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="extensions.conf, a folder that holds it, or -")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of stdout")
    parser.add_argument("--select", default="", metavar="CODES", help="only these rules, such as D1,C103")
    parser.add_argument("--ignore", default="", metavar="CODES", help="not these rules")
    parser.add_argument(
        "--fail-on",
        choices=[str(severity) for severity in Severity],
        default=str(Severity.INFO),
        help="lowest severity that makes the exit code 1 (default: info, any finding)",
    )
    parser.add_argument(
        "--entry",
        action="append",
        default=[],
        metavar="CONTEXT[,EXTEN[,PRIO]]",
        help="where calls come in (repeatable; default: found from the files beside the dialplan, and by names)",
    )
    parser.add_argument(
        "--operator",
        action="append",
        default=[],
        metavar="CONTEXT[,EXTEN[,PRIO]]",
        help="a place that counts as a person, beside Dial and Queue; EXTEN may be a pattern such as _85XX, "
        "CONTEXT may hold * and ? (repeatable)",
    )
    parser.add_argument(
        "--sounds", type=Path, metavar="DIR", help="the prompts of the system, such as /var/lib/asterisk/sounds"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes for a large dialplan (default: 1)")
    version = parser.add_mutually_exclusive_group()
    version.add_argument(
        "--asterisk", choices=tables.VERSIONS, default=tables.DEFAULT, help=f"default: {tables.DEFAULT}"
    )
    version.add_argument(
        "--docs-xml", type=Path, metavar="FILE", help="applications of your own Asterisk: its core-en_US.xml"
    )


def run(args: argparse.Namespace) -> int:
    """Lint all paths into one report; 0 without findings that count, else 1. Raises UserError."""
    rules = _rules(args)
    table = _table(args)
    entries, operators, sounds = _places(args.entry), _places(args.operator), _sounds(args.sounds)
    if args.jobs < 1:
        raise UserError(f"--jobs {args.jobs}: give at least 1")
    reports = []
    for subject in _subjects(args.paths, table):
        reports.append(lint(_with_outside(subject, entries, operators, sounds), rules, args.jobs))
        args.kept = subject  # the last one is not taken apart, see leaves_at_once
    report = merge(reports)
    text = importlib.import_module(f"dialplan.report.{args.format}").render(report)
    _write(text, args.output)
    return _exit_code(report, Severity[args.fail_on.upper()])


def _places(texts: list[str]) -> tuple[At, ...]:
    try:
        return tuple(parse(text) for text in texts)
    except ValueError as error:
        raise UserError(str(error)) from error


def _sounds(folder: Path | None) -> Sounds | None:
    try:
        return None if folder is None else read_sounds(folder)
    except OSError as error:
        raise UserError(f"--sounds: cannot read {folder}: {error.strerror}") from error


def _with_outside(
    subject: Subject, entries: tuple[At, ...], operators: tuple[At, ...], sounds: Sounds | None
) -> Subject:
    for at in (*entries, *operators):
        named = glob(at.context).fullmatch if at in operators else at.context.__eq__
        if subject.plan.loads and not any(map(named, subject.plan.contexts)):
            raise UserError(f"there is no context [{at.context}] in {subject.plan.files[0]}")
    subject.entries, subject.operators, subject.sounds = entries, operators, sounds
    return subject


def _rules(args: argparse.Namespace) -> tuple[Rule, ...]:
    try:
        return choose(args.select.split(","), args.ignore.split(","))
    except ValueError as error:
        raise UserError(str(error)) from error


def _table(args: argparse.Namespace) -> tables.Table:
    if args.docs_xml is None:
        return tables.load(args.asterisk)
    from dialplan.applications.docs import DocsError, from_xml

    try:
        return from_xml(args.docs_xml)
    except DocsError as error:
        raise UserError(str(error)) from error


def _subjects(paths: list[str], table: tables.Table) -> Iterator[Subject]:
    for path in paths:
        given: dict[str, str] = {}
        try:
            plan = _from_stdin(given) if path == "-" else load(path)
        except UnreadableError as error:
            raise UserError(str(error)) from error
        yield from_files(plan, table, given)


def _from_stdin(given: dict[str, str]) -> Plan:
    data = from_stdin()
    given[STDIN] = data.decode("utf-8", "replace")
    return loads(data, STDIN, root=Path.cwd())


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {output}: {error.strerror}") from error


def _exit_code(report: Report, fail_on: Severity) -> int:
    worst = report.worst()
    return int(worst is not None and worst >= fail_on)
