"""Judge a plan: run the rules, take out what is suppressed, name what could not be known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dialplan.finding import Finding, Severity, Unknown
from dialplan.rule import Rule
from dialplan.subject import Subject
from dialplan.unknowns import collect


@dataclass(frozen=True, slots=True)
class Report:
    """Findings and unknowns in order of place; `suppressed`: how many were switched off in the files."""

    findings: tuple[Finding, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    suppressed: int = 0
    files: tuple[str, ...] = ()
    priorities: int = 0

    def count(self, severity: Severity) -> int:
        """How many findings of that severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def worst(self) -> Severity | None:
        """The highest severity found, None without a finding."""
        return max((finding.severity for finding in self.findings), default=None)


def lint(subject: Subject, rules: Sequence[Rule]) -> Report:
    """Run the rules over one plan. What is unknown does not depend on which rules run."""
    found = [finding for rule in rules if rule.check for finding in rule.check(subject)]
    kept = [finding for finding in found if not subject.suppress(finding)]
    ran = frozenset(rule.code for rule in rules)
    reviewed = [finding for rule in rules if rule.review for finding in rule.review(subject, ran)]
    return Report(
        tuple(sorted(kept + reviewed, key=_order)),
        tuple(sorted(collect(subject), key=_order_unknown)),
        len(found) - len(kept),
        subject.plan.files,
        sum(1 for _ in subject.steps()),
    )


def merge(reports: Iterable[Report]) -> Report:
    """One report of several."""
    whole = Report()
    for report in reports:
        whole = Report(
            whole.findings + report.findings,
            whole.unknown + report.unknown,
            whole.suppressed + report.suppressed,
            whole.files + report.files,
            whole.priorities + report.priorities,
        )
    return whole


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    place = finding.spot.place
    return place.file, place.line, place.column, finding.code, finding.message


def _order_unknown(unknown: Unknown) -> tuple[str, int, int, str]:
    place = unknown.spot.place
    return place.file, place.line, place.column, unknown.message
