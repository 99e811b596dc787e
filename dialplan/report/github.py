"""Annotations of GitHub Actions: workflow commands `::error file=…,line=…::message`, one line each."""

from __future__ import annotations

from dialplan.finding import Finding, Severity
from dialplan.lint import Report
from dialplan.report.shown import Shown, plural, relative
from dialplan.report.text import own, way
from dialplan.rule import rules

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, shown: Shown | None = None) -> str:
    """A line a finding, the way of the call in its message; a notice about what was not proven."""
    del shown
    titles = {rule.code: rule.title for rule in rules()}
    lines = [_line(finding, titles.get(finding.code, "")) for finding in report.findings if not finding.own]
    lines += [
        _command("notice", {"file": relative(report.files[0]), "line": 1, "title": "GUI"}, one) for one in own(report)
    ]
    if report.unknown:
        first = report.unknown[0]
        text = f"{plural(len(report.unknown), 'place')} could not be followed; first: {first.message}"
        where = {"file": relative(first.spot.place.file), "line": first.spot.place.line, "title": "not proven"}
        lines.append(_command("notice", where, text))
    return "".join(f"{line}\n" for line in lines)


def _line(finding: Finding, title: str) -> str:
    place = finding.spot.place
    where: dict[str, object] = {"file": relative(place.file), "line": max(place.line, 1), "col": max(place.column, 1)}
    if finding.end_column:
        where["endColumn"] = finding.end_column
    where["title"] = f"{finding.code} {title}".strip()
    return _command(LEVELS[finding.severity], where, "\n".join([finding.message, *way(finding.witness)]))


def _command(level: str, where: dict[str, object], message: str) -> str:
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in where.items())
    return f"::{level} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
