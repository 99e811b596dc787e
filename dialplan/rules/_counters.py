"""Counters whose values are all written in the plan, and values that they never have."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dialplan.applications.arguments import branches
from dialplan.light import NamedTuple, pattern
from dialplan.subject import Located, Subject

COUNTS = pattern(r'_{0,2}(\w+)=\$\[\s*"?0?\$\{\1\}"?\s*([+-])\s*(\d{1,9})\s*\]\s*')
BEGINS = pattern(r"_{0,2}(\w+)=(-?\d{1,9})")
ASKED = pattern(r'\s*\$\[\s*"?\$\{(\w+)\}"?\s*(==?|!=|[<>]=?)\s*"?(-?\d{1,9}|\$\{\w+\})"?\s*\]\s*')
NUMBER = pattern(r"-?\d{1,9}")
WRITES = pattern(r"_{0,2}(\w+)=")
WORD = pattern(r"\w+")
OTHERS = ("mset", "read", "readexten", "importvar", "setglobalvar", "mysql", "odbc")


class Counter(NamedTuple):
    """`begins` with one of these, and goes on by one of `steps`."""

    begins: set[int]
    steps: set[int]

    def never(self, value: int) -> bool:
        """Does it pass by this value?"""
        if not self.begins or not self.steps or 0 in self.steps:
            return False
        step = math.gcd(*self.steps)
        one_way = min(self.steps) > 0 or max(self.steps) < 0
        ahead = 1 if max(self.steps) > 0 else -1
        return all((value - begin) % step or (one_way and (value - begin) * ahead < 0) for begin in self.begins)

    def moves_away(self, how: str, value: int) -> bool:
        """Is `counter how value`, with < or >, false from the beginning, and more so in each round?"""
        if not self.begins or not self.steps or 0 in self.steps:
            return False
        if how.startswith(">"):
            return max(self.steps) < 0 and max(self.begins) < value + (how == ">")
        return min(self.steps) > 0 and min(self.begins) > value - (how == "<")


def skipped(subject: Subject) -> Iterator[tuple[Located, str]]:
    """Conditions that ask a counter for a value that it passes by, each with the reason in words."""
    asking = [
        (located, found)
        for name in ("gotoif", "while", "execif")
        for located, call in subject.by_application.get(name, ())
        if "$[" in call.data and (found := ASKED.fullmatch(branches(call.data)[0]))
    ]
    counters = _counters(subject) if asking else {}
    for located, found in asking:
        name, how, value = found[1], found[2], _number(subject, found[3])
        counter = counters.get(name)
        if counter is None or value is None:
            continue
        if counter.moves_away(how, value) if how[0] in "<>" else counter.never(value):
            begin, step = min(counter.begins), min(counter.steps, key=abs)
            order = f"{how} " if how[0] in "<>" else ""
            yield located, f"{name} is {begin}, {begin + step}, {begin + 2 * step} … and never {order}{value}"


def _number(subject: Subject, text: str) -> int | None:
    """A number that is written out, or what [globals] has for it."""
    value = subject.plan.globals.get(text[2:-1], "") if text.startswith("$") else text
    return int(value) if NUMBER.fullmatch(value) else None


def _counters(subject: Subject) -> dict[str, Counter]:
    made: dict[str, Counter] = {}
    unknown: set[str] = set()
    for _, call in subject.by_application.get("set", ()):
        counts, begins, writes = COUNTS.fullmatch(call.data), BEGINS.fullmatch(call.data), WRITES.match(call.data)
        if counts:
            made.setdefault(counts[1], Counter(set(), set())).steps.add(int(counts[2] + counts[3]))
        elif begins:
            made.setdefault(begins[1], Counter(set(), set())).begins.add(int(begins[2]))
        elif writes:
            unknown.add(writes[1])
        if not writes or "SET(" in call.data:
            unknown.update(WORD.findall(call.data))
    for name in OTHERS:
        unknown.update(word for _, call in subject.by_application.get(name, ()) for word in WORD.findall(call.data))
    return {name: one for name, one in made.items() if name not in unknown | subject.plan.globals.keys()}


OTHER = pattern(r'_{0,2}(\w+)=\$\[\s*"?0?\$\{(\w+)\}"?\s*[+-]\s*\d{1,9}\s*\]\s*')
LIKE = 0.75
PROGRAMS = ("agi", "eagi", "deadagi", "fastagi", "stasis", "externalivr", "macro")


def mistyped(subject: Subject) -> Iterator[tuple[Located, str]]:
    """`COUNT=$[${CUONT}+1]` where nothing sets CUONT: COUNT is the same in each round."""
    named = [
        (located, found)
        for located, call in subject.by_application.get("set", ())
        if "$[" in call.data and (found := OTHER.fullmatch(call.data)) and found[1] != found[2]
    ]
    if not named or not subject.by_application.keys().isdisjoint(PROGRAMS):
        return
    from difflib import SequenceMatcher

    written = set(subject.plan.globals)
    for located in subject.steps():
        for call in located.calls:
            written |= set(WORD.findall(READING.sub(" ", call.data)))
    for located, found in named:
        name, other = found[1], found[2]
        if other not in written and SequenceMatcher(None, name, other).ratio() >= LIKE:
            yield located, f"nothing sets {other}, so that {name} never counts; did you mean ${{{name}}}?"


READING = pattern(r"\$\{\w+\}")
