"""Cutting a text into plain stretches, `${…}` and `$[…]` (pbx_variables.c: the bracket counting)."""

from __future__ import annotations

from functools import lru_cache

from dialplan.expression.ctext import INT_MAX, scan_int
from dialplan.expression.value import UnknowableError
from dialplan.light import dataclass, pattern

_START = pattern(r"\$[{\[]")
_IN_VARIABLE = pattern(r"\$\{|\$\[|[{}]")
_IN_EXPRESSION = pattern(r"\$\{|\$\[|[\[\]]")


@dataclass(frozen=True, slots=True)
class Reference:
    """One `${body}` or `$[body]`. `nested`: its body is substituted first. `closed`: its bracket is there."""

    is_expression: bool
    body: str
    nested: bool
    closed: bool

    @property
    def source(self) -> str:
        """How it stands in the text."""
        return f"$[{self.body}]" if self.is_expression else f"${{{self.body}}}"


@dataclass(frozen=True, slots=True)
class Target:
    """What a variable's body names: a variable or a function call, and the substring asked for."""

    name: str
    is_function: bool
    offset: int
    length: int


Part = str | Reference


def _end(text: str, start: int, is_expression: bool) -> tuple[int, int, bool, bool]:
    """Where the body ends, where the text goes on, whether it nests, whether it was closed."""
    opening, closing = ("[", "]") if is_expression else ("{", "}")
    depth, nested = 1, False
    for token in (_IN_EXPRESSION if is_expression else _IN_VARIABLE).finditer(text, start):
        found = token[0]
        if found[0] == "$":
            nested = True
        if found[-1] == opening:
            depth += 1
        elif found == closing:
            depth -= 1
            if depth == 0:
                return token.start(), token.end(), nested, True
    return len(text), len(text), nested, False


def _split(text: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    position = 0
    while found := _START.search(text, position):
        if found.start() > position:
            parts.append(text[position : found.start()])
        is_expression = found[0] == "$["
        end, position, nested, closed = _end(text, found.end(), is_expression)
        parts.append(Reference(is_expression, text[found.end() : end], nested, closed))
    if position < len(text):
        parts.append(text[position:])
    return tuple(parts)


_split_cached = lru_cache(maxsize=16384)(_split)


def split(text: str) -> tuple[Part, ...]:
    """The parts of `text` in order. A missing bracket takes everything to the end, as in Asterisk."""
    return _split_cached(text) if len(text) < 1024 else _split(text)


def _parse_target(body: str) -> Target:
    depth, is_function = 0, False
    for index, char in enumerate(body):
        if char == "(":
            is_function = True
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == ":" and depth == 0:
            return Target(body[:index], is_function, *_range(body[index + 1 :]))
    return Target(body, is_function, 0, INT_MAX)


_parse_target_cached = lru_cache(maxsize=16384)(_parse_target)


def parse_target(body: str) -> Target:
    """Name and `:offset:length` of a body; a parenthesis before that makes it a function call."""
    return _parse_target_cached(body) if len(body) < 1024 else _parse_target(body)


def _range(text: str) -> tuple[int, int]:
    first = scan_int(text)
    if first is None:
        return 0, INT_MAX
    offset, position = first
    second = scan_int(text, position + 1) if text[position : position + 1] == ":" else None
    return offset, second[0] if second else INT_MAX


def substring(value: str, offset: int, length: int) -> str:
    """`${value:offset:length}`: negative offsets from the end, negative lengths leave that many off."""
    size = len(value)
    if offset == 0 and length >= size:
        return value
    if offset < 0:
        offset = max(0, size + offset)
    value = value[offset:]
    if length >= 0:
        return value[:length]
    if offset - length > INT_MAX:
        raise UnknowableError("Asterisk crashes: a length out of range")
    return value[: len(value) + length] if len(value) > -length else ""
