"""Places of a dialplan as the protocol counts them: lines from 0, characters in UTF-16."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from dialplan.editor import Analysis
from dialplan.finding import Change, Finding, Severity
from dialplan.plan.model import Place

SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}


def units(line: str, characters: int) -> int:
    """UTF-16 code units of so many characters."""
    return len(line[:characters].encode("utf-16-le")) // 2


def characters(line: str, wanted: int) -> int:
    """The reverse."""
    return len(line.encode("utf-16-le")[: wanted * 2].decode("utf-16-le", "ignore"))


def diagnostic(analysis: Analysis, finding: Finding) -> types.Diagnostic:
    """A finding at its columns, with the steps of its call as related places."""
    place = finding.spot.place
    line = _line(analysis, place)
    start = units(line, max(place.column - 1, 0))
    end = units(line, finding.end_column - 1) if finding.end_column else units(line, len(line))
    at = max(place.line - 1, 0)
    related = [
        types.DiagnosticRelatedInformation(
            location=location(analysis, step.place), message=f"{step.context},{step.exten},{step.priority}"
        )
        for step in (finding.witness.steps[-12:] if finding.witness else ())
    ]
    return types.Diagnostic(
        range=types.Range(types.Position(at, start), types.Position(at, max(end, start))),
        message=finding.message,
        severity=SEVERITIES[finding.severity],
        code=finding.code,
        source="concierge",
        related_information=related or None,
    )


def location(analysis: Analysis, place: Place) -> types.Location:
    """The whole line."""
    at = max(place.line - 1, 0)
    end = units(line := _line(analysis, place), len(line))
    return types.Location(
        uri=Path(place.file).absolute().as_uri(), range=types.Range(types.Position(at, 0), types.Position(at, end))
    )


def edit(change: Change) -> types.TextEdit:
    """A changed line, or new ones after it."""
    if change.old is None:
        here = types.Position(change.line, 0)
        return types.TextEdit(types.Range(here, here), "".join(f"{line}\n" for line in change.new))
    start, end = types.Position(change.line - 1, 0), types.Position(change.line - 1, units(change.old, len(change.old)))
    return types.TextEdit(types.Range(start, end), "\n".join(change.new))


def _line(analysis: Analysis, place: Place) -> str:
    lines = analysis.lines(place.file)
    return lines[place.line - 1] if 0 < place.line <= len(lines) else ""
