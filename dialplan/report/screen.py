"""What somebody sees first who never used a linter: how many, the worst three with a call each, what to do next."""

from __future__ import annotations

from collections import Counter

from dialplan.finding import Finding, Severity
from dialplan.lint import Report
from dialplan.report.shown import Shown, come_in, plural
from dialplan.report.text import COLOURS, own, painted, total, unproven, version, way
from dialplan.rule import Rule, rules

MEANING = {
    Severity.ERROR: "a caller is cut off or trapped, or Asterisk throws something away",
    Severity.WARNING: "a caller may wait, go round or be lost",
    Severity.INFO: "worth knowing",
}
WORST = 3
REPAIRED = ("D101", "D102", "D902", "D903", "D904")
"""Rules some of whose findings --fix repairs."""
FIRST = ("C101", "D301", "D303", "D302", "D1", "D9", "D0", "D2", "D3", "D5", "D6", "D7", "D8", "D4")
"""Of the same severity: what refuses everything, what never ends, what cuts off; what only looks wrong comes last."""


def render(report: Report, shown: Shown | None = None, path: str = "PATH") -> str:
    """The whole screen. `path`: what was judged, for the commands that come next."""
    shown = shown or Shown()
    lines = [*_counts(report, shown), "", *_worst(report, shown), *_next(report, path)]
    return "\n".join(lines) + "\n"


def after(report: Report, path: str) -> str:
    """What comes below a short list."""
    return "\n".join(["", *_next(report, path)]) + "\n"


def statistics(report: Report, shown: Shown | None = None) -> str:
    """How often each rule spoke, the most frequent first."""
    known = {rule.code: rule for rule in rules()}
    counts = Counter((finding.code, finding.severity) for finding in report.findings)
    lines = [
        f"{count:>6}  {code}  {severity!s:<8} {_title(known, code)}"
        for (code, severity), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    return "\n".join([*lines, *unproven(report), total(report, shown)]) + "\n"


def _counts(report: Report, shown: Shown) -> list[str]:
    lines = [total(report, shown)]
    names = come_in(report, 4)
    if names:
        lines.append(f"calls were taken to come in at: {names} (say it with --entry)")
    lines += version(shown)
    lines.append("")
    for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO):
        if count := sum(one.severity is severity and not one.own for one in report.findings):
            said = painted(f"{plural(count, str(severity)):<14}", COLOURS[severity], shown)
            lines.append(f"  {said} {MEANING[severity]}")
    lines += [f"  {line}" for line in own(report)]
    if report.unknown:
        lines.append(
            f"  {'not proven':<14} {plural(len(report.unknown), 'place')} could not be followed from the files"
        )
    return lines


def worst(report: Report) -> list[Finding]:
    """At most three, of different rules where there are, and none that only the makers of the GUI can repair."""
    found = [finding for finding in report.findings if not finding.own]
    order = sorted(enumerate(found), key=lambda item: (*_weight(item[1]), item[0]))
    chosen: list[Finding] = []
    for _, finding in order:
        if all(other.code != finding.code for other in chosen):
            chosen.append(finding)
    rest = [finding for _, finding in order if finding not in chosen]
    return [*chosen, *rest][:WORST]


def _weight(finding: Finding) -> tuple[int, int, int]:
    rank = next((at for at, prefix in enumerate(FIRST) if finding.code.startswith(prefix)), len(FIRST))
    return -finding.severity, rank, 0 if finding.witness else 1


def _worst(report: Report, shown: Shown) -> list[str]:
    known = {rule.code: rule for rule in rules()}
    counts = Counter(finding.code for finding in report.findings if not finding.own)
    lines = []
    for number, finding in enumerate(worst(report), start=1):
        place = finding.spot.place
        code = painted(finding.code, COLOURS[finding.severity], shown)
        others = f" (and {counts[finding.code] - 1} more of this kind)" if counts[finding.code] > 1 else ""
        lines.append(f"{number}. {code} {_title(known, finding.code)}{others}")
        lines.append(f"   line {place.line} of {place.file}: {finding.message}")
        if finding.gui:
            lines.append(f"   in the GUI: {finding.gui}")
        source = shown.line(place)
        if source:
            lines.append(f"     {source.strip()[:100]}")
        lines += [f"  {line}" for line in way(finding.witness)]
        lines.append("")
    return lines


def _next(report: Report, path: str) -> list[str]:
    codes = " ".join(dict.fromkeys(finding.code for finding in worst(report)))
    yours = [finding for finding in report.findings if not finding.own]
    lint = f"concierge lint {path}"
    rows = []
    if yours:
        rows.append((f"concierge rule {codes}", "why it matters to a caller, a bad and a good example"))
    if any(finding.code == "C103" for finding in report.findings):
        rows.append((f"{lint} --asterisk 18", "if that is the version that runs there: 16, 18, 20 or 22"))
    if any(finding.code in REPAIRED for finding in yours):
        rows.append((f"{lint} --diff", "the repairs that are certainly right; --fix writes them"))
    rows.append((f"{lint} --format html --output report.html", "the calls as a picture, every finding on it"))
    if yours:
        baseline = f"{lint} --write-baseline lint-baseline.json"
        rows.append((baseline, "accept what is there; with --baseline only what is new"))
        rows.append(("; concierge: ignore CODE -- reason", "at the end of a line that is meant so"))
    return ["What to do next:", *(f"  {command}\n      {text}" for command, text in rows)]


def _title(known: dict[str, Rule], code: str) -> str:
    return known[code].title if code in known else ""
