"""Where a call goes when nothing from outside decides: the certain steps from a given one, and their end."""

from __future__ import annotations

from collections.abc import Container, Iterator
from enum import StrEnum

from dialplan.applications.effect import Block, Digits, Effect, Ends
from dialplan.plan.model import Extension
from dialplan.resolve import Fate, Resolved, resolve
from dialplan.subject import Located, Subject


class Outcome(StrEnum):
    """How a certain path ends."""

    HANGUP = "hangup"  # an application that always ends the call
    FALLS_OFF = "falls-off"  # no next priority
    LOOP = "loop"
    OPEN = "open"  # from here on something else decides: keys, a condition, a person, a program


def follow(subject: Subject, start: Located, ended: Container[int] = ()) -> tuple[list[Located], Outcome]:
    """The steps that surely run from `start` on, itself included, and the outcome after the last of them.

    `ended`: ids of steps that need not be followed again; there the way is called open.
    """
    path: list[Located] = []
    seen: set[int] = set()
    here: Located | None = start
    while here is not None:
        if id(here) in seen:
            return path, Outcome.LOOP
        if id(here) in ended:
            return path, Outcome.OPEN
        seen.add(id(here))
        path.append(here)
        here, outcome = _after(subject, here)
        if here is None:
            return path, outcome
    return path, Outcome.OPEN


def _after(subject: Subject, here: Located) -> tuple[Located | None, Outcome]:
    effect = here.calls[0].effect
    if effect is None:
        return None, Outcome.OPEN
    if effect.ends is Ends.ALWAYS:
        return None, Outcome.HANGUP
    if effect.name == "Goto":
        return _landing(subject, here), Outcome.OPEN
    if not only_goes_on(effect):
        return None, Outcome.OPEN
    return _next(subject, here)


def only_goes_on(effect: Effect) -> bool:
    """True when the application always leads to the next priority, after a time that ends by itself."""
    waits_for_ever = effect.wait is not None and effect.wait.default is None
    plain = not (effect.jumps or effect.runs or effect.returns or effect.person or waits_for_ever)
    return plain and effect.ends is Ends.NEVER and effect.digits is Digits.NONE and effect.block is Block.NONE


def _next(subject: Subject, here: Located) -> tuple[Located | None, Outcome]:
    wanted = here.step.priority + 1
    own = here.extension.steps.get(wanted)
    others = [one for one in _rivals(subject, here) if wanted in one.steps]
    if others or not subject.plan.options.autofallthrough:
        return None, Outcome.OPEN
    if own is None:
        return None, Outcome.FALLS_OFF
    return subject.locate(own), Outcome.OPEN


def _rivals(subject: Subject, here: Located) -> Iterator[Extension]:
    """Other extensions that may serve the same number here, in any context that may be current."""
    for current in subject.places.currents(here.context.name):
        for one in subject.places.overlapping(current, here.extension.pattern):
            if one is not here.extension:
                yield one


def _landing(subject: Subject, here: Located) -> Located | None:
    """The step that a certain, literal Goto reaches, when exactly one can be meant."""
    several = len(subject.places.currents(here.context.name)) > 1
    for _, target in here.targets:
        resolved = resolve(subject, here, target)
        if resolved.fate is not Fate.FOUND or (target.context is None and several):
            return None
        found = list(steps_at(subject, here, resolved))
        return found[0] if len(found) == 1 else None
    return None


def steps_at(subject: Subject, here: Located, resolved: Resolved) -> Iterator[Located]:
    """Every step that this place may mean, for some caller or number."""
    target = resolved.target
    offset = here.step.priority if target.relative else 0
    for part in subject.places.path(resolved.context):
        if target.exten is None:
            extensions = subject.places.overlapping_in(part, here.extension.pattern)
        else:
            extensions = subject.places.matching_in(part, resolved.exten)
        for one in extensions:
            number = target.number
            step = one.labelled(target.label) if number is None else one.steps.get(offset + number)
            if step is not None:
                yield subject.locate(step)
