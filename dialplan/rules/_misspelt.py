"""Extensions for the values of a status variable (`s-BUSY`) whose last word is none, but much like one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dialplan.applications.arguments import is_literal
from dialplan.light import pattern
from dialplan.resolve import Resolved
from dialplan.subject import Located, Subject

STATUS = pattern(r"([\w-]*)\$\{(\w+STATUS)\}")
WORD = pattern(r"[A-Z]{4,}")
LIKE = 0.75
"""How much like a value it must be, of 1: `BUSSY` and `BUSY` have 0.89."""


def misspelt(subject: Subject, jumps: Iterable[tuple[str, Resolved]]) -> Iterator[tuple[Located, str]]:
    """The first step of each such extension, with what the value is called."""
    told: set[tuple[str, str]] = set()
    for exten, resolved in jumps:
        found = STATUS.fullmatch(exten)
        if found is None or not is_literal(resolved.context):
            continue
        values = _values(subject, found[2])
        for part in subject.places.path(resolved.context) if values else ():
            for one in part.extensions:
                word = one.pattern.removeprefix(found[1])
                if 1 not in one.steps or not one.pattern.startswith(found[1]) or not WORD.fullmatch(word):
                    continue
                near = _nearest(word, values)
                if near and (part.name, one.pattern) not in told:
                    told.add((part.name, one.pattern))
                    yield subject.locate(one.steps[1]), f"{found[2]} is never {word}; did you mean {near}?"


def _nearest(word: str, values: set[str]) -> str:
    """The value that is meant; "" for a value, and for a word of its own."""
    if word in values:
        return ""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, sorted(values), 1, LIKE)), "")


def _values(subject: Subject, name: str) -> set[str]:
    """What the documentation lists for it; nothing when the plan sets it itself."""
    if any(
        f"{name}=" in call.data for key in ("set", "mset", "execif") for _, call in subject.by_application.get(key, ())
    ):
        return set()
    found = {v for app in subject.table.applications.values() for v in app.status.get(name, ()) if v}
    return found | {"ANSWERED", "APPERROR", "UNKNOWN"} if found else found
