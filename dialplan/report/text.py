"""For people: one line a finding, then what was not proven and the sum."""

from __future__ import annotations

from collections import Counter

from dialplan.finding import Severity, Way, Witness
from dialplan.lint import Report


def render(report: Report) -> str:
    """`FILE:LINE:COL: CODE message` a finding; nothing unproven is left out of the last lines."""
    lines = []
    for finding in report.findings:
        place = finding.spot.place
        lines.append(f"{place.file}:{place.line}:{place.column}: {finding.code} {finding.message}")
        lines += _way(finding.witness)
    if report.unknown:
        lines.append(f"not proven: {_plural(len(report.unknown), 'place')} (`--format json` lists each)")
        for reason, count in sorted(Counter(item.reason for item in report.unknown).items()):
            first = next(item for item in report.unknown if item.reason == reason)
            place = first.spot.place
            lines.append(f"  {count} {reason}, first {place.file}:{place.line}: {first.message}")
    lines.append(_sum(report))
    return "\n".join(lines) + "\n"


SHOWN = 12
"""Steps of a longer way are left out in the middle."""


def _way(witness: Witness | None) -> list[str]:
    """The caller's keys, then the steps, indented."""
    if witness is None:
        return []
    words = " → ".join(_shortened([_word(way) for way in witness.ways])) or "does nothing"
    steps = [
        f"    {step.context},{step.exten},{step.priority}  {step.place.file}:{step.place.line}  {step.application}"
        for step in witness.steps
    ]
    if len(steps) > SHOWN:
        left_out = len(steps) - SHOWN + 1
        steps[4 : 4 + left_out] = [f"    … {left_out} more steps"]
    if witness.before:
        steps.insert(0, f"    … {witness.before} steps before")
    end = [f"    {witness.verdict}"] if witness.verdict else []
    return [f"  caller: {words}", *steps, *end]


KEYS_SHOWN = 40


def _shortened(words: list[str]) -> list[str]:
    left_out = len(words) - KEYS_SHOWN
    return words if left_out <= 0 else [*words[: KEYS_SHOWN // 2], f"… {left_out} more …", *words[-KEYS_SHOWN // 2 :]]


def _word(way: Way) -> str:
    if way.kind == "silence":
        return f"(silence {way.seconds:g} s)"
    if way.kind in ("key", "wrong-key", "listen"):
        return way.value
    return f"[{way.application} {way.value}]" if way.application else f"[{way.kind} {way.value}]"


def _sum(report: Report) -> str:
    read = f"{_plural(report.priorities, 'priority', 'priorities')} in {_plural(len(report.files), 'file')}"
    counts = ", ".join(
        _plural(report.count(severity), str(severity))
        for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
        if report.count(severity)
    )
    hidden = f"; {report.suppressed} suppressed in the files" if report.suppressed else ""
    if counts:
        return f"{counts} ({read}{hidden})"
    return f"nothing found{' in what could be followed' if report.unknown else ''} ({read}{hidden})"


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
