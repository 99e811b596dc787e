"""PURE: what is put into files of others, so that it can be taken out byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable

from concierge.hooks import FREEPBX_HOOKS, KEPT

_OPEN = "; >>> concierge: put in by `concierge hooks install`, taken out by `concierge hooks remove`"
_CLOSE = "; <<< concierge"
_MARK = re.compile(r"\s*; >>> concierge\b.*?(\([+n]\))?\s*")
_OURS = re.compile(
    r"\s*(?:; <<< concierge|#(?:try)?include\s+[\"<]?concierge(?:_override|_features|_manager)?\.conf[\">]?)\s*"
)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_BARE = [name.removeprefix("macro-") for name in FREEPBX_HOOKS]
_HOOK = re.compile(rf"(?<![\w-])macro-(?=(?:{'|'.join(_BARE)})(?![\w-]))")
_KEPT = re.compile(rf"\bmacro-{KEPT}(?={'|'.join(_BARE)})")


def with_block(text: str, lines: Iterable[str], *, new: bool = False) -> str:
    """The text with one block at its end. `new`: there is no such file yet."""
    base = without_block(text)
    lead = "" if base.endswith("\n") or not base else "\n"
    mark = " (n)" if new else " (+)" if lead else ""
    return f"{base}{lead}{_OPEN}{mark}\n" + "".join(f"{line}\n" for line in lines) + f"{_CLOSE}\n"


def without_block(text: str) -> str:
    """The text as it was before. Whatever an editor has made of a block (other line ends, a mark that is lost, lines of
    somebody else in it), only our own lines go, and all of them: an include of a file that is gone keeps Asterisk from
    reading any of it.
    """
    left: list[str] = []
    added = -1  # where a line break was put in for the block
    for line in _LINE.findall(text):
        found = _MARK.fullmatch(line)
        if found is not None and found[1] == "(+)":
            added = len(left)
        if found is None and _OURS.fullmatch(line) is None:
            left.append(line)
    if added == len(left) > 0:
        left[-1] = left[-1].removesuffix("\n").removesuffix("\r")
    return "".join(left)


def is_ours_alone(text: str) -> bool:
    """Was the file made for the block, and holds nothing else?"""
    marks = [found for line in _LINE.findall(text) if (found := _MARK.fullmatch(line))]
    return any(found[1] == "(n)" for found in marks) and not without_block(text)


def set_aside(text: str) -> str:
    """Hooks of somebody else get a name that ours calls: `[macro-concierge-kept-…]`. Comments stay."""
    return _outside_comments(text, _HOOK, f"macro-{KEPT}")


def brought_back(text: str) -> str:
    """The inverse of `set_aside`."""
    return _outside_comments(text, _KEPT, "macro-")


def hooks_in(text: str) -> set[str]:
    """Which of FREEPBX_HOOKS have a section in it."""
    headers = set(re.findall(r"^\s*\[([^\]\n]+)\]", text, re.M))
    return headers & set(FREEPBX_HOOKS)


def _outside_comments(text: str, pattern: re.Pattern[str], to: str) -> str:
    return "".join(_in_line(line, pattern, to) for line in text.splitlines(keepends=True))


def _in_line(line: str, pattern: re.Pattern[str], to: str) -> str:
    comment = re.search(r"(?<!\\);", line)
    end = comment.start() if comment else len(line)
    return pattern.sub(to, line[:end]) + line[end:]
