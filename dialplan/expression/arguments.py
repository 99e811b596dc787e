"""How Asterisk cuts a function's argument string (app.c: __ast_app_separate_args, ast_get_encoded_char)."""

from __future__ import annotations

import re

from dialplan.expression.ctext import c_string
from dialplan.expression.value import UnknowableError
from dialplan.light import pattern

_SPECIAL = pattern(r'[()\[\]"\\]')
_HEX = "0123456789ABCDEFabcdef"
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t"}


class _Cutter:
    """One pass over the text: nesting and quotes go on from one argument to the next."""

    def __init__(self, text: str, delimiter: str, remove: bool) -> None:
        self.text, self.delimiter, self.remove = text, delimiter, remove
        self.paren = self.bracket = self.position = 0
        self.quoted = self.ended_by_delimiter = False

    def argument(self) -> str:
        """The next argument; leaves `position` behind its delimiter."""
        kept: list[str] = []
        text, self.ended_by_delimiter = self.text, False
        while self.position < len(text):
            char = text[self.position]
            self.position += 1
            if char == self.delimiter and not (self.paren or self.bracket or self.quoted):
                self.ended_by_delimiter = True
                break
            self._take(char, kept)
        return "".join(kept)

    def _take(self, char: str, kept: list[str]) -> None:
        if char == "\\":
            if not self.remove:
                kept.append(char)
            kept.append(self.text[self.position : self.position + 1])
            self.position += 1
            return
        if char == '"' and self.delimiter != '"':
            self.quoted = not self.quoted
            if self.remove:
                return
        elif char in "()[]":
            self._nest(char)
        kept.append(char)

    def _nest(self, char: str) -> None:
        if char == "(":
            self.paren += 1
        elif char == "[":
            self.bracket += 1
        elif char == ")":
            self.paren = max(0, self.paren - 1)
        else:
            self.bracket = max(0, self.bracket - 1)


def separate(text: str, fields: int, delimiter: str = ",", remove: bool = True) -> list[str]:
    """At most `fields` arguments; the last one is the untouched rest. `remove` drops quotes and backslashes.

    A delimiter at the very end gives one more, empty argument; empty text gives none.
    """
    if not text:
        return []
    if not _SPECIAL.search(text):
        return text.split(delimiter, fields - 1)
    cutter = _Cutter(text, delimiter, remove)
    found: list[str] = []
    while cutter.position < len(text) and len(found) < fields - 1:
        found.append(cutter.argument())
    if cutter.position < len(text) or (found and cutter.ended_by_delimiter):
        found.append(text[cutter.position :])
    return found


def padded(text: str, fields: int, delimiter: str = ",", remove: bool = True) -> list[str | None]:
    """`separate`, with None for each argument that is not there."""
    found: list[str | None] = list(separate(text, fields, delimiter, remove))
    return found + [None] * (fields - len(found))


def encoded_char(text: str) -> tuple[str, int] | None:
    r"""The first character, `\n` `\t` `\r` `\xHH` `\0ooo` decoded, and how much was read; None on an error.

    The character is "" where Asterisk stores a NUL.
    """
    if not text:
        return None
    if text[0] != "\\":
        return text[0], 1
    kind = text[1:2]
    if kind == "x":
        return _hexadecimal(text)
    if kind == "0":
        digits = re.match("[0-7]*", text[2:])
        octal = digits[0] if digits else ""
        return c_string(chr(int(octal or "0", 8) & 0xFF)), 2 + len(octal)
    return _SIMPLE.get(kind, kind), 2


def _hexadecimal(text: str) -> tuple[str, int] | None:
    if text[2:3] not in _HEX or len(text) < 3:
        return None
    length = 4 if len(text) > 3 and text[3] in _HEX else 3
    return c_string(chr(int(text[2:length], 16))), length


def encoded_text(text: str, limit: int) -> str:
    """Every character decoded, up to a NUL, an error or `limit` characters."""
    kept: list[str] = []
    while len(kept) < limit:
        found = encoded_char(text)
        if found is None or found[0] == "":
            break
        kept.append(found[0])
        text = text[found[1] :]
    return "".join(kept)


def need(value: str | None) -> str:
    """The argument, where Asterisk would read through a null pointer without it."""
    if value is None:
        raise UnknowableError("an argument that Asterisk needs is missing")
    return value
