"""The keys that make a difference: one number for each extension that can be dialled, and a wrong one."""

from __future__ import annotations

import functools

from dialplan.flow.outside import collect
from dialplan.light import TYPE_CHECKING, NamedTuple
from dialplan.plan.patterns import Fit, fit

if TYPE_CHECKING:
    from dialplan.flow.machine import Machine

KEYS = "1234567890*#"
TRIES = 24


class Class(NamedTuple):
    """`keys` are typed, `number` is what is looked up; `wrong`: nothing has that number."""

    keys: str
    number: str
    free: bool = False
    wrong: bool = False
    hesitates: bool = False


def classes(machine: Machine, context: str) -> tuple[Class, ...]:
    """Right numbers first, by their length; then at most one wrong one, at once if possible."""
    found: dict[tuple[str, str, str], Class] = {}
    for number, free in representatives(machine, context):
        if not number or any(digit not in KEYS for digit in number):
            continue
        rest = iter(number[1:])
        buffer = collect(machine, context, number[0], lambda rest=rest: next(rest, None), None)  # type: ignore[misc]
        steps = machine.possible(context, buffer, 1)
        if not steps:
            continue
        extension = steps[0].extension
        key = steps[0].context, extension.pattern, "" if free else buffer
        made = Class(buffer, buffer, free and extension.pattern.startswith("_"))
        if key not in found or len(made.keys) < len(found[key].keys):
            found[key] = made
    return (*sorted(found.values(), key=lambda one: (len(one.keys), KEYS.find(one.keys[0]))), *_wrong(machine, context))


def shape(machine: Machine, context: str) -> tuple[object, ...]:
    """What the keys of a context depend on: contexts of the same shape have the same."""
    extensions = tuple(
        tuple((one.pattern, one.cid, 1 in one.steps) for one in part.extensions if one.steps)
        for part in machine.parts(context)
    )
    return (*extensions, _operators(machine, context)) if machine.operators else extensions


def _wrong(machine: Machine, context: str) -> tuple[Class, ...]:
    slow: Class | None = None
    for key in reversed(KEYS):
        if machine.more(context, key):
            if slow is None and not machine.exists(context, key):
                slow = Class(key, key, wrong=True, hesitates=True)
        elif not machine.exists(context, key):
            return (Class(key, key, wrong=True),)
    return (slow,) if slow else ()


def representatives(machine: Machine, context: str) -> list[tuple[str, bool]]:
    """Numbers for every extension that is reached from the context; True: one of many of its pattern."""
    made: dict[str, bool] = {}
    for part in machine.parts(context):
        for extension in part.extensions:
            if not extension.steps:
                continue
            for number, free in numbers(extension.pattern):
                made.setdefault(number, free)
    for pattern in _operators(machine, context):
        for number, _ in numbers(pattern):
            made[number] = False
    return list(made.items())


def _operators(machine: Machine, context: str) -> tuple[str, ...]:
    """Numbers that stand for a person beside others of the same extension."""
    names = dict.fromkeys((context, *(part.name for part in machine.parts(context))))
    return tuple(exten for name in names for exten in machine.operators.extensions(name))


@functools.lru_cache(maxsize=16384)
def numbers(pattern: str) -> tuple[tuple[str, bool], ...]:
    """Numbers that fit: the exact one, every key of a pattern of one place, else some of a longer one."""
    if not pattern.startswith("_"):
        return ((pattern.replace("-", "") if pattern.strip("0123456789*#-") == "" else pattern, False),)
    places = _places(pattern[1:])
    if places is None:
        return ()
    if len(places) == 1 and pattern[-1] not in ".!":
        return tuple((key, False) for key in places[0])
    made: list[tuple[str, bool]] = []
    for turn in range(TRIES):
        number = "".join(place[(turn + at) % len(place)] for at, place in enumerate(places))
        if fit(pattern, number) is not Fit.NO and (number, True) not in made:
            made.append((number, True))
    return tuple(made)


def _places(text: str) -> list[str] | None:
    """For each place the characters that may stand there; None for a pattern that nothing fits."""
    found: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "[":
            close = text.find("]", at)
            if close < 0:
                return None
            inside = text[at : close + 1]
            members = [key for key in KEYS + "ABCDabcdefghijklmnopqrstuvwxyz" if fit("_" + inside, key) is Fit.YES]
            if not members and close > at + 1:
                return None
            if members:
                found.append("".join(members))
            at = close
        elif char in "xX":
            found.append("1234567890")
        elif char in "zZ":
            found.append("123456789")
        elif char in "nN":
            found.append("23456789")
        elif char == ".":
            found.append("1234567890*#")
            break
        elif char == "!":
            break
        elif char != "-":
            found.append(char)
        at += 1
    return found or None
