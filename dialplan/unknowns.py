"""What was not proven: computed jumps, places outside of the files, programs that may redirect a call."""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.calls import Call
from dialplan.applications.effect import Kind
from dialplan.finding import Spot, Unknown
from dialplan.plan.model import Place
from dialplan.resolve import DOUBT, Fate, resolve
from dialplan.subject import Located, Subject

WORDS = {
    Fate.COMPUTED: "where it goes is computed while the call runs",
    Fate.NOT_READ: "it may be defined outside of the files that were read",
    Fate.DEPENDS: "it exists in some of the contexts that include this line, not in all",
}


def collect(subject: Subject) -> Iterator[Unknown]:
    """Everything that no rule could judge, one entry a place."""
    for located in subject.steps():
        yield from _jumps(subject, located)
        yield from (item for call in located.calls for item in _call(call, located))
    for context in subject.plan.contexts.values():
        for switch in context.switches:
            message = f"[{context.name}] also asks {switch.kind} {switch.name}: its extensions are not in the files"
            yield Unknown("outside-the-files", message, Spot(switch.place, context.name))
    yield from subject.flow.unknown
    first = subject.plan.files[0] if subject.plan.files else ""
    if not subject.plan.loads:
        message = "Asterisk does not load this dialplan: what the calls would do was not judged"
        yield Unknown("not-loaded", message, Spot(Place(first, 0, 0)))
    elif not subject.plan.contexts:
        message = "no context stands in it, so there was nothing to judge: is it the right file?"
        yield Unknown("no-context", message, Spot(Place(first, 0, 0)))
    for text in subject.plan.not_covered:
        yield Unknown("not-covered", text, Spot(Place(first, 0, 0)))


def _jumps(subject: Subject, located: Located) -> Iterator[Unknown]:
    for call, target in located.targets:
        fate = resolve(subject, located, target).fate
        if fate in DOUBT:
            yield Unknown(fate, f"{call.application} to {target.text}: {WORDS[fate]}", located.spot)


def _call(call: Call, located: Located) -> Iterator[Unknown]:
    effect = call.effect
    if effect is None and call.application:
        message = f"nothing is known about what {call.application} does to a call"
        yield Unknown("unknown-application", message, located.spot)
    elif effect is not None and any(jump.kind is Kind.EXTERNAL for jump in effect.jumps):
        message = f"{call.application}: the program may send the call anywhere"
        yield Unknown("outside-program", message, located.spot)
