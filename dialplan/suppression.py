"""`; concierge: ignore CODE[,CODE] -- reason`: on the line it is about, or alone above it, with comments between."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dialplan.light import dataclass, pattern
from dialplan.plan.model import Place

MARK = pattern(
    r"^(?P<before>.*?);\s*concierge:\s*ignore\s+"
    r"(?P<codes>[A-Za-z]\d+(?:\s*,\s*[A-Za-z]\d+)*)\s*(?:--\s*(?P<reason>.*))?$"
)

UNREADABLE = ""
"""The code of a suppression that cannot be read."""
MEANT = pattern(r"^(?P<before>.*?)(?<!\\);\s*concierge:\s*ignore\b", re.I)
"""Somebody wanted to write one."""

COMMENT = pattern(r"\s*;(?!--)")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One code on one line. `line` is the line it speaks for, `place` where it is written."""

    code: str
    reason: str
    line: int
    place: Place


def read(file: str, text: str) -> Iterable[Suppression]:
    """All suppressions of one file. Several comment lines above each other speak for the same line."""
    if "concierge:" not in text.lower():
        return
    waiting: list[tuple[str, str, Place]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        match = MARK.match(line)
        if not match and "ignore" in line.lower() and (meant := MEANT.match(line)):
            yield Suppression(UNREADABLE, "-", number, Place(file, number, meant.end("before") + 1))
        if match and not match["before"].strip():
            waiting += _codes(match, file, number)
            continue
        if waiting and COMMENT.match(line):
            continue
        for code, reason, place in [*waiting, *(_codes(match, file, number) if match else [])]:
            yield Suppression(code, reason, number, place)
        waiting = []
    for code, reason, place in waiting:
        yield Suppression(code, reason, place.line, place)


def _codes(match: re.Match[str], file: str, number: int) -> list[tuple[str, str, Place]]:
    column = match.end("before") + 1
    reason = (match["reason"] or "").strip()
    return [(code.strip().upper(), reason, Place(file, number, column)) for code in match["codes"].split(",")]
