"""POSIX extended regular expressions as glibc takes them (regcomp with REG_EXTENDED), bounded in time."""

from __future__ import annotations

from functools import lru_cache

from dialplan.expression.regex.match import Match, Program, compiled, run
from dialplan.expression.regex.syntax import PatternError, parse
from dialplan.expression.value import UnknowableError

__all__ = ["Match", "search"]


@lru_cache(maxsize=1024)
def _program(pattern: str) -> Program | None:
    try:
        return compiled(*parse(pattern))
    except PatternError:
        return None


def _in_characters(pattern: str, text: str) -> Match | None:
    """The same in the locale C.UTF-8, with offsets in bytes."""
    try:
        characters = text.encode("latin-1").decode("utf-8")
        program = _program(pattern.encode("latin-1").decode("utf-8"))
    except UnicodeDecodeError:
        raise UnknowableError("a regular expression on text that is not UTF-8") from None
    if program is None:
        return None
    found = run(program, characters)
    if found.span is None:
        return found
    before = len(characters[: found.span[0]].encode())
    size = len(characters[found.span[0] : found.span[1]].encode())
    group = None if found.group is None else found.group.encode().decode("latin-1")
    return Match((before, before + size), group, found.groups)


@lru_cache(maxsize=4096)
def search(pattern: str, text: str) -> Match | None:
    """The leftmost-longest match of `pattern` in `text`; None when the pattern is malformed.

    Asterisk runs in the locale C or, in late releases of 22, C.UTF-8: where these two differ, and where the
    pattern needs what is not modelled (back-references) or too much work, UnknowableError is raised.
    """
    program = _program(pattern)
    found = None if program is None else run(program, text)
    if pattern.isascii() and text.isascii():
        return found
    if _in_characters(pattern, text) != found:
        raise UnknowableError("a regular expression on non-ASCII text, which depends on Asterisk's locale")
    return found
