"""PURE: what is put into files of others, so that it can be taken out byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable

from concierge.hooks import FREEPBX_HOOKS, KEPT

_OPEN = "; >>> concierge: put in by `concierge hooks install`, taken out by `concierge hooks remove`"
_CLOSE = "; <<< concierge"
_BLOCK = re.compile(rf"(\n?){re.escape(_OPEN)}( \([+n]\))?\n.*?^{_CLOSE}\n", re.S | re.M)
_BARE = [name.removeprefix("macro-") for name in FREEPBX_HOOKS]
_HOOK = re.compile(rf"\bmacro-(?={'|'.join(_BARE)})")
_KEPT = re.compile(rf"\bmacro-{KEPT}(?={'|'.join(_BARE)})")


def with_block(text: str, lines: Iterable[str], *, new: bool = False) -> str:
    """The text with one block at its end. `new`: there is no such file yet."""
    base = without_block(text)
    lead = "" if base.endswith("\n") or not base else "\n"
    mark = " (n)" if new else " (+)" if lead else ""
    return f"{base}{lead}{_OPEN}{mark}\n" + "".join(f"{line}\n" for line in lines) + f"{_CLOSE}\n"


def without_block(text: str) -> str:
    """The text as it was before."""
    return _BLOCK.sub(lambda found: "" if found[2] == " (+)" else found[1], text)


def has_block(text: str) -> bool:
    """Is one of ours in it?"""
    return _BLOCK.search(text) is not None


def is_ours_alone(text: str) -> bool:
    """Was the file made for the block, and holds nothing else?"""
    found = _BLOCK.search(text)
    return found is not None and found[2] == " (n)" and not without_block(text)


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
