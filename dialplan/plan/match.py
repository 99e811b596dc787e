"""What Asterisk would execute next (main/pbx.c: pbx_find_extension).

The search is made anew for every priority: the best extension of the context that has this priority, then its
switches (which nobody can look into from here), then its includes in order, depth first, each context once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from weakref import WeakKeyDictionary

from dialplan.light import TYPE_CHECKING, Final, TypeAlias, dataclass
from dialplan.plan.model import Context, Extension, Include, Plan, Step
from dialplan.plan.patterns import Fit, Mode, fit, fits_caller
from dialplan.plan.timing import Timing, parse

if TYPE_CHECKING:
    from datetime import datetime

STACK_LIMIT: Final = 512
_REMEMBERED: Final = 50_000
_NARROWED: Final = 8
_FEW: Final = 16

Wanted: TypeAlias = Callable[[Extension], Step | None]


class Status(IntEnum):
    """How far a search came."""

    NO_CONTEXT = 1
    NO_EXTENSION = 2
    NO_PRIORITY = 3
    FOUND = 5


@dataclass(frozen=True, slots=True)
class Found:
    """The step, the context that it stands in (which need not be the one asked for) and its extension."""

    step: Step
    context: str
    extension: Extension


@dataclass(frozen=True, slots=True)
class Outcome:
    """`unknown` names what could make a running Asterisk answer otherwise; empty: it is certain."""

    found: Found | None
    status: Status
    unknown: tuple[str, ...] = ()


def find(
    plan: Plan,
    context: str,
    exten: str,
    priority: int,
    callerid: str | None = None,
    when: datetime | None = None,
) -> Found | None:
    """The step that runs for this extension and priority; `callerid` None or "": the caller has no number.

    Without `when` every timed include counts as in force; see `possible` for all that may happen.
    """
    return search(plan, context, exten, priority, callerid, when).found


def search(
    plan: Plan,
    context: str,
    exten: str,
    priority: int,
    callerid: str | None = None,
    when: datetime | None = None,
    mode: Mode = Mode.MATCH,
) -> Outcome:
    """As `find`, with how far it came and what is unknown; CANMATCH and MATCHMORE as while digits are
    dialled.
    """
    return _Search(plan, exten, callerid, when, mode).run(context, lambda e: e.steps.get(priority))


def find_label(
    plan: Plan,
    context: str,
    exten: str,
    label: str,
    callerid: str | None = None,
    when: datetime | None = None,
) -> Found | None:
    """The step that a jump to a label reaches; it may stand in another pattern or in an included context."""
    return _Search(plan, exten, callerid, when, Mode.MATCH).run(context, lambda e: e.labelled(label)).found


def possible(plan: Plan, context: str, exten: str, priority: int) -> tuple[Found, ...]:
    """Every step that can run for some caller at some time, in the order of the search, up to the first
    certain one.
    """
    return at_priority(serving(plan, context, exten), priority)


Serving: TypeAlias = tuple[tuple[str, Extension, bool], ...]
"""Context, extension, and whether it is reached at any time."""


def serving(plan: Plan, start: str, exten: str, when: datetime | None = None) -> Serving:
    """All fitting extensions whatever the caller, and the time where none is given, in the order of the search."""
    indexes = _INDEXES.setdefault(plan, {})
    found: list[tuple[str, Extension, bool]] = []
    seen: set[str] = set()
    todo = [(start, True)]
    while todo:
        name, sure = todo.pop()
        lowered = name.lower()
        context = None if lowered in seen or len(seen) >= STACK_LIMIT else plan.contexts.get(name)
        if context is None:
            continue
        index = indexes.get(name)
        if index is None:
            index = indexes[name] = _Index(context)
        found += [(name, extension, sure) for extension, _ in index.fitting(exten, Mode.MATCH)]
        seen.add(lowered)
        if context.includes:
            todo += [
                (i.context, sure and (when is not None or i.timing is None))
                for i in reversed(context.includes)
                if when is None or in_force(i, when)
            ]
    return tuple(found)


def at_priority(serving: Serving, priority: int) -> tuple[Found, ...]:
    """Those of them that have this priority, up to the first certain one."""
    found: list[Found] = []
    for name, extension, sure in serving:
        step = extension.steps.get(priority)
        if step is not None:
            found.append(Found(step, name, extension))
            if sure and extension.cid is None:
                break
    return tuple(found)


class _Index:
    """One context's extensions, so that a lookup need not try all of them."""

    def __init__(self, context: Context) -> None:
        self._exact: dict[str, list[Extension]] = {}
        self._patterns: list[Extension] = []
        self._starting: dict[str, list[Extension]] = {}
        for extension in context.extensions:
            if extension.pattern.startswith("_"):
                self._patterns.append(extension)
            else:
                self._exact.setdefault(extension.pattern.replace("-", ""), []).append(extension)
        self._all = context.extensions
        self._known: dict[tuple[str, Mode], tuple[tuple[Extension, Fit], ...]] = {}

    def fitting(self, exten: str, mode: Mode) -> tuple[tuple[Extension, Fit], ...]:
        """Extensions that this number fits, in Asterisk's order."""
        known = self._known.get((exten, mode))
        if known is None:
            if mode is Mode.MATCH and not self._patterns and exten.isascii() and exten[:1] not in ("_", "-", ""):
                return tuple([(e, Fit.YES) for e in self._exact.get(exten.replace("-", ""), ())])
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            tried = ((e, fit(e.pattern, exten, mode)) for e in self._candidates(exten, mode))
            known = self._known[exten, mode] = tuple((e, fits) for e, fits in tried if fits is not Fit.NO)
        return known

    def _candidates(self, exten: str, mode: Mode) -> Iterator[Extension]:
        if mode is not Mode.MATCH or not exten or exten[0] in "_-" or not exten.isascii():
            yield from self._all
            return
        yield from self._exact.get(exten.replace("-", ""), ())
        yield from self._starting_with(exten[:_NARROWED])

    def _starting_with(self, digits: str) -> list[Extension]:
        """The patterns that a number which starts like this may still fit."""
        known = self._starting.get(digits)
        if known is None:
            wider = self._starting_with(digits[:-1]) if len(digits) > 1 else self._patterns
            if len(wider) <= _FEW:
                return wider
            if len(self._starting) > _REMEMBERED:
                self._starting.clear()
            known = [e for e in wider if fit(e.pattern, digits, Mode.CANMATCH) is not Fit.NO]
            self._starting[digits] = known
        return known


_INDEXES: WeakKeyDictionary[Plan, dict[str, _Index]] = WeakKeyDictionary()
_TIMINGS: dict[str, Timing] = {}


def in_force(include: Include, when: datetime) -> bool:
    """Whether an include counts at this time (include_valid)."""
    if include.timing is None:
        return True
    timing = _TIMINGS.get(include.timing)
    if timing is None:
        timing = _TIMINGS[include.timing] = parse(include.timing)
    return timing.holds(when)


class _Search:
    """One search: what has been looked at, and how far it came."""

    def __init__(self, plan: Plan, exten: str, callerid: str | None, when: datetime | None, mode: Mode) -> None:
        self.plan, self.exten, self.callerid, self.when, self.mode = plan, exten, callerid, when, mode
        self.status = Status.NO_CONTEXT
        self.seen: set[str] = set()
        self.unknown: dict[str, None] = {}
        self.indexes = _INDEXES.setdefault(plan, {})

    def run(self, context: str, wanted: Wanted) -> Outcome:
        if self.plan.options.extenpatternmatchnew:
            self.unknown["extenpatternmatchnew=yes: another way of matching"] = None
        if self.plan.options.overrideswitch:
            self.unknown[f"overrideswitch {self.plan.options.overrideswitch}"] = None
        found = self._look(context, wanted)
        return Outcome(found, Status.FOUND if found else self.status, tuple(self.unknown))

    def _look(self, start: str, wanted: Wanted) -> Found | None:
        todo = [start]
        while todo:
            context = self._enter(todo.pop())
            if context is None:
                continue
            ended, found = self._inside(context, wanted)
            if found:
                return found
            if not ended:
                self._leave(context)
                todo += [i.context for i in reversed(context.includes) if self._counts(i)]
        return None

    def _enter(self, name: str) -> Context | None:
        if name.lower() in self.seen or len(self.seen) >= STACK_LIMIT:
            return None
        context = self.plan.contexts.get(name)
        if context is not None:
            self.status = max(self.status, Status.NO_EXTENSION)
        return context

    def _leave(self, context: Context) -> None:
        self.seen.add(context.name.lower())
        for switch in context.switches:
            self.unknown[f"switch {switch.name}/{switch.data} in context {context.name}"] = None

    def _inside(self, context: Context, wanted: Wanted) -> tuple[bool, Found | None]:
        """Look in one context; True when its `!` ends the search below it."""
        for extension, fits in self._index(context).fitting(self.exten, self.mode):
            if not fits_caller(extension.cid, self.callerid):
                continue
            if fits is Fit.EARLY and self.mode is Mode.MATCHMORE:
                return True, None
            self.status = max(self.status, Status.NO_PRIORITY)
            step = wanted(extension)
            if step is not None:
                return True, Found(step, context.name, extension)
        return False, None

    def _index(self, context: Context) -> _Index:
        index = self.indexes.get(context.name)
        if index is None:
            index = self.indexes[context.name] = _Index(context)
        return index

    def _counts(self, include: Include) -> bool:
        return self.when is None or in_force(include, self.when)
