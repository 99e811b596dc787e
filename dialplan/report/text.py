"""For people: one line a finding with what stands there and the call that meets it, then the sum."""

from __future__ import annotations

from collections import Counter

from dialplan.finding import Finding, Severity, Witness
from dialplan.lint import Report
from dialplan.report.shown import Shown, plural, with_keys, word, words

COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}


def render(report: Report, shown: Shown | None = None) -> str:
    """`FILE:LINE:COL: CODE message` a finding; nothing unproven is left out of the last lines."""
    shown = shown or Shown()
    said = [finding for finding in report.findings if shown.everything or not finding.own]
    lines = [line for finding in said for line in of(finding, shown)]
    return (
        "\n".join(
            [
                *lines,
                *(() if shown.everything else own(report)),
                *unproven(report),
                *version(shown),
                total(report, shown),
            ]
        )
        + "\n"
    )


def version(shown: Shown) -> list[str]:
    """The version that was taken without being named."""
    return [f"judged for Asterisk {shown.judged_for}"] if shown.judged_for else []


def own(report: Report) -> list[str]:
    """One note about what the GUI of the system writes by itself."""
    counts = Counter(finding.code for finding in report.findings if finding.own)
    if not counts:
        return []
    codes = ", ".join(f"{code} × {count}" for code, count in sorted(counts.items()))
    count = plural(sum(counts.values()), "finding")
    return [f"not yours to repair: {count} in what the GUI writes by itself ({codes}); `--all` lists them"]


def of(finding: Finding, shown: Shown) -> list[str]:
    """One finding: its line, the source with a caret, the way of a call."""
    place = finding.spot.place
    code = painted(finding.code, COLOURS[finding.severity], shown)
    head = f"{place.file}:{place.line}:{place.column}: {code} {finding.message}"
    gui = [f"  in the GUI: {finding.gui}"] if finding.gui else []
    return [head, *gui, *_source(finding, shown), *way(finding.witness)]


def painted(text: str, colour: str, shown: Shown) -> str:
    """The text in a terminal's colour, where that is wanted."""
    return f"\x1b[{colour}m{text}\x1b[0m" if shown.colour else text


WIDTH = 100
"""Columns of a source line that are shown."""


def _source(finding: Finding, shown: Shown) -> list[str]:
    place = finding.spot.place
    line = shown.line(place)
    if line is None or not line.strip():
        return []
    number = str(place.line)
    start = place.column - 1
    left = max(0, start - WIDTH // 2) if len(line) > WIDTH and start > WIDTH - 20 else 0
    part = line[left : left + WIDTH]
    end = min((finding.end_column or place.column + 1) - 1, left + len(part))
    before = "".join("\t" if letter == "\t" else " " for letter in part[: start - left])
    mark = "^" + "~" * max(0, end - start - 1)
    cut = ("…" if left else "", "…" if left + WIDTH < len(line) else "")
    return [
        f"  {number} | {cut[0]}{part}{cut[1]}",
        f"  {' ' * len(number)} | {' ' * len(cut[0])}{before}{painted(mark, COLOURS[finding.severity], shown)}",
    ]


def unproven(report: Report) -> list[str]:
    """What could not be known, by its reason."""
    if not report.unknown:
        return []
    lines = [f"not proven: {plural(len(report.unknown), 'place')} (`--format json` lists each)"]
    for reason, count in sorted(Counter(item.reason for item in report.unknown).items()):
        first = next(item for item in report.unknown if item.reason == reason)
        place = first.spot.place
        where = f"{place.file}:{place.line}" if place.line else place.file
        lines.append(f"  {count} {reason}, first {where}: {first.message}")
    return lines


SHOWN = 12
"""Steps of a longer way are left out in the middle."""


def way(witness: Witness | None) -> list[str]:
    """The caller's keys, then the steps with what was pressed there, indented."""
    if witness is None:
        return []
    steps = []
    for step, ways in with_keys(witness):
        place = f"{step.context},{step.exten},{step.priority}  {step.place.file}:{step.place.line}"
        chosen = "  ← " + ", ".join(word(one) for one in ways) if ways else ""
        steps.append(f"    {place}  {step.application}{chosen}")
    if len(steps) > SHOWN:
        left_out = len(steps) - SHOWN + 1
        steps[4 : 4 + left_out] = [f"    … {left_out} more steps"]
    if witness.before:
        steps.insert(0, f"    … {witness.before} steps before")
    end = [f"    {witness.verdict}"] if witness.verdict else []
    return [f"  caller: {words(witness)}", *steps, *end]


def total(report: Report, shown: Shown | None = None) -> str:
    """The sum, in one line; what the GUI of a system writes by itself is counted apart."""
    shown = shown or Shown()
    read = f"{plural(report.priorities, 'priority', 'priorities')} in {plural(len(report.files), 'file')}"
    said = [finding.severity for finding in report.findings if shown.everything or not finding.own]
    counts = ", ".join(
        painted(plural(said.count(severity), str(severity)), COLOURS[severity], shown)
        for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
        if severity in said
    )
    theirs = len(report.findings) - len(said)
    hidden = f"; {theirs} in what the GUI writes" if theirs else ""
    hidden += f"; {report.suppressed} suppressed in the files" if report.suppressed else ""
    hidden += f"; {report.baselined} in the baseline" if report.baselined else ""
    if counts:
        return f"{counts} ({read}{hidden})"
    yours = " that is yours to repair" if theirs else ""
    return f"nothing found{yours}{' in what could be followed' if report.unknown else ''} ({read}{hidden})"
