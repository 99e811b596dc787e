"""Try repairs on a copy: the plan may change only where it is meant to, the finding has to go, nothing new may come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dialplan.finding import Finding, Fix, Severity
from dialplan.light import dataclass, field, replace
from dialplan.lint import Report, lint
from dialplan.plan.loading import UnreadableError, reloaded
from dialplan.plan.model import Context, Plan
from dialplan.repair.editing import edit
from dialplan.repair.proposals import Effect, Proposal, Texts, propose
from dialplan.report.shown import discreet
from dialplan.rule import Rule
from dialplan.subject import Subject, from_files

Steps = dict[tuple[str, str, str | None], dict[int, tuple[str | None, str, str]]]


@dataclass(frozen=True, slots=True)
class Repaired:
    """`files`: the new bytes of each file that changes, `before` the old ones.

    `subject` and `report`: the repaired plan and what is found in it, None when nothing is repaired; `done`: what was;
    `dropped`: what did not hold when tried.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    before: Mapping[str, bytes] = field(default_factory=dict)
    subject: Subject | None = None
    report: Report | None = None
    done: tuple[tuple[Finding, Fix], ...] = ()
    dropped: tuple[Finding, ...] = ()


class Trial:
    """One subject with its files as they are now."""

    def __init__(self, subject: Subject, given: Mapping[str, bytes]) -> None:
        self.subject = subject
        self.given = given
        self.texts = Texts(self.read)
        first = subject.plan.files[0]
        self.root = Path.cwd() if first.startswith("<") else Path(first).parent

    def read(self, file: str) -> bytes | None:
        """The file's bytes; None when it cannot be read, or is not any more what was judged."""
        data = self.given.get(file)
        if data is None:
            try:
                data = Path(file).read_bytes()
            except OSError:
                return None
        judged = self.subject.texts.get(file, "")
        return data if data.decode("utf-8", "replace").replace("\r\n", "\n") == judged.replace("\r\n", "\n") else None

    def edited(self, proposals: Sequence[Proposal]) -> dict[str, bytes]:
        """All of them applied."""
        files = dict.fromkeys(change.file for one in proposals for change in one.fix.changes)
        changes = {file: [c for one in proposals for c in one.fix.changes if c.file == file] for file in files}
        return {file: edit(self.read(file) or b"", changes[file]) for file in files}

    def plan(self, proposals: Sequence[Proposal]) -> Plan | None:
        """The plan with them; None when anything else would change."""
        try:
            made = reloaded(self.subject.plan, self.root, {**self.given, **self.edited(proposals)})
        except (UnreadableError, ValueError):
            return None
        wanted = _expected(_steps(self.subject.plan), [one.effect for one in proposals])
        same = _steps(made) == wanted and _frame(made) == _frame(self.subject.plan)
        return made if same and made.loads == self.subject.plan.loads else None

    def sound(self, findings: Sequence[Finding]) -> list[Proposal]:
        """Proposals for these findings that together change the plan as they are meant to."""
        found = list(propose(self.subject, findings, self.texts))
        if not found or self.plan(found) is not None:
            return found
        alone = [one for one in found if self.plan([one]) is not None]
        return alone if alone and self.plan(alone) is not None else alone[:1]


def fixes(subject: Subject, report: Report, given: Mapping[str, bytes]) -> Report:
    """The report with a fix at each finding that has one; the plan was read again with it, calls were not followed."""
    by_finding = {id(one.finding): shown(one.fix) for one in Trial(subject, given).sound(report.findings)}
    found = [replace(finding, fix=by_finding.get(id(finding))) for finding in report.findings]
    return replace(report, findings=tuple(found))


def shown(fix: Fix) -> Fix | None:
    """The fix as text; None where a line holds a credential that must not be shown."""
    changes = []
    for change in fix.changes:
        old = None if change.old is None else _text(change.old)
        new = tuple(map(_text, change.new))
        if any(discreet(line) != line for line in (old or "", *new)):
            return None
        changes.append(replace(change, old=old, new=new))
    return replace(fix, changes=tuple(changes))


def _text(line: str) -> str:
    return line.encode("latin-1").decode("utf-8", "replace")


def repair(
    subject: Subject, report: Report, rules: Sequence[Rule], given: Mapping[str, bytes], jobs: int = 1
) -> Repaired:
    """Repairs whose findings are gone when the new plan is judged, and that bring no error to the lines they touch."""
    trial = Trial(subject, given)
    proposals = trial.sound(report.findings)
    dropped: list[Finding] = []
    while proposals:
        plan = trial.plan(proposals)
        if plan is None:
            return Repaired(dropped=(*dropped, *(one.finding for one in proposals)))
        files = trial.edited(proposals)
        again = _subject(subject, plan, {**given, **files})
        after = lint(again, rules, jobs)
        bad = [one for one in proposals if _still_wrong(one, after)]
        if not bad:
            done = tuple((one.finding, one.fix) for one in proposals)
            before = {file: trial.read(file) or b"" for file in files}
            return Repaired(files, before, again, after, done, tuple(dropped))
        dropped += [one.finding for one in bad]
        proposals = [one for one in proposals if one not in bad]
    return Repaired(dropped=tuple(dropped))


def _subject(subject: Subject, plan: Plan, files: Mapping[str, bytes]) -> Subject:
    again = from_files(plan, subject.table, {file: data.decode("utf-8", "replace") for file, data in files.items()})
    again.entries, again.operators, again.sounds = subject.entries, subject.operators, subject.sounds
    again.trunks = subject.trunks
    return again


def _still_wrong(proposal: Proposal, after: Report) -> bool:
    """The same finding again, or an error at the priority that the repair has made."""
    spot, effect = proposal.finding.spot, proposal.effect
    same = proposal.finding.code, spot.context, spot.exten, spot.priority
    made = effect.context, effect.exten, effect.priority
    for finding in after.findings:
        there = finding.spot.context, finding.spot.exten, finding.spot.priority
        if (finding.code, *there) == same or (there == made and finding.severity is Severity.ERROR):
            return True
    return False


def _steps(plan: Plan) -> Steps:
    return {
        (context.name, extension.pattern, extension.cid): {
            number: (step.label, step.application, step.data) for number, step in extension.steps.items()
        }
        for context in plan.contexts.values()
        for extension in context.extensions
    }


def _expected(steps: Steps, effects: Sequence[Effect]) -> Steps:
    made = {key: dict(value) for key, value in steps.items()}
    for effect in effects:
        there = made.setdefault((effect.context, effect.exten, effect.cid), {})
        label = there[effect.priority][0] if effect.priority in there else None
        there[effect.priority] = label, effect.application, effect.data
    return made


def _frame(plan: Plan) -> Any:
    """Everything of a plan beside its priorities, without places."""
    return (
        [_beside(context) for context in plan.contexts.values()],
        dict(plan.globals),
        plan.options,
        [(one.severity, one.code) for one in plan.diagnostics],
        plan.files,
    )


def _beside(context: Context) -> Any:
    return (
        context.name,
        [(one.exten, one.cid, one.data) for one in context.hints],
        [(one.context, one.timing) for one in context.includes],
        [one.pattern for one in context.ignorepats],
        [(one.kind, one.name, one.data) for one in context.switches],
    )
