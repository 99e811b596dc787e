"""What the rules about calls that leave the house share: which Dials are to a trunk, and what was asked before them.

Nothing here says anything about a dialplan that does not call the gate's contexts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from dialplan.applications.arguments import cut, options
from dialplan.applications.calls import Call, Target
from dialplan.applications.effect import Ends, Kind
from dialplan.follow import steps_at
from dialplan.light import pattern
from dialplan.plan.model import Extension, Step
from dialplan.resolve import DEAD, resolve
from dialplan.rules import _trunks as trunks
from dialplan.subject import Located, Subject

OURS = "concierge-"
NOT_ASKED, ASKED, DECIDED = 0, 1, 2
_ASKS = ("concierge-outbound", "concierge-leg")
_DECIDES = ("concierge-leg", "concierge-freepbx", "concierge-freepbx-direct")
_MARKS = ("concierge-mark", "concierge-mark-and", "concierge-leg")
_NUMBER = r"(?:[^@/&]*\$\{[^@&]*|\+?\d{5,}|(?:sips?|tel):[^&]*)"
_TRUNK = pattern(rf"(?i)(?:^|&)\s*(?:(?:PJSIP|SIP|IAX2)/{_NUMBER}@[^/&]+|[A-Z][A-Z0-9]*/[^@/&]+/{_NUMBER})")


def gate_is_used(subject: Subject) -> bool:
    """Does the dialplan, our own contexts aside, ask the gate anywhere?"""
    known: bool | None = subject.memo.get("gate-used")
    if known is None:
        known = subject.memo["gate-used"] = any(
            target.context in _ASKS + _DECIDES
            for located in subject.steps()
            if not located.context.name.startswith(OURS)
            for _, target in _all_targets(located)
        )
    return known


def trunk_calls(subject: Subject) -> Iterator[tuple[Located, Call]]:
    """Every Dial and Originate whose peer is a number behind a trunk: by its look, and as `subject.trunks` says."""
    for name in ("dial", "originate"):
        for located, call in subject.by_application.get(name, ()):
            if not located.context.name.startswith(OURS) and _leaves(subject, located, call.argument(1)):
                yield located, call


def _leaves(subject: Subject, located: Located, devices: str) -> bool:
    if not subject.trunks:
        return _TRUNK.search(devices) is not None
    context = located.context.name
    return any(trunks.leaves(subject.trunks, one, context, _TRUNK.search(one) is not None) for one in cut(devices, "&"))


def asks_for_each_leg(subject: Subject, call: Call) -> bool:
    """`b(concierge-leg^s^1)`: each leg is asked for before it rings."""
    return any(
        letter == "b" and _leads(subject, context, ("concierge-leg", "concierge-outbound"))
        for letter, context in _subroutines(call)
    )


def marks_the_leg(subject: Subject, call: Call) -> bool:
    """Is the called person's key listened to?"""
    return any(_leads(subject, context, _MARKS) for _, context in _subroutines(call))


def _subroutines(call: Call) -> Iterator[tuple[str, str]]:
    number = {"dial": 3, "originate": 6}[call.application.lower()]
    for letter, text in options(call.argument(number)).items():
        if letter in ("b", "U") and text:
            yield letter, text.split("^")[0].strip()


def _leads(subject: Subject, context: str, wanted: tuple[str, ...]) -> bool:
    """Is it one of these contexts, or one that calls them?"""
    if context in wanted:
        return True
    steps = subject.steps_of(context) if context in subject.plan.contexts else ()
    return any(target.context in wanted for located in steps for _, target in _all_targets(located))


def _all_targets(located: Located) -> Iterator[tuple[Call, Target]]:
    yield from located.targets
    for call in located.calls:
        if call.application.lower() == "dial":
            for letter, context in _subroutines(call):
                yield call, Target(context, "s", "1", Kind.GOSUB, f"{letter}({context})")


def levels(subject: Subject) -> dict[int, int]:
    """By step: what has surely been asked when a call comes there, the least of all ways."""
    known: dict[int, int] | None = subject.memo.get("gate-levels")
    if known is None:
        known = subject.memo["gate-levels"] = _walk(subject)
    return known


def _walk(subject: Subject) -> dict[int, int]:
    found: dict[int, int] = {}
    waiting = deque((one, NOT_ASKED) for one in _starts(subject))
    while waiting:
        here, level = waiting.popleft()
        if found.get(id(here.step), DECIDED + 1) <= level:
            continue
        found[id(here.step)] = level
        waiting.extend(_after(subject, here, level))
    return found


def _starts(subject: Subject) -> Iterator[Located]:
    """A number may be dialled by anybody; a name only where nothing leads to it."""
    led_to = {
        (target.context, target.exten)
        for located in subject.steps()
        for _, target in _all_targets(located)
        if target.context is not None
    }
    for context in subject.plan.contexts.values():
        if context.name.startswith(OURS):
            continue
        for extension in context.extensions:
            first = extension.steps.get(1)
            dialled = extension.pattern.startswith("_") or extension.pattern[:1].isdigit()
            if first is not None and (dialled or (context.name, extension.pattern) not in led_to):
                yield subject.locate(first)


def _after(subject: Subject, here: Located, level: int) -> Iterator[tuple[Located, int]]:
    if level == ASKED and any("CONCIERGE_VERDICT" in call.data for call in here.calls):
        level = DECIDED
    after = level
    for _, target in here.targets:
        if target.kind is Kind.GOSUB:
            after = max(after, _answered(subject, target.context or here.context.name) if target.certain else level)
        if (target.context or "").startswith(OURS):
            continue
        resolved = resolve(subject, here, target)
        if resolved.fate not in DEAD:
            yield from ((step, level) for step in steps_at(subject, here, resolved))
    following = _next(here)
    if following is not None:
        yield subject.locate(following), after


def _answered(subject: Subject, context: str) -> int:
    """What a subroutine leaves behind that is surely called."""
    if context in _DECIDES:
        return DECIDED
    if context in _ASKS:
        return ASKED
    if context.startswith(OURS) or context not in subject.plan.contexts:
        return NOT_ASKED
    inside = [
        _answered(subject, target.context or "")
        for one in subject.steps_of(context)
        for _, target in one.targets
        if (target.context or "").startswith(OURS)
    ]
    looked = any("CONCIERGE_VERDICT" in call.data for one in subject.steps_of(context) for call in one.calls)
    level = max(inside, default=NOT_ASKED)
    return DECIDED if level == ASKED and looked else level


def _next(here: Located) -> Step | None:
    effect = here.calls[0].effect if here.calls else None
    if effect is not None and (effect.ends is Ends.ALWAYS or effect.name == "Goto"):
        return None
    extension: Extension = here.extension
    return extension.steps.get(here.step.priority + 1)
