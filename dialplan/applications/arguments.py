"""Cuts an application's arguments as Asterisk will cut them, before variables are substituted.

Asterisk substitutes first and cuts afterwards (main/pbx.c, main/app.c), so `${...}` and `$[...]` are left
whole here: what their values hold is not known. A piece with such a part in it is not a literal.
"""

from __future__ import annotations

import functools
import re

from dialplan.light import pattern

OPENING = {"${": "}", "$[": "]"}
_REMEMBERED = 16384
"""Texts come again and again: on their way through the rules, and from one extension to the next."""
PLAIN = pattern(r'[^$"\\()\[\]]*')


def is_literal(text: str) -> bool:
    """True when no substitution can change the text."""
    return "${" not in text and "$[" not in text


def could_be(text: str, value: str) -> bool:
    """False when the text, whatever its expressions yield, is never this value."""
    if "$" not in text:
        return text == value
    pieces, start, index = [], 0, 0
    while index < len(text):
        if text[index : index + 2] in OPENING:
            pieces.append(re.escape(text[start:index]))
            index = start = expression_end(text, index)
        else:
            index += 1
    pieces.append(re.escape(text[start:]))
    return re.fullmatch(".*".join(pieces), value, re.DOTALL) is not None


def expression_end(text: str, start: int) -> int:
    """Index after the `${...}` or `$[...]` at `start`; the end of the text when it never closes."""
    closers = [OPENING[text[start : start + 2]]]
    index = start + 2
    while index < len(text) and closers:
        pair = text[index : index + 2]
        if pair in OPENING:
            closers.append(OPENING[pair])
            index += 2
            continue
        if text[index] == closers[-1]:
            closers.pop()
        elif text[index] == "[" and closers[-1] == "]":
            closers.append("]")
        elif text[index] == "{" and closers[-1] == "}":
            closers.append("}")
        index += 1
    return index


def outside(text: str) -> str:
    """The text without its expressions."""
    kept, index = [], 0
    while (start := text.find("$", index)) >= 0:
        kept.append(text[index:start])
        index = expression_end(text, start) if text[start : start + 2] in OPENING else start + 1
    return "".join([*kept, text[index:]])


def cut(text: str, separator: str, limit: int = 0) -> list[str]:
    """Cut at every `separator` outside of expressions (C's strsep: no quotes, no parentheses).

    `limit`: at most so many pieces, the last holds the rest; 0 for all.
    """
    if "$" not in text:
        return text.split(separator, limit - 1)
    return list(_cut(text, separator, limit))


@functools.lru_cache(maxsize=_REMEMBERED)
def _cut(text: str, separator: str, limit: int) -> tuple[str, ...]:
    pieces: list[str] = []
    start = index = 0
    while index < len(text):
        if text[index : index + 2] in OPENING:
            index = expression_end(text, index)
        elif text[index] == separator and (not limit or len(pieces) < limit - 1):
            pieces.append(text[start:index])
            index += 1
            start = index
        else:
            index += 1
    return (*pieces, text[start:])


def split(text: str, separator: str = ",") -> list[str]:
    """Cut outside of expressions, parentheses, brackets and quotes (__ast_app_separate_args).

    Quotes and backslashes stay in the pieces.
    """
    if PLAIN.fullmatch(text):
        return text.split(separator)
    return list(_split(text, separator))


@functools.lru_cache(maxsize=_REMEMBERED)
def _split(text: str, separator: str) -> tuple[str, ...]:
    pieces: list[str] = []
    start = index = 0
    depth = {"(": 0, "[": 0}
    quoted = False
    while index < len(text):
        char = text[index]
        if text[index : index + 2] in OPENING:
            index = expression_end(text, index)
            continue
        if char == "\\":
            index += 1
        elif char == '"' and separator != '"':
            quoted = not quoted
        elif char in depth:
            depth[char] += 1
        elif char in ")]":
            opener = "(" if char == ")" else "["
            depth[opener] = max(0, depth[opener] - 1)
        elif char == separator and not quoted and not any(depth.values()):
            pieces.append(text[start:index])
            start = index + 1
        index += 1
    return (*pieces, text[start:])


def branches(text: str) -> tuple[str, str | None, str | None]:
    """`CONDITION?TRUE:FALSE` of GotoIf and GotoIfTime; None for a branch that is not there."""
    condition, *rest = cut(text, "?", 2)
    if not rest:
        return condition, None, None
    true, *other = cut(rest[0], ":", 2)
    return condition, true, other[0] if other else None


def gosub_branches(text: str) -> tuple[str, str | None, str | None]:
    """The same for GosubIf: a `:` inside of parentheses does not cut (apps/app_stack.c)."""
    condition, *rest = split(text, "?")
    if not rest:
        return condition, None, None
    true, *other = split("?".join(rest), ":")
    return condition, true, ":".join(other) if other else None


def call_in(text: str) -> tuple[str, str]:
    """`APP(ARGUMENTS)` as ExecIf and TryExec read it: up to the first `(`, arguments up to the last `)`."""
    name, bracket, rest = text.partition("(")
    if not bracket:
        return name, ""
    head, closing, _ = rest.rpartition(")")
    return name, head if closing else rest


def options(text: str) -> dict[str, str]:
    """Option letters with what stands in their parentheses ("" without), main/app.c ast_app_parse_options."""
    found: dict[str, str] = {}
    index = 0
    while index < len(text):
        letter = text[index]
        index += 1
        value = ""
        if text[index : index + 1] == "(":
            end = _closing(text, index)
            value, index = text[index + 1 : end], end + 1
        found[letter] = value
    return found


def _closing(text: str, start: int) -> int:
    """Index of the `)` that closes the `(` at `start`; parentheses nest. The end of the text without one."""
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] == "(") - (text[index] == ")")
        if depth == 0:
            return index
    return len(text)
