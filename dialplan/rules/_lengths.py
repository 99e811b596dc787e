"""Comparisons with a word that the other side, by its length or by its pattern, can never be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dialplan.light import pattern
from dialplan.plan.patterns import Fit, Mode, fit

VALUE = r"\$\{{(?P<{0}n>[A-Za-z_]\w*|CALLERID\(\w+\))(?::(?P<{0}f>-?\d+)(?::(?P<{0}l>\d+))?)?\}}"
QUOTED = rf'"{VALUE.format("q")}"\s*==?\s*"(?P<qw>[^"$\[\]]+)"'
PLAIN = rf"{VALUE.format('p')}\s*==?\s*(?P<pw>[\w+*#.-]+)"
COMPARED = pattern(rf"(?:\$\[|[(&|])\s*(?P<said>{QUOTED}|{PLAIN})\s*(?=[\])&|])")
LENGTH = pattern(r"\$\{LEN\([^&|]*\)\}\s*(?:<\s*0|<=\s*-\d|==?\s*-\d)")
UNMARKED = pattern(r"(?:\[|[\s(&|=!<>\"])\{(?:CALLERID\(\w+\)|[A-Z][A-Z_]{2,})\}")
GLOB = pattern(r"\+?\d+(?:\*|\.|X+|!)")


def why(test: str, exten: str, read: Mapping[str, int]) -> Iterator[str]:
    """What can never be in a condition of this extension, in words. `read`: keys that Read takes for a variable."""
    if not any(sign in test for sign in ("${", "{")) or "$[" not in test:
        return
    for found in COMPARED.finditer(test):
        text = _never(found, exten, read)
        if text:
            yield f"{found['said']} is never true: {text}"
    if LENGTH.search(test):
        yield f"{test.strip()} is never true: a length is 0 or more"
    unmarked = UNMARKED.search(test)
    if unmarked:
        yield f"{unmarked[0][1:]} is a text, no value: write a $ in front of the brace"


def _never(found: re.Match[str], exten: str, read: Mapping[str, int]) -> str:
    side = "q" if found["qn"] else "p"
    name, word = found[f"{side}n"], found[f"{side}w"]
    start, length = found[f"{side}f"], found[f"{side}l"]
    most = _most(start, length)
    if most is not None and len(word) > most:
        return f"the left side has at most {most} characters, the right one {len(word)}"
    if start is None and len(word) > read.get(name, len(word)):
        return f"Read takes {read[name]} of the caller's keys for {name}"
    if name.startswith("CALLERID(num") and GLOB.fullmatch(word):
        return "= compares letter by letter, and knows no patterns"
    if name == "EXTEN" and int(start or 0) == 0 and not _may_begin(exten, word, whole=start is None):
        return f"the extension here is {exten}"
    return ""


def _most(start: str | None, length: str | None) -> int | None:
    """The longest that `${X:start:length}` can be; None for any length."""
    limits = [int(length)] if length is not None else []
    if start is not None and int(start) < 0:
        limits.append(-int(start))
    return min(limits, default=None)


def _may_begin(exten: str, word: str, *, whole: bool) -> bool:
    """May a number of this extension be the word, or begin with it?"""
    if not exten.startswith("_"):
        return True
    return fit(exten, word, Mode.MATCH if whole else Mode.CANMATCH) is not Fit.NO
