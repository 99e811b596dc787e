"""Judge a plan: run the rules, take out what is suppressed, name what could not be known."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence

from dialplan.finding import Finding, Severity, Unknown
from dialplan.light import TypeVar, dataclass, replace
from dialplan.rule import Rule
from dialplan.rules import without_a_cause
from dialplan.subject import Subject
from dialplan.unknowns import collect


@dataclass(frozen=True, slots=True)
class Report:
    """Findings and unknowns in order of place; `suppressed`: how many were switched off in the files.

    `entries`: the contexts in which calls were taken to begin, each with why. `baselined`: how many a baseline knows.
    """

    findings: tuple[Finding, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    suppressed: int = 0
    files: tuple[str, ...] = ()
    priorities: int = 0
    entries: tuple[str, ...] = ()
    baselined: int = 0

    def count(self, severity: Severity) -> int:
        """How many findings of that severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def worst(self) -> Severity | None:
        """The highest severity found, None without a finding."""
        return max((finding.severity for finding in self.findings), default=None)


WORTH = 5_000
"""Priorities below which other processes take longer to start than they save."""


def lint(subject: Subject, rules: Sequence[Rule], jobs: int = 1) -> Report:
    """Run the rules over one plan, a large one in `jobs` processes. What is unknown does not depend on the rules."""
    collecting = gc.isenabled()
    gc.disable()  # a large plan is all alive: looking for garbage takes a third of the time
    try:
        return _lint(subject, rules, jobs)
    finally:
        if collecting:
            gc.enable()


def _found(subject: Subject, rules: Sequence[Rule], jobs: int) -> list[Finding]:
    if jobs > 1 and sum(1 for _ in subject.steps()) >= WORTH:
        from dialplan.parallel import check_all

        return check_all(subject, rules, jobs)
    idle = without_a_cause(subject)
    wanted = [rule for rule in rules if rule.code not in idle]
    return [finding for rule in wanted if rule.check for finding in rule.check(subject)]


def _lint(subject: Subject, rules: Sequence[Rule], jobs: int) -> Report:
    found = _found(subject, rules, jobs)
    kept = [finding for finding in found if not subject.suppress(finding)]
    ran = frozenset(rule.code for rule in rules)
    reviewing = rules if subject.suppressions else ()
    reviewed = [finding for rule in reviewing if rule.review for finding in rule.review(subject, ran)]
    kept = [_with_witness(subject, finding) for finding in kept]
    if any("additional" in file for file in subject.plan.files) or "from-did-direct" in subject.plan.contexts:
        from dialplan.freepbx import described

        kept = described(subject, kept)
    hide = _hider(subject.plan.secrets)
    return Report(
        _once(sorted(map(hide, kept + reviewed), key=_order)),
        tuple(sorted(map(hide, collect(subject)), key=_order_unknown)),
        len(found) - len(kept),
        subject.plan.files,
        sum(1 for _ in subject.steps()),
        tuple(dict.fromkeys(f"{entry.at.context}: {entry.why}" for entry in subject.flow.entries)),
    )


def _with_witness(subject: Subject, finding: Finding) -> Finding:
    """Findings about what is written get the way of a call that meets them."""
    if finding.witness or not finding.code.startswith("D") or finding.spot.priority is None:
        return finding
    context = subject.plan.contexts.get(finding.spot.context)
    for extension in context.extensions if context else ():
        step = extension.steps.get(finding.spot.priority)
        if step is not None and step.place == finding.spot.place:
            return replace(finding, witness=subject.flow.witness_of(subject.locate(step)))
    return finding


Said = TypeVar("Said", Finding, Unknown)


def _hider(secrets: Iterable[str]) -> Callable[[Said], Said]:
    """Blots out credentials that globals brought into names of contexts and extensions."""
    longest_first = sorted(secrets, key=len, reverse=True)

    def clean(text: str) -> str:
        for secret in longest_first:
            text = text.replace(secret, "***")
        return text

    def hide(item: Said) -> Said:
        if not longest_first:
            return item
        spot = replace(item.spot, context=clean(item.spot.context), exten=clean(item.spot.exten))
        item = replace(item, message=clean(item.message), spot=spot)
        if isinstance(item, Finding) and item.witness:
            item = replace(item, witness=item.witness.cleaned(clean))
        return item

    return hide


def _once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """A file that is included twice says everything twice."""
    seen = {(_order(one), one.spot.context, one.spot.exten, one.spot.priority): one for one in findings}
    return tuple(seen.values())


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
            whole.entries + report.entries,
            whole.baselined + report.baselined,
        )
    return whole


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    place = finding.spot.place
    return place.file, place.line, place.column, finding.code, finding.message


def _order_unknown(unknown: Unknown) -> tuple[str, int, int, str]:
    place = unknown.spot.place
    return place.file, place.line, place.column, unknown.message
