"""Steps that can never run

What it finds
    A priority behind one that surely leaves the extension (Goto, Hangup, Return and the like), when no
    label, no number and no relative jump leads to it; and a priority behind a gap in the numbers.
Why it matters to a caller
    What was written for the caller does not happen: mostly the operator or the goodbye that should have
    been the last step.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Goto(menu,s,1)
    same => n,Dial(PJSIP/operator,30)   ; expect: D105

    [menu]
    exten => s,1,Dial(PJSIP/sales,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,GotoIf($["${HOUR}" = "12"]?menu,s,1)
    same => n,Dial(PJSIP/operator,30)

    [menu]
    exten => s,1,Dial(PJSIP/sales,30)
When to switch it off
    For steps that are kept for later.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import branches, is_literal, options
from dialplan.applications.calls import place as read_place
from dialplan.applications.effect import Ends
from dialplan.finding import Finding, Severity
from dialplan.light import pattern
from dialplan.plan.model import Extension
from dialplan.subject import Located, Subject

CODE = "D105"
SEVERITY = Severity.WARNING
MISSION = "D1"

LEAVES = frozenset({"goto", "return", "macroexit"})
HALF_WAY = ("if", "elseif", "else", "while", "endif", "endwhile")


def check(subject: Subject) -> Iterator[Finding]:
    """The first step of each stretch that nothing leads to."""
    for stretch, message in _stretches(subject):
        first = stretch[0]
        follows = first.step.priority - 1 in first.extension.steps
        if not (first.step.application.lower() in HALF_WAY or (follows and _closes(first))):
            yield Finding(CODE, SEVERITY, message, first.spot)


def unreachable(subject: Subject) -> frozenset[int]:
    """The ids of all steps that nothing leads to."""
    found: frozenset[int] | None = subject.memo.get("unreachable")
    if found is None:
        steps = (located.step for stretch, _ in _stretches(subject) for located in stretch)
        found = subject.memo["unreachable"] = frozenset(map(id, steps))
    return found


def _stretches(subject: Subject) -> list[tuple[list[Located], str]]:
    made: list[tuple[list[Located], str]] | None = subject.memo.get("unreachable stretches")
    if made is None:
        named = _named_places(subject)
        made = subject.memo["unreachable stretches"] = [
            stretch
            for context in subject.plan.contexts.values()
            for extension in context.extensions
            for stretch in _in_extension(subject, context.name, extension, named)
        ]
    return made


def _in_extension(
    subject: Subject, context: str, extension: Extension, named: Named
) -> Iterator[tuple[list[Located], str]]:
    labelled = set(extension.labels.values())
    before: int | None = None
    stretch: list[Located] = []
    for priority, step in extension.steps.items():
        located = subject.locate(step)
        follows = before == priority - 1
        entered = priority == 1 or priority in labelled or _named(named, context, extension, priority)
        entered = entered or "${PRIORITY}" in step.data  # it knows that calls are put there from outside
        leaves = before is not None and _leaves(subject.locate(extension.steps[before]))
        if (
            entered
            or (follows and not leaves and not stretch)
            or (not follows and _rival(subject, context, extension, priority))
        ):
            stretch = []
        elif stretch:
            stretch.append(located)
        else:
            stretch = [located]
            why = "the one before it always leaves" if follows else f"there is no priority {priority - 1}"
            yield stretch, f"nothing leads to this step: {why}"
        before = priority


def _rival(subject: Subject, context: str, extension: Extension, priority: int) -> bool:
    """May another extension have the step before, for the same number?"""
    others = subject.places.overlapping(context, extension.pattern)
    return any(priority - 1 in one.steps for one in others)


def _closes(located: Located) -> bool:
    """A last Hangup behind a Goto is a habit that harms nobody."""
    return located.calls[0].application.lower() in ("hangup", "return", "macroexit", "noop")


def _leaves(located: Located) -> bool:
    call = located.calls[0]
    effect = call.effect
    if call.application.lower() == "goto":
        return bool(call.data.strip())
    if call.application.lower() in ("gotoif", "gotoiftime"):
        return all(branches(call.data)[1:])
    return (effect is not None and (effect.ends is Ends.ALWAYS and not effect.person)) or (
        call.application.lower() in LEAVES
    )


ANY = "any extension"
Named = set[tuple[str | None, str | None, int]]


def _named_places(subject: Subject) -> Named:
    """Priorities that jumps name by number: context and extension (None: computed), -1 for a computed priority."""
    found: Named = set()
    for located in subject.steps():
        for _, target in located.targets:
            number = target.number
            if number is None and is_literal(target.priority):
                continue
            wanted = -1 if number is None else located.step.priority + number if target.relative else number
            exten = located.extension.pattern if target.exten is None else target.exten
            _note(found, _contexts(subject, located, target.context), exten, wanted)
        for call in located.calls:
            if call.application.lower() in OF_OTHERS and "F(" in call.data:
                text = options(call.argument(OF_OTHERS[call.application.lower()])).get("F", "")
                other = read_place(text.replace("^", ","))
                exten = other.exten or located.extension.pattern
                _note(found, _contexts(subject, located, other.context), exten, other.number or -1)
            elif "?" in call.data and call.data.count("{") > call.data.count("}"):
                for number in AFTER_ASKING.findall(call.data):  # a brace that is not closed takes less than it seems to
                    _note(found, _contexts(subject, located, None), located.extension.pattern, int(number))
    return found


def _note(found: Named, contexts: set[str | None], exten: str, wanted: int) -> None:
    for context in contexts:
        found.add((context, exten if is_literal(exten) else None, wanted))
        found.add((context, ANY, wanted))


OF_OTHERS = {"dial": 3, "bridge": 2}
"""The options of which F is where the other channel goes on."""
AFTER_ASKING = pattern(r"[?:](\d{1,9})(?=:|$)")


def _contexts(subject: Subject, located: Located, written: str | None) -> set[str | None]:
    own = located.context.name
    if written is None:
        return {*subject.places.currents(own), *(part.name for part in subject.places.path(own))}
    return {written} if is_literal(written) else {None}


def _named(named: Named, context: str, extension: Extension, priority: int) -> bool:
    pattern = extension.pattern
    for place in (context, None):
        for number in (priority, -1):
            if (place, pattern, number) in named or (place, None, number) in named:
                return True
    if not pattern.startswith("_"):
        return False
    return any((place, ANY, number) in named for place in (context, None) for number in (priority, -1))
