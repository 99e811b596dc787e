"""A wrong or reserved name

What it finds
    A dialplan below [general] or [globals], which are no contexts; an extension that is written like a
    pattern without the `_` in front, `_s-NOANSWER` (N is a digit there), `S`, `I` or `H` where the
    special extensions s, i and h are meant; a label that is a number; a context with a comma in its name;
    a blank beside the name that Set gives a value: `Set(N = 0)` sets a variable `N ` (measured); a blank
    beside the name of an application in ExecIf, Exec or TryExec: `ExecIf(x? Goto(s,1))` cuts the call off when
    x holds (an error, measured).
Why it matters to a caller
    Nothing ever matches such a name, and no jump can reach it: calls to these numbers are refused, or the
    call is cut off where it was to go on. A counter with such a name never counts.
Bad
    [from-trunk]
    exten => 2XX,1,Dial(PJSIP/${EXTEN},30)   ; expect: C109
Good
    [from-trunk]
    exten => _2XX,1,Dial(PJSIP/${EXTEN},30)
When to switch it off
    When a program (AGI, ARI) sends calls there by this very name.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity, Spot
from dialplan.light import pattern
from dialplan.plan.model import Context, Extension
from dialplan.plan.patterns import Fit, fit
from dialplan.subject import Subject

CODE = "C109"
SEVERITY = Severity.WARNING
MISSION = "D1"

PATTERN = pattern(r"(?=.*([XZN]|\[[\d-]+\]|\d[.!]$))(?=.*(\d|[XZN].*[XZN]))[+*#\dXZN\[\]-]+[.!]?|(?=.*xx)[\dx]+[.!]?")
UNCLOSED = pattern(r"[A-Z_]+\([\w, ]+")
STATUS = pattern(r"_(s-[A-Z]+)")
SPECIAL = frozenset("SIHO")


def check(subject: Subject) -> Iterator[Finding]:
    """Sections first, then extensions and labels."""
    for section in subject.plan.reserved:
        message = f"[{section.name}] is no context: its {len(section.lines)} lines of a dialplan are lost"
        yield Finding(CODE, SEVERITY, message, Spot(section.place))
    for located, call in subject.by_application.get("set", ()):
        name = call.data.partition("=")[0]
        if name != name.strip() and name.strip() and "(" not in name:
            message = f"the blank belongs to the name: this sets {name!r}, and {name.strip()} stays as it is"
            yield Finding(CODE, SEVERITY, message, located.spot)
        elif UNCLOSED.fullmatch(name):
            message = f"the name {name} has a bracket that is not closed: nothing is set; write FUNCTION(name)=value"
            yield Finding(CODE, SEVERITY, message, located.spot)
    for located in subject.steps():
        for call in located.calls if len(located.calls) > 1 else ():
            if call.spaced:
                end = "it is not run" if call.tolerant else "the call is cut off when it is to run"
                message = f"the blank beside {call.application} belongs to the name, which no application has: {end}"
                yield Finding(CODE, SEVERITY if call.tolerant else Severity.ERROR, message, located.spot)
    named = _named(subject)
    for context in subject.plan.contexts.values():
        if "," in context.name:
            message = f"no jump can name [{context.name}]: the comma separates its arguments"
            yield Finding(CODE, SEVERITY, message, Spot(context.place, context.name))
        for extension in context.extensions:
            yield from _extension(subject, context, extension, named)


def _named(subject: Subject) -> set[str]:
    """Extensions that jumps name."""
    return {target.exten for located in subject.steps() for _, target in located.targets if target.exten}


def _extension(subject: Subject, context: Context, extension: Extension, named: set[str]) -> Iterator[Finding]:
    first = next(iter(extension.steps.values()), None)
    if first is None:
        return
    text = _name(context, extension.pattern, named)
    if text:
        yield Finding(CODE, SEVERITY, text, subject.locate(first).spot)
    for label, priority in extension.labels.items():
        if label.isdigit():
            message = f"a jump to the label {label} goes to the priority of that number"
            yield Finding(CODE, SEVERITY, message, subject.locate(extension.steps[priority]).spot)


def _name(context: Context, name: str, named: set[str]) -> str:
    if name in named:
        return ""
    if name in SPECIAL and not any(one.pattern == name.lower() for one in context.extensions):
        return f"{name} is not the special extension {name.lower()}: small and large letters differ"
    if PATTERN.fullmatch(name):
        return f"{name} is no pattern without _ in front: only the number {name} itself matches"
    status = STATUS.fullmatch(name)
    if status and fit(name, status[1]) is Fit.NO:
        return f"{name} does not match {status[1]}: X, Z and N stand for digits in a pattern"
    return ""
