"""The operators of `$[…]` (ast_expr2.y). An operand is a Number, a NumericString or a plain string."""

from __future__ import annotations

import operator
from collections.abc import Callable

from dialplan.expression import longdouble as ld
from dialplan.expression.ctext import INT_MAX, atoi
from dialplan.expression.lexer import NumericString
from dialplan.expression.longdouble import Number
from dialplan.expression.regex import search
from dialplan.expression.value import UnknowableError
from dialplan.light import Any, pattern

Operand = Number | str

_DIGITS = pattern(r"[0-9.]+")


def number(value: Operand) -> Number | None:
    """The operand as a number, None for a plain string."""
    if not isinstance(value, str):
        return value
    return ld.parse(value) if type(value) is NumericString else None


def string(value: Operand) -> str:
    """The operand as text, a number as `%.18Lg` prints it."""
    return value if isinstance(value, str) else ld.text_of(value)


def make_string(text: str) -> str:
    """Digits and dots alone make a numeric string (make_str; a minus sign never does)."""
    return NumericString(text) if _DIGITS.fullmatch(text) else text


def _is_false(value: Operand) -> bool:
    if value == "":
        return True
    found = number(value)
    return found is not None and found == 0


def _resolved(value: Operand) -> Operand:
    """Asking an operand for its truth turns a numeric string into a number for good."""
    found = number(value)
    return value if found is None else found


def _or(left: Operand, right: Operand) -> Operand:
    return right if _is_false(left) else _resolved(left)


def _and(left: Operand, right: Operand) -> Operand:
    return 0 if _is_false(left) or _is_false(right) else _resolved(left)


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Operand, Operand], Operand]:
    """Two numbers compare as numbers, everything else as bytes (strcoll in the locales C and C.UTF-8)."""

    def compare(left: Operand, right: Operand) -> Operand:
        first, second = number(left), number(right)
        if first is None or second is None:
            return int(test(string(left), string(right)))
        return int(test(first, second))

    return compare


def _plus(left: Operand, right: Operand) -> Operand:
    first, second = number(left), number(right)
    if first is None:
        return 0 if second is None else second
    return first if second is None else ld.add(first, second)


def _minus(left: Operand, right: Operand) -> Operand:
    first, second = number(left), number(right)
    if second is None:
        return 0 if first is None else first
    return ld.subtract(0 if first is None else first, second)


def _times(left: Operand, right: Operand) -> Operand:
    first, second = number(left), number(right)
    return 0 if first is None or second is None else ld.multiply(first, second)


def _divide(left: Operand, right: Operand) -> Operand:
    first, second = number(left), number(right)
    if first is None:
        return 0
    if second is None or second == 0:
        return INT_MAX
    return ld.divide(first, second)


def _modulo(left: Operand, right: Operand) -> Operand:
    first, second = number(left), number(right)
    if first is None or second is None:
        return 0
    return second if second == 0 else ld.remainder(first, second)


def _unquoted(value: Operand) -> str:
    text = string(value)
    return text.replace('"', "") if text[:1] == '"' and text[-1:] == '"' else text


def _match(left: Operand, right: Operand, anchored: bool) -> Operand:
    """The first group, or the number of matched bytes without one; a pattern that is none gives nothing."""
    found = search(_unquoted(right), _unquoted(left))
    if found is None:
        return ""
    if found.span is None or (anchored and found.span[0] != 0):
        return "" if found.groups else 0
    if found.group is not None:
        return make_string(found.group)
    return found.span[1] - found.span[0]


def _colon(left: Operand, right: Operand) -> Operand:
    return _match(left, right, anchored=True)


def _equals_tilde(left: Operand, right: Operand) -> Operand:
    return _match(left, right, anchored=False)


def _concatenate(left: Operand, right: Operand) -> Operand:
    return make_string(_unquoted(left) + _unquoted(right))


def negative(value: Operand) -> Operand:
    """Unary minus; a string gives 0."""
    found = number(value)
    return 0 if found is None else ld.negate(found)


def complement(value: Operand) -> Operand:
    """Unary `!`: text counts by its leading integer alone, so `!abc` and `!0.5` are 1."""
    if not isinstance(value, str):
        return int(value == 0)
    return int(atoi(value) == 0)


def choose(test: Operand, yes: Operand, no: Operand) -> Operand:
    """`test ? yes :: no`."""
    found = number(test)
    if found is None:
        return no if test in ("", '""', "0") else yes
    return yes if found != 0 else no


BINARY: dict[str, tuple[int, Callable[[Operand, Operand], Operand]]] = {
    "|": (3, _or),
    "&": (4, _and),
    "=": (5, _compare(operator.eq)),
    "!=": (5, _compare(operator.ne)),
    ">": (5, _compare(operator.gt)),
    "<": (5, _compare(operator.lt)),
    ">=": (5, _compare(operator.ge)),
    "<=": (5, _compare(operator.le)),
    "+": (6, _plus),
    "-": (6, _minus),
    "*": (7, _times),
    "/": (7, _divide),
    "%": (7, _modulo),
    ":": (9, _colon),
    "=~": (9, _equals_tilde),
    "~~": (9, _concatenate),
}
UNARY_LEVEL = 8
CHOICE_LEVEL = 2

__all__ = [
    "BINARY",
    "CHOICE_LEVEL",
    "UNARY_LEVEL",
    "Operand",
    "UnknowableError",
    "choose",
    "complement",
    "negative",
]
