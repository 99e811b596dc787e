"""Jumps that are dead for some numbers only, or for some of the names that [globals] may give them."""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import is_literal
from dialplan.applications.calls import Call, Target
from dialplan.applications.effect import Kind
from dialplan.finding import Finding, Severity
from dialplan.flow.classes import numbers
from dialplan.flow.computed import TABLE
from dialplan.plan import match
from dialplan.plan.patterns import Fit, fit
from dialplan.subject import Located, Subject

CODE = "D101"
OWN = ("${EXTEN}", None)


def for_some(subject: Subject) -> Iterator[Finding]:
    """A priority (above 1) or a label that only some of the numbers have which come to the jump."""
    for located in subject.steps():
        if located.extension.pattern.startswith("_"):
            for call, target in located.targets:
                number = _dead_number(subject, located, target) if _is_of_its_number(target) else None
                if number is not None:
                    yield Finding(CODE, Severity.WARNING, _message(call, target, number), located.spot)


def _message(call: Call, target: Target, number: str) -> str:
    what = f"label {target.label!r}" if target.number is None else f"priority {target.priority.strip()}"
    return f"{call.application} to {target.text}: for a number such as {number} there is no {what}: it is cut off here"


def _is_of_its_number(target: Target) -> bool:
    """Does it keep the number that was dialled, and name a place beyond the first priority?"""
    literal = is_literal(target.priority) and is_literal(target.context or "") and bool(target.priority)
    return target.kind is Kind.GOTO and target.exten in OWN and literal and not target.relative and target.number != 1


def _dead_number(subject: Subject, located: Located, target: Target) -> str | None:
    """A number that comes to this step and finds no such place, where another one finds it."""
    here, there = located.context.name, target.context or located.context.name
    if subject.places.open_ended(there) or len(subject.places.currents(here)) > 1 or there not in subject.plan.contexts:
        return None
    dead, found = None, False
    for number in _samples(subject, located, there):
        runs = match.find(subject.plan, here, number, located.step.priority)
        if runs is None or runs.step is not located.step or match.find(subject.plan, there, number, 1) is None:
            continue
        if _has(subject, there, number, target):
            found = True
        elif dead is None:
            dead = number
    return dead if found else None


def _samples(subject: Subject, located: Located, there: str) -> dict[str, None]:
    own = located.extension.pattern
    made = dict.fromkeys(number for number, _ in numbers(own))
    for part in subject.places.path(there):
        for extension in part.extensions:
            made.update(dict.fromkeys(n for n, _ in numbers(extension.pattern) if fit(own, n) is not Fit.NO))
    return made


def _has(subject: Subject, context: str, number: str, target: Target) -> bool:
    if target.number is None:
        return match.find_label(subject.plan, context, number, target.label) is not None
    return match.find(subject.plan, context, number, target.number) is not None


def tables(subject: Subject) -> Iterator[Finding]:
    """Contexts that a table in [globals] names: `Goto(${DEST_${X}},s,1)`. The names only, no values."""
    for located in subject.steps():
        for call, target in located.targets:
            table = TABLE.fullmatch(target.context or "")
            for name in _without_context(subject, table[1]) if table else ():
                message = (
                    f"{call.application} to {target.text}: what [globals] has for {name} is no context of this plan"
                )
                yield Finding(CODE, Severity.WARNING, message, located.spot)
                break


def _without_context(subject: Subject, prefix: str) -> list[str]:
    if subject.fragment:
        return []
    known = subject.plan.contexts.keys() | subject.elsewhere
    values = {name: text.strip() for name, text in subject.plan.globals.items() if name.startswith(prefix)}
    dead = [name for name, text in values.items() if text and is_literal(text) and text not in known]
    return dead if len(dead) < len(values) else []
