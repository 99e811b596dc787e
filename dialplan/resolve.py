"""Does the target of a jump exist? Asked for every context that may be current; doubt is an answer."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from dialplan.applications.arguments import cut, is_literal
from dialplan.applications.calls import Target
from dialplan.applications.effect import Kind
from dialplan.light import dataclass, pattern, replace
from dialplan.places import RUNTIME_CONTEXTS
from dialplan.plan.model import Extension
from dialplan.subject import Located, Subject

OWN_EXTEN = pattern(r"\$\{EXTEN(?::(-?\d+)(?::(-?\d+))?)?\}")


class Fate(StrEnum):
    """What happens to a call that jumps there (main/pbx.c __ast_pbx_run, pbx_parse_location; app_stack.c)."""

    FOUND = "found"
    HANDLED = "handled"  # the place is missing, `i` or `e` takes the call
    EMPTY = "empty"
    NO_CONTEXT = "no-context"
    NO_EXTEN = "no-exten"
    NO_PRIORITY = "no-priority"
    NO_LABEL = "no-label"
    COMPUTED = "computed-target"
    NOT_READ = "outside-the-files"
    DEPENDS = "depends-on-context"


DEAD = frozenset({Fate.EMPTY, Fate.NO_CONTEXT, Fate.NO_EXTEN, Fate.NO_PRIORITY, Fate.NO_LABEL})
DOUBT = frozenset({Fate.COMPUTED, Fate.NOT_READ, Fate.DEPENDS})


@dataclass(frozen=True, slots=True)
class Resolved:
    """The fate of one jump, with the place that was looked for (`context` and `exten` filled in)."""

    fate: Fate
    context: str
    exten: str
    target: Target


def resolve(subject: Subject, located: Located, target: Target) -> Resolved:
    """Look the target, one of `located.targets`, up in every context that may be current at this step."""
    key = id(located), id(target)
    known: Resolved | None = subject.resolved.get(key)
    if known is None:
        known = subject.resolved[key] = _resolve(subject, located, target)
    return known


def _resolve(subject: Subject, located: Located, target: Target) -> Resolved:
    currents = subject.places.currents(located.context.name) if target.context is None else ("",)
    all_of_them = [_resolve_in(subject, located, target, current or located.context.name) for current in currents]
    fates = {resolved.fate for resolved in all_of_them}
    first = all_of_them[0]
    if len(fates) == 1 or fates <= DEAD:
        return first
    for resolved, current in zip(all_of_them, currents, strict=True):
        if resolved.fate in DEAD and subject.enters(current, located.extension):
            return resolved
    doubt = next((resolved for resolved in all_of_them if resolved.fate in DOUBT), None)
    if doubt is not None:
        return doubt
    return replace(first, fate=Fate.DEPENDS) if fates & DEAD else first


def _resolve_in(subject: Subject, located: Located, target: Target, current: str) -> Resolved:
    target = _fill_in(target, located.extension, current)
    context = current if target.context is None else target.context
    exten = located.extension.pattern if target.exten is None else target.exten
    return Resolved(_fate(subject, located, target, context), context, exten, target)


def _fill_in(target: Target, extension: Extension, current: str) -> Target:
    """Put in what is known of the variables: the context, and the extension where it is no pattern."""

    def fill(text: str) -> str:
        text = text.replace("${CONTEXT}", current)
        if extension.pattern.startswith("_"):
            return text
        return OWN_EXTEN.sub(lambda match: _substring(extension.pattern, match[1], match[2]), text)

    if target.literal:
        return target
    parts = [None if part is None else fill(part) for part in (target.context, target.exten)]
    return replace(target, context=parts[0], exten=parts[1], priority=fill(target.priority))


def _substring(text: str, offset: str | None, length: str | None) -> str:
    """`${EXTEN:offset:length}`, negative numbers count from the end (main/pbx_variables.c substring)."""
    start = int(offset or 0)
    rest = text[start:] if start >= 0 or -start <= len(text) else text
    return rest if length is None else rest[: int(length)]


def _fate(subject: Subject, located: Located, target: Target, context: str) -> Fate:
    if not target.text.strip():
        return Fate.EMPTY
    if not is_literal(context):
        return Fate.COMPUTED
    if context not in subject.plan.contexts:
        return Fate.NOT_READ if _outside(subject, context) else Fate.NO_CONTEXT
    if not is_literal(target.exten or "") or not is_literal(target.priority):
        return Fate.NO_LABEL if _label_is_nowhere(subject, target, context) else Fate.COMPUTED
    fate = _lookup(subject, located, target, context)
    return Fate.NOT_READ if fate in DEAD and subject.places.open_ended(context) else fate


def _label_is_nowhere(subject: Subject, target: Target, context: str) -> bool:
    """Whatever the extension is: does none of this context have the label?"""
    if not is_literal(target.priority) or target.number is not None or subject.places.open_ended(context):
        return False
    parts = subject.places.path(context)
    return not any(one.labelled(target.label) for part in parts for one in part.extensions)


def _outside(subject: Subject, context: str) -> bool:
    """May a context that is not here be somewhere else?"""
    if context in RUNTIME_CONTEXTS or context in subject.elsewhere:
        return True
    return subject.fragment and not subject.mostly_complete


def _lookup(subject: Subject, located: Located, target: Target, context: str) -> Fate:
    matching = list(_candidates(subject, located, target, context))
    number = target.number
    if number is None and "" in cut(target.text, ",")[:3][:-1]:
        return Fate.NO_LABEL  # a place that is left empty has no labels (measured)
    if number is None:
        return Fate.FOUND if any(one.labelled(target.label) for one in matching) else Fate.NO_LABEL
    wanted = located.step.priority + number if target.relative else number
    if any(wanted in one.steps for one in matching):
        return Fate.FOUND
    if any(1 in one.steps for one in matching):
        falls_through = subject.plan.options.autofallthrough or target.kind is Kind.GOSUB
        return Fate.NO_PRIORITY if falls_through else Fate.HANDLED
    handler = any(subject.places.exists(context, name) for name in ("i", "e"))
    return Fate.HANDLED if handler and target.kind is Kind.GOTO else Fate.NO_EXTEN


def _candidates(subject: Subject, located: Located, target: Target, context: str) -> Iterator[Extension]:
    if target.exten is not None:
        return subject.places.matching(context, target.exten)
    return subject.places.overlapping(context, located.extension.pattern)
