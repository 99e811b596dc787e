"""For a finding the one change of its line that repairs it, and what the plan has to say afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dialplan.applications.arguments import OPENING, expression_end
from dialplan.finding import Change, Finding, Fix, Severity
from dialplan.flow.model import At, Ended
from dialplan.freepbx import GENERATED, HEAD_LINES
from dialplan.light import NamedTuple, pattern
from dialplan.plan.model import Extension, Step
from dialplan.subject import Subject

SNIPPET = At("concierge-operator", "s", 1)
"""Where the project's own snippet hands a caller to a person."""
HEADER = pattern(r"\s*\[")
LIVE = pattern(r"(?i)\s*(exten|same|include|ignorepat|[el]?switch|#)")
EXTEN = pattern(r"(?i)(\s*)exten")


class Effect(NamedTuple):
    """After the repair this priority runs this application."""

    context: str
    exten: str
    cid: str | None
    priority: int
    application: str
    data: str


class Proposal(NamedTuple):
    """A repair of one finding. `lines` of files are Latin-1, a character a byte."""

    finding: Finding
    fix: Fix
    effect: Effect


class Texts:
    """The lines of files as bytes in Latin-1, without their ends; none of a file that cannot be read."""

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._lines: dict[str, list[str]] = {}

    def lines(self, file: str) -> list[str]:
        """All of them."""
        if file not in self._lines:
            data = self._read(file) or b""
            self._lines[file] = [line.rstrip("\r") for line in data.decode("latin-1").split("\n")]
        return self._lines[file]

    def generated(self, file: str) -> bool:
        """Does a program write this file anew, so that a repair would be lost? FreePBX says so in its first lines."""
        return GENERATED.search("\n".join(self.lines(file)[:HEAD_LINES])) is not None


def operator(subject: Subject) -> At | None:
    """The place that takes what nobody else does: as given with --operator, else the project's snippet, if there."""
    for at in (*subject.operators, SNIPPET):
        wanted = At(at.context, at.exten or "s", at.priority)
        if at.context in subject.plan.contexts and subject.places.exists(*wanted) and "_" not in wanted.exten[:1]:
            return wanted
    return None


def propose(subject: Subject, findings: Iterable[Finding], texts: Texts) -> Iterator[Proposal]:
    """At most one repair for each finding; the same lines are not added twice."""
    to = operator(subject)
    added: set[tuple[str, str, str]] = set()
    for finding in findings:
        made = _proposal(subject, finding, texts, to)
        if made is None or texts.generated(finding.spot.place.file):
            continue
        key = made.effect.context, made.effect.exten, f"{made.effect.cid}{made.effect.priority}"
        if key not in added:
            added.add(key)
            yield made


def _proposal(subject: Subject, finding: Finding, texts: Texts, to: At | None) -> Proposal | None:
    found = _step(subject, finding)
    if found is None:
        return None
    extension, step = found
    lines = texts.lines(step.place.file)
    if not 0 < step.place.line <= len(lines):
        return None
    if finding.code == "D902":
        return _return(subject, finding, extension, step, lines)
    if finding.code == "D102":
        return _commas(finding, extension, step, lines)
    if to is None:
        return None
    if finding.code == "D101":
        return _empty_goto(finding, extension, step, lines, to)
    if finding.code in ("D903", "D904") and finding.severity is Severity.ERROR:
        return _handler(subject, finding, step, lines, to)
    return None


def _step(subject: Subject, finding: Finding) -> tuple[Extension, Step] | None:
    context = subject.plan.contexts.get(finding.spot.context)
    for extension in context.extensions if context else ():
        for step in extension.steps.values():
            if step.place[:2] == finding.spot.place[:2] and step.priority == finding.spot.priority:
                return extension, step
    return None


def _return(subject: Subject, finding: Finding, extension: Extension, step: Step, lines: list[str]) -> Proposal | None:
    """Only where every call that ends here has an open Gosub: elsewhere a Return would end it too."""
    flow = subject.flow
    inside = []
    for node, edges in enumerate(flow.space.edges):
        if any(edge.end is not None and edge.end.kind is Ended.FALLS_OFF for edge in edges):
            located = flow.located(flow.last_step(node))
            if located is not None and located.step is step:
                frames = flow.space.states[node].frames
                inside.append(bool(frames) and not frames[-1].macro and not frames[-1].special)
    if not inside or not all(inside):
        return None
    line = lines[step.place.line - 1]
    indent = line[: len(line) - len(line.lstrip())] or " "
    change = Change(step.place.file, step.place.line, None, (f"{indent}same => n,Return()",))
    effect = Effect(finding.spot.context, extension.pattern, extension.cid, step.priority + 1, "Return", "")
    return Proposal(finding, Fix("add the missing Return", (change,)), effect)


def _commas(finding: Finding, extension: Extension, step: Step, lines: list[str]) -> Proposal | None:
    old = lines[step.place.line - 1]
    start = step.place.column - 1
    data = step.data.encode("utf-8", "surrogateescape").decode("latin-1")
    at = old.find(f"({data})", start)
    if not finding.message.startswith(step.application) or at < 0 or "," in _outside(data, "") or "|" not in data:
        return None
    made = _outside(data, ",")
    new = old[: at + 1] + made + old[at + 1 + len(data) :]
    change = Change(step.place.file, step.place.line, old, (new,))
    said = made.encode("latin-1").decode("utf-8", "surrogateescape")
    effect = Effect(finding.spot.context, extension.pattern, extension.cid, step.priority, step.application, said)
    return Proposal(finding, Fix("write commas instead of |", (change,)), effect)


def _outside(text: str, instead: str) -> str:
    """Every | that stands in no expression replaced; with "" for `instead` the text without its expressions."""
    kept, index = [], 0
    while (start := text.find("$", index)) >= 0:
        kept.append(text[index:start].replace("|", instead or "|"))
        end = expression_end(text, start) if text[start : start + 2] in OPENING else start + 1
        kept.append(text[start:end] if instead else "")
        index = end
    return "".join([*kept, text[index:].replace("|", instead or "|")])


def _empty_goto(finding: Finding, extension: Extension, step: Step, lines: list[str], to: At) -> Proposal | None:
    old = lines[step.place.line - 1]
    start = step.place.column - 1
    name = old[start : start + 4]
    if step.application.lower() != "goto" or step.data.strip() or name.lower() != "goto":
        return None
    code, comment, said = old[start + 4 :].partition(";")
    opened, closed = code.find("("), code.find(")")
    if code.strip() and (code[:opened].strip() or closed < opened or code[opened + 1 : closed].strip()):
        return None
    rest = (code[closed + 1 :] if opened >= 0 else code) + comment + said
    place = f"{to.context},{to.exten},{to.priority}"
    new = f"{old[: start + 4]}({place}){rest}"
    change = Change(step.place.file, step.place.line, old, (new,))
    effect = Effect(finding.spot.context, extension.pattern, extension.cid, step.priority, step.application, place)
    return Proposal(finding, Fix(f"send the caller to {place}", (change,)), effect)


def _handler(subject: Subject, finding: Finding, step: Step, lines: list[str], to: At) -> Proposal | None:
    """`i` or `t` at the end of the section in which the menu listens."""
    exten = finding.message[-1:]
    if not finding.message.endswith((" has no i", " has no t")) or subject.places.exists(finding.spot.context, exten):
        return None
    anchor, indent = step.place.line, ""
    for number in range(step.place.line, len(lines) + 1):
        line = lines[number - 1]
        if HEADER.match(line):
            break
        if LIVE.match(line):
            anchor = number
    for number in range(anchor, 0, -1):
        head = EXTEN.match(lines[number - 1])
        if head:
            indent = head[1]
            break
    place = f"{to.context},{to.exten},{to.priority}"
    change = Change(step.place.file, anchor, None, (f"{indent}exten => {exten},1,Goto({place})",))
    effect = Effect(finding.spot.context, exten, None, 1, "Goto", place)
    who = "who presses a wrong key" if exten == "i" else "who presses nothing"
    return Proposal(finding, Fix(f"send the caller {who} to {place}", (change,)), effect)
