"""One context while it is being filled: what Asterisk accepts, and what it turns away (pbx.c:
add_priority).
"""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Mapping
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType

from dialplan.light import Final, TypeAlias
from dialplan.plan.model import Context, Extension, Hint, Ignorepat, Include, Place, Step, Switch
from dialplan.plan.order import Key, key, without_blanks, without_fluff
from dialplan.plan.patterns import Fit, fit, fits_caller

HINT: Final = -1
Order: TypeAlias = tuple[object, ...]

_ANY_CALLER: Final = (1,)
_NONE_LOWER: Final[dict[str, int]] = {}
_tuple = tuple.__new__  # a third of the time of a NamedTuple's own constructor
_NO_LABELS: Final[Mapping[str, int]] = MappingProxyType({})


class Entry:
    """All priorities of one extension and caller-id pattern so far."""

    __slots__ = ("_lowest", "_sorted", "cid", "head", "labels", "last", "name", "order", "ordered", "steps")

    def __init__(self, name: str, cid: str | None, order: Order) -> None:
        self.name = name
        self.cid = cid
        self.order = order
        self.head = self.last = 1 << 62
        self.steps: dict[int, Step] = {}
        self.labels: dict[str, int] | None = None
        self._lowest: dict[str, int] = _NONE_LOWER
        self.ordered = True
        self._sorted: list[int] | None = None

    def repeats(self, label: str, priority: int) -> bool:
        """Whether Asterisk sees that an earlier or the next priority has this label."""
        if not self.labels or label not in self.labels:
            return False
        lowest = self._lowest.get(label, self.labels[label])
        if lowest < priority:
            return True
        if self._sorted is None:
            self._sorted = sorted(self.steps)
        return self._sorted[bisect(self._sorted, priority)] == lowest

    def add(self, step: Step, name: str) -> None:
        priority = step[0]
        if priority < self.head:
            self.ordered = not self.steps
            self.head = priority
            self.name = name
        elif priority < self.last:
            self.ordered = False
        self.last = priority
        self.steps[priority] = step
        if self._sorted is not None:
            insort(self._sorted, priority)

    def add_label(self, label: str, priority: int) -> None:
        """The first one keeps the label; one that was let through after it is lower than those before."""
        if self.labels is None:
            self.labels = {label: priority}
        elif label not in self.labels:
            self.labels[label] = priority
        else:
            if self._lowest is _NONE_LOWER:
                self._lowest = {}
            self._lowest[label] = priority


class Filling:
    """A context, all sections of its name; `finish` gives the result with extensions in matching order."""

    def __init__(self, name: str, place: Place) -> None:
        self.name = name
        self.place = place
        self.includes: dict[str, tuple[str, Include]] = {}
        self.ignorepats: dict[str, Ignorepat] = {}
        self.switches: dict[tuple[str, str], Switch] = {}
        self.autohints = False
        self._entries: dict[Order, Entry] = {}
        self._written: dict[object, tuple[Entry, str]] = {}
        self._labelled: dict[str, list[Entry]] = {}

    def entry(self, exten: str, cid: str | None, *, hint: bool = False) -> tuple[Entry, str]:
        """The entry for an extension as written, and its name as Asterisk shows it."""
        written = exten if cid is None and not hint else (exten, cid, hint)
        found = self._written.get(written)
        if found is None:
            name, shown, order = _names(exten, cid, hint)
            entry = self._entries.get(order)
            if entry is None:
                entry = self._entries[order] = Entry(name, shown, order)
            found = self._written[written] = entry, name
        return found

    def note_label(self, entry: Entry, label: str) -> None:
        self._labelled.setdefault(label, []).append(entry)

    def labelled(self, label: str, exten: str, cid: str | None) -> int | None:
        """The priority that a label means for this extension: own, else that of a pattern that fits it."""
        for entry in sorted(self._labelled.get(label, ()), key=lambda entry: entry.order):
            if fit(entry.name, exten) is not Fit.NO and fits_caller(entry.cid, cid) and entry.labels:
                return entry.labels[label]
        return None

    def finish(self) -> Context:
        entries = sorted(self._entries.values(), key=_ORDER)
        self._entries.clear()
        self._written.clear()
        extensions = tuple(_extension(entry) for entry in entries if entry.steps)
        return Context(
            text(self.name),
            self.place,
            extensions,
            tuple(extension.hint for extension in extensions if extension.hint),
            tuple(include for _, include in self.includes.values()),
            tuple(self.ignorepats.values()),
            tuple(self.switches.values()),
            self.autohints,
        )


_ORDER: Final = attrgetter("order")


@lru_cache(maxsize=4096)
def _names(exten: str, cid: str | None, hint: bool) -> tuple[str, str | None, Order]:
    """The name shown, the caller-id pattern shown, and the key that tells it from others."""
    name = without_blanks(exten)
    own: Key = key(name if hint else without_fluff(exten))
    if cid is None:
        return name, None, (*own, *_ANY_CALLER)
    cid = without_fluff(cid)
    return name, cid, (*own, 0, *key(cid))


def _extension(entry: Entry) -> Extension:
    steps = entry.steps if entry.ordered else dict(sorted(entry.steps.items()))
    cid = None if entry.cid is None else text(entry.cid)
    name = entry.name if entry.name.isascii() else text(entry.name)
    labels = entry.labels or _NO_LABELS
    first = next(iter(steps.values()))
    given = steps.get(HINT)
    if given is None:
        return _tuple(Extension, (name, cid, steps, first[4], None, labels))
    hint = Hint(name, cid, given.application, given.place, given.label, given.data)
    steps = {priority: step for priority, step in steps.items() if priority != HINT}
    return Extension(name, cid, steps, next(iter(steps.values()), given).place, hint, labels)


def text(latin: str) -> str:
    """Bytes held as Latin-1 to real text; what is no UTF-8 shows as `\\xff`."""
    return latin if latin.isascii() else latin.encode("latin-1").decode("utf-8", "backslashreplace")
