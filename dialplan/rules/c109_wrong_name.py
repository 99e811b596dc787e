"""A wrong or reserved name

What it finds
    A dialplan below [general] or [globals], which are no contexts; an extension that is written like a
    pattern without the `_` in front, `_s-NOANSWER` (N is a digit there), `S`, `I` or `H` where the
    special extensions s, i and h are meant; a label that is a number; a context with a comma in its name;
    a blank beside the name that Set gives a value: `Set(N = 0)` sets a variable `N `, and `Set(CALLERID(name) = x)`
    no name (measured); brackets in that name which do not match, `Set(DB(key)})=1)`; a blank
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

from dialplan.applications.arguments import cut, outside, split
from dialplan.finding import Finding, Severity, Spot
from dialplan.light import pattern
from dialplan.plan.model import Context, Extension
from dialplan.plan.patterns import Fit, fit
from dialplan.subject import Subject

CODE = "C109"
SEVERITY = Severity.WARNING
MISSION = "D1"

PATTERN = pattern(r"(?=.*([XZN]|\[[\d-]+\]|\d[.!]$))(?=.*(\d|[XZN].*[XZN]))[+*#\dXZN\[\]-]+[.!]?|(?=.*xx)[\dx]+[.!]?")
BRACKET = pattern(r"[(){}]")
STATUS = pattern(r"_(s-[A-Z]+)")
SPECIAL = frozenset("SIHO")


def _assignments(subject: Subject) -> Iterator[Finding]:
    for located, call in subject.by_application.get("set", ()):
        said = _assigned(call.data)
        if said:
            yield Finding(CODE, SEVERITY, said, located.spot)
    for located, call in subject.by_application.get("mset", ()):
        said = next(filter(None, map(_assigned, split(call.data))), "")
        if said:
            yield Finding(CODE, SEVERITY, said, located.spot)


def _assigned(text: str) -> str:
    """What is wrong with the name in front of `=`: only one that ends in `)` is a function (main/pbx_variables.c)."""
    name, *value = cut(text, "=", 2)
    plain = name.strip()
    if not value or not plain:
        return ""
    brackets = outside(name)
    if name != plain:
        end = (
            f"nothing is written to {plain}"
            if plain.endswith(")")
            else f"this sets {name!r}, and {plain} stays as it is"
        )
        return f"the blank belongs to the name: {end}"
    if not BRACKET.search(brackets) or '"' in name or "\\" in name:
        return ""
    if not name.endswith(")"):
        how = "a bracket that is not closed" if brackets.count("(") > brackets.count(")") else "a bracket too many"
        return f"the name {name} has {how}: nothing is set; write FUNCTION(name)=value"
    if any(brackets.count(one) != brackets.count(other) for one, other in ("()", "{}")):
        return f"the brackets in {name} do not match: what is set has one of them in its name"
    return ""


def check(subject: Subject) -> Iterator[Finding]:
    """Sections first, then extensions and labels."""
    for section in subject.plan.reserved:
        message = f"[{section.name}] is no context: its {len(section.lines)} lines of a dialplan are lost"
        yield Finding(CODE, SEVERITY, message, Spot(section.place))
    yield from _assignments(subject)
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
