"""Which variables decide where calls go: the others are dropped, so that calls which differ in them are one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from dialplan.applications.arguments import branches, cut, gosub_branches, split
from dialplan.applications.calls import Call
from dialplan.expression import Value
from dialplan.flow.variables import FORGOTTEN, bare
from dialplan.light import dataclass, field, pattern
from dialplan.subject import Subject

WORD = pattern(r"[A-Za-z_][\w-]*")
INDIRECT = pattern(r"\$\{([\w-]+)\$\{")
CONSTANT = pattern(r"(?<![\w$.])[\d*#]{1,15}(?!\w)")
REFERENCE = pattern(r"\$\{[^{}]*\}")
EQUALITY = pattern(r'\s*\$\[\s*"?\$\{([\w-]+)\}"?\s*!?==?\s*"?([^"$\[\]&|]*?)"?\s*\]\s*')
PROPER = ("TIMEOUT(absolute)",)
DECIDE = frozenset({"while", "if", "elseif"})
TARGETS = frozenset({"goto", "gotoif", "gotoiftime", "gosub", "gosubif", "macro", "macroif", "macroexclusive"})


@dataclass(slots=True)
class Slice:
    """`names` and names that begin with a prefix are kept. `assigned`: their values before anything sets them.

    `constants`: the digits that a variable is compared with; `plain`: variables that are only compared for
    equality or jumped to; `targets`: those that name extensions. `words`: what they are compared with.
    """

    names: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)
    assigned: dict[str, Value] = field(default_factory=dict)
    counters: set[str] = field(default_factory=set)
    conditions: set[str] = field(default_factory=set)
    constants: dict[str, set[str]] = field(default_factory=dict)
    plain: set[str] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)
    words: dict[str, set[str]] = field(default_factory=dict)
    memory: dict[str, bool] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        known = self.memory.get(name)
        if known is None:
            known = self.memory[name] = self._keeps(name)
        return known

    def _keeps(self, name: str) -> bool:
        if name[:1] == "?":
            return name[1:] in self.conditions
        if name.startswith("GLOBAL("):
            name = name[7:-1]
        return name in self.names or any(name.startswith(prefix) for prefix in self.prefixes)


def slice_of(subject: Subject) -> Slice:
    """The slice of a whole plan."""
    made = Slice(set(PROPER))
    conditions: Counter[tuple[str, str]] = Counter()
    assignments: list[tuple[str, str]] = []
    controls: list[str] = []
    status: set[str] = set()
    for located in subject.steps():
        for call in located.calls:
            name = call.application.lower()
            tests, targets = _control(call, name)
            conditions.update((located.context.name, test) for test in tests)
            controls += [*tests, *targets]
            for text in targets:
                made.targets.update(_references(text))
            assignments += _assignments(call, name)
            if call.effect:
                status.update(call.effect.status)
    again = {text for (_, text), count in conditions.items() if count > 1}
    made.conditions = {text for text in again if "$" in text} | {f"time {text}" for text in again}
    _close(made, controls, assignments)
    made.memory.clear()
    _values(made, assignments, status, subject)
    _compared(made, controls)
    return made


def _control(call: Call, name: str) -> tuple[list[str], list[str]]:
    """Conditions and targets that decide where the call goes."""
    data = call.data
    if name in ("gotoif", "gotoiftime"):
        test, *places = branches(data)
        return [test], [place for place in places if place]
    if name in ("gosubif", "macroif"):
        test, *places = gosub_branches(data)
        return [test], [cut(place, "(", 2)[0] for place in places if place]
    if name in ("execif", "execiftime"):
        return [split(data, "?")[0]], []
    if name in DECIDE:
        return [data], []
    if name in ("gosub",):
        return [], [cut(data, "(", 2)[0]]
    if name in TARGETS or name == "exec":
        return [], [data]
    if name == "dial" and "G(" in data:
        return [], [data]
    return [], []


def _assignments(call: Call, name: str) -> Iterator[tuple[str, str]]:
    """Names that are set, with the text they are set to."""
    if name == "set":
        yield from _pairs([call.data])
    elif name == "mset":
        yield from _pairs(split(call.data))
    elif name in ("gosub", "gosubif", "macro", "macroexclusive", "macroif"):
        for at in range(1, call.data.count(",") + 2):
            yield f"ARG{at}", call.data
    elif name in ("read", "readexten"):
        yield bare(call.argument(1)), ""
    if "SET(" in call.data:
        for found in re.finditer(r"SET\(([\w-]+)=", call.data):
            yield found[1], call.data
    if "INC(" in call.data or "DEC(" in call.data:
        for found in re.finditer(r"(?:INC|DEC)\(([\w-]+)\)", call.data):
            yield found[1], f"${{{found[1]}}}"


def _pairs(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        name, *value = cut(text, "=", 2)
        name = bare(name)
        if not value:
            continue
        if name.startswith("ARRAY(") and name.endswith(")"):
            for one in name[6:-1].split(","):
                yield bare(one), value[0]
        else:
            yield name, value[0]


def _references(text: str) -> set[str]:
    return {word for found in REFERENCE.findall(text) for word in WORD.findall(found)}


def _words(text: str) -> set[str]:
    if "$" not in text:
        return set()
    return set(WORD.findall(text))


def _close(made: Slice, controls: list[str], assignments: list[tuple[str, str]]) -> None:
    """Control variables, and those that their values come from."""
    by_name: dict[str, list[str]] = {}
    dynamic: list[tuple[str, str]] = []
    for name, value in assignments:
        if "$" in name:
            dynamic.append((name.partition("$")[0], value))
        else:
            by_name.setdefault(_global(name), []).append(value)
    waiting = list(dict.fromkeys(controls))
    seen: set[str] = set()
    while waiting:
        text = waiting.pop()
        if "$" not in text or text in seen:
            continue
        seen.add(text)
        made.prefixes.update(found for found in INDIRECT.findall(text) if len(found) > 1)
        for word in _words(text) - made.names:
            made.names.add(word)
            waiting += by_name.get(word, ())
            waiting += [value for prefix, value in dynamic if prefix and word.startswith(prefix)]
        for prefix in made.prefixes:
            waiting += [v for name, values in by_name.items() if name.startswith(prefix) for v in values]
            waiting += [value for name, value in dynamic if name.startswith(prefix)]


def _global(name: str) -> str:
    return name[7:-1] if name.startswith("GLOBAL(") and name.endswith(")") else name


def _values(made: Slice, assignments: list[tuple[str, str]], status: set[str], subject: Subject) -> None:
    set_names = {_global(name) for name, _ in assignments} | status | {"INVALID_EXTEN", "GOSUB_RETVAL", "ARGC"}
    for name in made.names & set_names:
        if name not in subject.plan.globals:
            made.assigned[name] = ""
    for name, value in assignments:
        if name.startswith("GLOBAL(") and _global(name) in made.names:
            made.assigned[_global(name)] = FORGOTTEN
        if re.search(rf"(?<![\w-]){re.escape(_global(name))}(?![\w-])", value):
            made.counters.add(_global(name))


def _compared(made: Slice, controls: list[str]) -> None:
    """Digits that variables are compared with, and which of them are used in plain ways only."""
    awkward: set[str] = set()
    seen: set[str] = set()
    for text in dict.fromkeys(controls):
        words = _references(text)
        if not words:
            continue
        seen |= words
        found = set(CONSTANT.findall(REFERENCE.sub(" ", text)))
        for word in words:
            made.constants.setdefault(word, set()).update(found)
        equal = EQUALITY.fullmatch(text)
        if equal:
            made.words.setdefault(equal[1], set()).add(equal[2])
        elif "$[" in text:
            awkward |= words
    made.plain = seen - awkward
