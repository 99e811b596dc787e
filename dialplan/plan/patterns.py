"""Does a number fit an extension (main/pbx.c: _extension_match_core, matchcid)."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

from dialplan.plan.order import key


class Mode(IntEnum):
    """`MATCH`: as it stands; `CANMATCH`: now or with more digits; `MATCHMORE`: only with more digits."""

    MATCHMORE = 0
    CANMATCH = 1
    MATCH = 2


class Fit(IntEnum):
    """`EARLY`: a pattern's `!` was reached, which ends the collecting of digits."""

    NO = 0
    YES = 1
    EARLY = 2


def fit(pattern: str, number: str, mode: Mode = Mode.MATCH) -> Fit:
    """Compare a number (or, where a pattern was dialled, a pattern) with an extension."""
    if not (pattern.isascii() and number.isascii()):
        pattern, number = _bytewise(pattern), _bytewise(number)
    if not pattern.startswith("_"):
        return _exact(pattern.replace("-", ""), number.replace("-", ""), mode)
    if mode is Mode.MATCH and number.startswith("_") and key(pattern) == key(number):
        return Fit.YES
    return _pattern(pattern, number.replace("-", ""), mode)


def fits_caller(pattern: str | None, caller: str | None) -> bool:
    """None as pattern fits everyone; '' fits callers without a number only."""
    if pattern is None:
        return True
    return fit(pattern, caller) is not Fit.NO if caller else not pattern


def _bytewise(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _exact(pattern: str, number: str, mode: Mode) -> Fit:
    if mode is Mode.MATCH:
        return Fit(pattern == number)
    return Fit(pattern.startswith(number) and (mode is Mode.CANMATCH or len(pattern) > len(number)))


@lru_cache(maxsize=65536)
def _pattern(pattern: str, number: str, mode: Mode) -> Fit:
    at, end = 1, len(pattern)
    for digit in number:
        while True:  # sets that are empty take no digit
            while pattern.startswith("-", at):
                at += 1
            if at == end or pattern[at] == "/":
                return Fit.NO
            if not pattern.startswith("[]", at):
                break
            at += 2
        char = pattern[at]
        if char == ".":
            return Fit.YES
        if char == "!":
            return Fit.EARLY
        if char == "[":
            close = pattern.find("]", at)
            if close < 0 or not _in_set(pattern[at + 1 : close], digit):
                return Fit.NO
            at = close
        elif not _in_class(char, digit):
            return Fit.NO
        at += 1
    return _ended(pattern[at:].lstrip("-"), mode)


def _ended(rest: str, mode: Mode) -> Fit:
    """No digits are left: what the rest of the pattern makes of it."""
    if not rest or rest[0] == "/":
        return Fit(mode is not Mode.MATCHMORE)
    if rest[0] == "!":
        return Fit.EARLY
    return Fit(mode is not Mode.MATCH)


def _in_class(char: str, digit: str) -> bool:
    lowest = _LOWEST.get(char)
    return digit == char if lowest is None else lowest <= digit <= "9"


_LOWEST = {"x": "0", "X": "0", "z": "1", "Z": "1", "n": "2", "N": "2"}


def _in_set(text: str, digit: str) -> bool:
    at = 0
    while at < len(text):
        if at + 2 < len(text) and text[at + 1] == "-":
            if text[at] <= digit <= text[at + 2]:
                return True
            at += 3
        elif text[at] == digit:
            return True
        else:
            at += 1
    return False
