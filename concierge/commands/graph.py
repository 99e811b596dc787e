"""`concierge graph PATH`: the calls of a dialplan as a picture. Reads the files; of the settings, which Asterisk."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

FORMATS = ("mermaid", "dot", "svg", "html")
ENDINGS = {".dot": "dot", ".gv": "dot", ".svg": "svg", ".html": "html", ".htm": "html"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.set_defaults(leaves_at_once=True)
    parser.add_argument("path", metavar="PATH", help="extensions.conf, a folder that holds it, or -")
    parser.add_argument("--format", choices=FORMATS, help="default: what FILE ends in, else mermaid")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there instead of stdout")
    parser.add_argument(
        "--entry",
        action="append",
        default=[],
        metavar="CONTEXT[,EXTEN[,PRIO]]",
        help="where calls come in (repeatable; default: found from the files beside the dialplan, and by names)",
    )
    parser.add_argument("--asterisk", metavar="VERSION", help="default: as `concierge lint` takes it")
    parser.add_argument("--config", type=Path, metavar="FILE", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """0; 1 when Asterisk refuses the dialplan. Raises UserError."""
    from concierge.errors import UserError
    from concierge.linting.control import asterisk
    from dialplan.flow.entries import parse
    from dialplan.plan import UnreadableError, load
    from dialplan.subject import from_files
    from dialplan.version import table_of

    named = asterisk(args.asterisk, args.config)
    try:
        plan, entries = load(args.path), tuple(map(parse, args.entry))
    except (UnreadableError, ValueError) as error:
        raise UserError(str(error.args[0])) from error
    missing = [at.context for at in entries if at.context not in plan.contexts]
    if missing and plan.loads:
        raise UserError(f"there is no context [{missing[0]}] in {args.path}")
    subject = from_files(plan, table_of(plan, named))
    subject.entries = entries
    args.kept = subject
    form = args.format or (ENDINGS.get(args.output.suffix.lower()) if args.output else None) or "mermaid"
    _write(_rendered(form, subject), args.output)
    return int(not plan.loads)


def _rendered(form: str, subject: object) -> str:
    import importlib

    from dialplan.freepbx import Gui
    from dialplan.graph import build
    from dialplan.subject import Subject

    assert isinstance(subject, Subject)  # noqa: S101
    graph = build(subject, Gui(subject).title)
    if form == "html":
        from dialplan.lint import Report
        from dialplan.report import html
        from dialplan.report.shown import Shown

        entries = tuple(dict.fromkeys(f"{entry.at.context}: {entry.why}" for entry in subject.flow.entries))
        report = Report((), (), 0, subject.plan.files, sum(1 for _ in subject.steps()), entries)
        return html.render(report, Shown(graphs=(graph,)))
    text: str = importlib.import_module(f"dialplan.graph.{form}").render(graph)
    return text


def _write(text: str, output: Path | None) -> None:
    from concierge.errors import UserError

    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {output}: {error.strerror}") from error
