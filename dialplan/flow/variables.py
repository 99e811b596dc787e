"""A call's variables as a sorted tuple of pairs, so that states can be compared and hashed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container

from dialplan.expression import Hole, Unknown, Value

Pairs = tuple[tuple[str, Value], ...]

LONGEST = 40
"""Text that is known in part is remembered up to this length: a loop that lengthens it has an end."""
HOLE = Hole("variable", "not known")
FORGOTTEN: Value = Unknown((HOLE,))


def get(pairs: Pairs, name: str) -> Value | None:
    """The value, None when it is not set."""
    at = bisect_left(pairs, (name,))
    return pairs[at][1] if at < len(pairs) and pairs[at][0] == name else None


def put(pairs: Pairs, name: str, value: Value | None) -> Pairs:
    """With the variable set; None removes it."""
    at = bisect_left(pairs, (name,))
    there = at < len(pairs) and pairs[at][0] == name
    new: Pairs = () if value is None else ((name, value),)
    return pairs[:at] + new + pairs[at + there :]


def bare(name: str) -> str:
    """Without the underscores that only say who inherits it; LOCAL(x) is x of the current frame."""
    if name.startswith("_"):
        name = name[2:] if name.startswith("__") else name[1:]
    if name.startswith("LOCAL(") and name.endswith(")"):
        return name[6:-1]
    return name


def widened(value: Unknown) -> Unknown:
    """The same text with all holes alike, so that states which differ in reasons only are one state."""
    known = sum(len(piece) for piece in value.pieces if isinstance(piece, str))
    if known > LONGEST or len(value.pieces) > 3:
        return Unknown((HOLE,))
    return Unknown(tuple(p if isinstance(p, str) else HOLE for p in value.pieces))


def forgotten(pairs: Pairs, counters: Container[str]) -> Pairs:
    """After a program that may have set variables. Counters stay: no program makes a loop go on for ever."""
    return tuple((n, v if n in counters or "(" in n or n[0] == "@" else FORGOTTEN) for n, v in pairs)


def without_answers(pairs: Pairs, name: str) -> Pairs:
    """Answers about conditions that this variable is part of are not known any more when it changes."""
    if not any(n[0] == "?" and name in n for n, _ in pairs):
        return pairs
    return tuple((n, v) for n, v in pairs if not (n[0] == "?" and name in n))
