"""`concierge lint PATH…`: what would trap or cut off a caller. Reads the files; settings only where there is a `lint:`
part, no database.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from concierge.errors import UserError
from dialplan.applications import tables
from dialplan.finding import Severity
from dialplan.flow.entries import parse
from dialplan.flow.model import At
from dialplan.flow.operators import glob
from dialplan.light import TYPE_CHECKING
from dialplan.lint import Report, lint, merge
from dialplan.plan import UnreadableError, load, loads
from dialplan.plan.loading import MAIN, STDIN, from_stdin
from dialplan.plan.model import Plan
from dialplan.report.shown import Shown, add_sources
from dialplan.rule import Rule, choose
from dialplan.sounds import Sounds
from dialplan.sounds import read as read_sounds
from dialplan.subject import Subject, from_files
from dialplan.version import table_of

if TYPE_CHECKING:
    from concierge.linting.control import Control
    from concierge.settings import LintSettings
    from dialplan.graph import Graph

FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit", "html")
WITH_FIXES = ("json", "sarif", "html")
SHORT = 10
"""So many findings are read from top to bottom; more get a first screen."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.set_defaults(leaves_at_once=True)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="extensions.conf, a folder that holds it, or -")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there instead of stdout")
    parser.add_argument("--all", action="store_true", help="list every finding, also on a terminal")
    parser.add_argument("--statistics", action="store_true", help="only how often each rule spoke")
    _configure_rules(parser)
    _configure_calls(parser)
    _configure_known(parser)
    repairs = parser.add_mutually_exclusive_group()
    repairs.add_argument("--fix", action="store_true", help="write the repairs that are certainly right")
    repairs.add_argument("--diff", action="store_true", help="show what --fix would write, and write nothing")
    parser.add_argument("--watch", action="store_true", help="judge again whenever a file changes, until Ctrl-C")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes for a large dialplan (default: 1)")


def _configure_rules(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings; their part `lint` counts here")
    parser.add_argument("--select", default="", metavar="CODES", help="only these rules, such as D1,C103")
    parser.add_argument("--ignore", default="", metavar="CODES", help="not these rules")
    parser.add_argument(
        "--severity",
        action="append",
        default=[],
        metavar="CODE=LEVEL",
        help="error, warning, info or off for rules that begin so, such as D4=off (repeatable)",
    )
    parser.add_argument(
        "--fail-on",
        choices=[str(severity) for severity in Severity],
        help="lowest severity that makes the exit code 1 (default: info, any finding)",
    )


def _configure_calls(parser: argparse.ArgumentParser) -> None:
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
        "--trunk",
        action="append",
        default=[],
        metavar="NAME",
        help="what leads out of the house, for the rules C3: PJSIP/provider, DAHDI, all of [CONTEXT], !NAME for what "
        "does not (repeatable; default: what looks like a number behind a trunk)",
    )
    parser.add_argument(
        "--sounds", type=Path, metavar="DIR", help="the prompts of the system, such as /var/lib/asterisk/sounds"
    )
    parser.add_argument("--stdin-filename", metavar="FILE", help="the name of what comes from standard input (-)")
    version = parser.add_mutually_exclusive_group()
    version.add_argument(
        "--asterisk", choices=tables.VERSIONS, help=f"default: what FreePBX has written down, else {tables.DEFAULT}"
    )
    version.add_argument(
        "--docs-xml", type=Path, metavar="FILE", help="applications of your own Asterisk: its core-en_US.xml"
    )


def _configure_known(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="say only what is not in this file")
    parser.add_argument(
        "--write-baseline", type=Path, metavar="FILE", help="write all findings there, say none, and end with 0"
    )


def run(args: argparse.Namespace) -> int:
    """Lint all paths into one report; 0 without findings that count, else 1. Raises UserError."""
    if not args.watch:
        return _once(args)
    from concierge.linting.watching import watch

    if "-" in args.paths or args.fix:
        raise UserError("--watch goes with files, and without --fix")
    return watch(args, _once)


def _once(args: argparse.Namespace) -> int:
    given = _settings(args)
    _merge(args, given)
    rules, control = _rules(args), _control(args, given)
    if args.jobs < 1:
        raise UserError(f"--jobs {args.jobs}: give at least 1")
    if args.fix and "-" in args.paths:
        raise UserError("--fix cannot write standard input; ask for --diff, or name a file")
    args.differences, args.files = [], []
    report, shown = _judge(args, rules, control)
    if args.diff:
        _write("".join(args.differences), args.output)
        return int(any(args.differences))
    if args.write_baseline:
        return _write_baseline(args.write_baseline, report, shown)
    if args.baseline:
        report = _new_ones(args.baseline, report, shown)
    _write(_rendered(args, report, shown), args.output)
    return _exit_code(report, shown.fail_on)


def _settings(args: argparse.Namespace) -> LintSettings | None:
    """Looked at only where there may be any: most dialplans are judged without."""
    named = args.config or os.environ.get("CONCIERGE_CONFIG")
    if not named and not any(os.path.exists(place) for place in ("config.yaml", "/etc/concierge/config.yaml")):  # noqa: PTH110 - never raises
        return None
    from concierge.linting.control import settings

    return settings(args.config)


def _merge(args: argparse.Namespace, given: LintSettings | None) -> None:
    """What the command line does not say, the settings do, and then the defaults."""
    if given is not None:
        args.select = args.select or ",".join(given.select)
        args.ignore = args.ignore or ",".join(given.ignore)
        args.entry = args.entry or list(given.entries)
        args.operator = args.operator or list(given.operators)
        args.trunk = args.trunk or list(given.trunks)
        args.fail_on = args.fail_on or given.fail_on
        args.asterisk = args.asterisk or given.asterisk or None
        args.sounds = args.sounds or (Path(given.sounds) if given.sounds else None)
        args.baseline = args.baseline or (Path(given.baseline) if given.baseline else None)
    args.fail_on = args.fail_on or str(Severity.INFO)


def _control(args: argparse.Namespace, given: LintSettings | None) -> Control | None:
    if given is None and not args.severity:
        return None
    from concierge.linting.control import control

    return control(given, args.severity)


def _judge(args: argparse.Namespace, rules: tuple[Rule, ...], control: Control | None) -> tuple[Report, Shown]:
    """The whole report, and what the formats need beside it."""
    table, judged_for = _table(args), ""
    entries, operators, sounds = _places(args.entry), _places(args.operator), _sounds(args.sounds)
    trunks = _trunks(args.trunk)
    reports, lines = [], dict[tuple[str, int], str]()
    graphs: list[Graph] = []
    for subject, given in _subjects(args, table):
        subject.trunks = trunks
        report = lint(_with_outside(subject, entries, operators, sounds), rules, args.jobs)
        if control is not None:
            report = control.apply(report)
        if args.fix or args.diff or (report.findings and args.format in WITH_FIXES):
            subject, report = _repaired(args, subject, report, rules, control, given)
        reports.append(add_sources(subject, report, lines))
        judged_for = judged_for or _judged_for(subject, table)
        if args.format == "html":
            graphs.append(_graph(subject))
        args.files += subject.plan.files
        args.kept = subject  # the last one is not taken apart, see leaves_at_once
    colour = args.output is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    version = _version() if args.format in ("sarif", "html") else ""
    fail_on = Severity[args.fail_on.upper()]
    return merge(reports), Shown(lines, fail_on, colour, version, tuple(graphs), args.all, judged_for)


def _graph(subject: Subject) -> Graph:
    from dialplan.freepbx import Gui
    from dialplan.graph import build

    return build(subject, Gui(subject).title)


def _repaired(
    args: argparse.Namespace,
    subject: Subject,
    report: Report,
    rules: tuple[Rule, ...],
    control: Control | None,
    given: dict[str, bytes],
) -> tuple[Subject, Report]:
    """What is found after --fix, or the same with a fix at what can be repaired."""
    if not (args.fix or args.diff):
        from dialplan.repair import fixes

        return subject, fixes(subject, report, given)
    from concierge.linting import fixing

    repaired = fixing.repaired(subject, report, rules, given, args.jobs)
    if args.diff:
        args.differences.append(fixing.difference(repaired, given))
    elif repaired.subject is not None and repaired.report is not None:
        fixing.write(repaired)
        after = repaired.report if control is None else control.apply(repaired.report)
        return repaired.subject, after
    return subject, report


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("asterisk-concierge")
    except PackageNotFoundError:  # run from a folder of files
        return ""


def _rendered(args: argparse.Namespace, report: Report, shown: Shown) -> str:
    if args.format != "text":
        if args.statistics:
            raise UserError("--statistics goes with --format text; in json, summary.codes has the same")
        text: str = importlib.import_module(f"dialplan.report.{args.format}").render(report, shown)
        return text
    from dialplan.report import text as listing

    long = len(report.findings) > SHORT
    terminal = args.output is None and sys.stdout.isatty()
    if not long and not args.statistics and not (terminal and report.findings):
        return listing.render(report, shown)
    from dialplan.report import screen

    if args.statistics:
        return screen.statistics(report, shown)
    if not long:
        return listing.render(report, shown) + screen.after(report, " ".join(args.paths))
    first = screen.render(report, shown, " ".join(args.paths))
    if terminal and not args.all:
        return f"{first}  concierge lint {' '.join(args.paths)} --all\n      all {len(report.findings)} findings\n"
    return listing.render(report, shown) + ("" if args.all else f"\n{first}")


def _write_baseline(path: Path, report: Report, shown: Shown) -> int:
    from concierge.linting import baseline

    count = baseline.write(path, report, shown)
    print(f"{path}: {count} findings; `concierge lint --baseline {path}` says only new ones", file=sys.stderr)
    return 0


def _new_ones(path: Path, report: Report, shown: Shown) -> Report:
    from concierge.linting import baseline

    report, gone = baseline.without(path, report, shown)
    if gone:
        print(f"{path}: {gone} of its findings are gone; write it anew with --write-baseline", file=sys.stderr)
    return report


def _places(texts: list[str]) -> tuple[At, ...]:
    try:
        return tuple(parse(text) for text in texts)
    except ValueError as error:
        raise UserError(str(error)) from error


def _trunks(names: list[str]) -> tuple[str, ...]:
    if not names:
        return ()
    from dialplan.rules import _trunks as trunks

    try:
        for name in names:
            trunks.check(name)
    except ValueError as error:
        raise UserError(f"--trunk, lint.trunks: {error}") from error
    return tuple(names)


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
    for at in entries:
        there = not at.exten or subject.places.exists(*at) or subject.places.open_ended(at.context)
        if subject.plan.loads and not there:
            place = f"{at.exten},{at.priority} in [{at.context}]"
            raise UserError(f"--entry: no call begins at {place}: {subject.plan.files[0]} has no such priority")
    subject.entries, subject.operators, subject.sounds = entries, operators, sounds
    return subject


def _rules(args: argparse.Namespace) -> tuple[Rule, ...]:
    try:
        return choose(args.select.split(","), args.ignore.split(","))
    except ValueError as error:
        raise UserError(str(error)) from error


def _judged_for(subject: Subject, wanted: tables.Table | None) -> str:
    """The version that nobody has named, and why it was taken; "" for the one that was named, and the usual one."""
    said = subject.plan.globals.get("ASTVERSION", "")
    if wanted is not None or not said or subject.table is tables.load(tables.DEFAULT):
        return ""
    return f"{subject.table.version.partition('.')[0]} (ASTVERSION is {said[:12]}; --asterisk says otherwise)"


def _table(args: argparse.Namespace) -> tables.Table | None:
    """Of the version that was named, None without one."""
    if args.docs_xml is None:
        if args.asterisk is None:
            return None
        if args.asterisk not in tables.VERSIONS:
            raise UserError(f"lint.asterisk: {args.asterisk!r} is none of {', '.join(tables.VERSIONS)}")
        return tables.load(args.asterisk)
    from dialplan.applications.docs import DocsError, from_xml

    try:
        return from_xml(args.docs_xml)
    except DocsError as error:
        raise UserError(str(error)) from error


def _subjects(args: argparse.Namespace, wanted: tables.Table | None) -> Iterator[tuple[Subject, dict[str, bytes]]]:
    """Each plan, and the bytes of what is no file."""
    for path in _each_once(one for named in args.paths for one in _plans(named)):
        given: dict[str, bytes] = {}
        try:
            plan = _from_stdin(given, args.stdin_filename) if path == "-" else load(path)
        except UnreadableError as error:
            raise UserError(str(error)) from error
        table = wanted or table_of(plan)
        yield from_files(plan, table, {name: data.decode("utf-8", "replace") for name, data in given.items()}), given


def _each_once(paths: Iterable[str]) -> list[str]:
    """A file that is named twice is judged once."""
    named: dict[str, str] = {}
    for path in paths:
        main = os.path.join(path, MAIN) if os.path.isdir(path) else path  # noqa: PTH112, PTH118 - they never raise
        named.setdefault(path if path == "-" else os.path.realpath(main), path)
    return list(named.values())


def _plans(path: str) -> list[str]:
    """A folder without an extensions.conf of its own stands for every one below it."""
    if path == "-" or not os.path.isdir(path) or os.path.exists(os.path.join(path, MAIN)):  # noqa: PTH110, PTH112, PTH118 - they never raise
        return [path]
    found = [os.path.join(folder, MAIN) for folder, _, files in os.walk(path) if MAIN in files]  # noqa: PTH118
    return sorted(found) or [path]


def _from_stdin(given: dict[str, bytes], name: str | None) -> Plan:
    """Under a name it is judged as that file: what it includes is beside it, and a part is no whole."""
    data = from_stdin()
    named = name or STDIN
    given[named] = data
    folder = Path(name).parent if name else Path.cwd()
    return loads(data, named, root=folder, main=name is None or Path(name).name == MAIN)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {output}: {error.strerror}") from error


def _exit_code(report: Report, fail_on: Severity) -> int:
    """What a GUI writes by itself nobody can repair there: it counts as information."""
    severities = (Severity.INFO if finding.own else finding.severity for finding in report.findings)
    return int(any(severity >= fail_on for severity in severities))
