"""Dead destination

What it finds
    A jump to a place that does not exist: Goto, GotoIf, GotoIfTime, Gosub, GosubIf, the same inside of
    ExecIf, and Dial's option G. The context, the extension, the priority or the label is missing, or
    nothing is named at all: `Goto()`. A Macro without its context is a warning: Asterisk goes on after
    it. A jump within the current context is judged in every context that includes it, and is reported
    when it is dead in all of them, or in one that another jump surely leads to. A missing extension
    that the `i` of its context takes is not reported.
Why it matters to a caller
    The call is cut off in the middle, without a word.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,GotoIf($["${HOUR}" = "12"]?lunch,s,1)   ; expect: D101
    same => n,Goto(operator,1)   ; expect: D101
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,GotoIf($["${HOUR}" = "12"]?lunch,s,1)
    same => n,Goto(operator,1)
    exten => operator,1,Dial(PJSIP/operator,30)

    [lunch]
    exten => s,1,Dial(PJSIP/reception,30)
When to switch it off
    When the target is made by something outside of the files: a realtime table, a module.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.calls import Call, Target
from dialplan.applications.effect import Kind
from dialplan.finding import Finding, Severity
from dialplan.resolve import DEAD, Fate, Resolved, resolve
from dialplan.subject import Subject

CODE = "D101"
SEVERITY = Severity.ERROR
MISSION = "D1"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each dead target that is written in a priority."""
    for located in subject.steps():
        for call, target in located.targets:
            if "|" in target.text or not subject.table.find(call.application):
                continue
            resolved = resolve(subject, located, target)
            if resolved.fate in DEAD:
                severity = Severity.WARNING if target.kind is Kind.MACRO else SEVERITY
                yield Finding(CODE, severity, message(call, target, resolved), located.spot)


def message(call: Call, target: Target, resolved: Resolved) -> str:
    """What is missing, in words."""
    if resolved.fate is Fate.EMPTY:
        return f"{call.application}() names no place: the call is cut off here"
    place = resolved.target
    exten = resolved.exten if resolved.exten == resolved.exten.strip() else repr(resolved.exten)
    missing = {
        Fate.NO_CONTEXT: f"there is no context [{resolved.context}]",
        Fate.NO_EXTEN: f"there is no extension {exten} in [{resolved.context}]",
        Fate.NO_PRIORITY: f"{exten} in [{resolved.context}] has no priority {place.priority}",
        Fate.NO_LABEL: f"{exten} in [{resolved.context}] has no label {place.label!r}",
    }[resolved.fate]
    end = "nothing is done here" if target.kind is Kind.MACRO else "the call is cut off here"
    return f"{call.application} to {target.text}: {missing}: {end}"
