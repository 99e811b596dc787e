"""MATH, INC, DEC, MIN, MAX, ABS, DIGIT_SUM (funcs/func_math.c): doubles, where `$[…]` has long doubles."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from dialplan.expression.arguments import padded
from dialplan.expression.ctext import scan_float, scan_int, wrap_int
from dialplan.expression.functions.registry import Builtin, pure
from dialplan.expression.scope import Scope
from dialplan.expression.value import UnknowableError, Unknown

_RESULT_KINDS = {"f": "f", "float": "f", "i": "i", "int": "i", "h": "h", "hex": "h", "c": "c", "char": "c"}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "==": operator.eq,
}  # fmt: skip
_SEARCH = ("*", "/", "%", "^", "AND", "XOR", "OR", ">", "<", "=", "+", "-")
_LONGER = {">": (">=", ">>"), "<": ("<=", "<<"), "=": ("==",)}


def _to_int(value: float) -> int:
    """C's cast to int; out of range it is undefined."""
    if not -(2.0**31) <= value < 2.0**31:
        raise UnknowableError("MATH() with a number too large for an integer")
    return int(value)


def _modulo(left: float, right: float) -> float:
    first, second = _to_int(left), _to_int(right)
    return int(math.fmod(first, second)) if second else 0


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except (OverflowError, ValueError):
        raise UnknowableError("MATH() with a power out of range") from None


def _shift_left(left: float, right: float) -> float:
    return wrap_int(_to_int(left) << (_to_int(right) & 31))


def _shift_right(left: float, right: float) -> float:
    return _to_int(left) >> (_to_int(right) & 31)


_OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left / right if right > 0 else 0.0,
    "%": _modulo,
    "^": _power,
    "<<": _shift_left,
    ">>": _shift_right,
    "AND": lambda left, right: _to_int(left) & _to_int(right),
    "OR": lambda left, right: _to_int(left) | _to_int(right),
    "XOR": lambda left, right: _to_int(left) ^ _to_int(right),
}


def _split(text: str) -> tuple[str, str, str] | None:
    """Both operands and the operator: searched in a fixed order of operators, not from the left."""
    for sign in _SEARCH:
        place = text.find(sign)
        if place < 0:
            continue
        longer = next((name for name in _LONGER.get(sign, ()) if text.startswith(name, place)), sign)
        return None if longer == "=" else (text[:place], longer, text[place + len(longer) :])
    return None


def _math(data: str) -> str | None:
    expression, kind = padded(data, 2)
    if expression is None:
        return None
    shown_as = "f" if kind is None else _RESULT_KINDS.get(kind.lower())
    negative = expression.startswith("-")
    found = _split(expression[1:] if negative else expression)
    if shown_as is None or found is None:
        return None
    left, right = scan_float(found[0]), scan_float(found[2])
    if left is None or right is None:
        return None
    left = 0 - left if negative else left
    if found[1] in _COMPARISONS:
        return "TRUE" if _COMPARISONS[found[1]](left, right) else "FALSE"
    return _shown(float(_OPERATIONS[found[1]](left, right)), shown_as)


def _shown(value: float, kind: str) -> str:
    if not math.isfinite(value):
        raise UnknowableError("MATH() with a result out of range")
    if kind == "f":
        return f"{value:.6f}"
    if kind == "i":
        return str(_to_int(value))
    if kind == "h":
        if not -(2.0**63) <= value < 2.0**63:
            raise UnknowableError("MATH() with a number too large for an integer")
        return f"{int(value) % 2**32:x}"
    code = _to_int(value) & 0xFF
    return chr(code) if code else ""


def _crement(scope: Scope, name: str, step: int) -> str | None:
    if not name:
        return None
    value = scope.stored(name)
    if isinstance(value, Unknown):
        scope.store(name, value)
        raise UnknowableError(value.reason)
    if not value:
        return None
    number = _only_integer(value)
    if number is None:
        return None
    result = str(wrap_int(number + step))
    scope.store(name, result)
    return result


def _only_integer(text: str) -> int | None:
    """sscanf's `%30d%1c` with nothing left: the number; blanks alone count as 0."""
    if not text.strip(" \t\n\v\f\r"):
        return 0
    found = scan_int(text)
    return found[0] if found and found[1] == len(text) else None


def _plain(value: float) -> str:
    return str(int(value)) if -(2.0**31) <= value < 2.0**31 and value == int(value) else f"{value:.6f}"


def _extreme(data: str, choose: Callable[[float, float], float]) -> str | None:
    first, second = padded(data, 2)
    if not first and not second:
        return None
    numbers = [scan_float(text) for text in (first, second) if text]
    if None in numbers:
        return None
    known = [number for number in numbers if number is not None]
    if first and second and -1 in known:
        return _plain(choose(known[0], known[1]))
    return _plain(choose(known[0], known[-1]))


def _absolute(data: str) -> str | None:
    value = scan_float(data) if data else None
    return None if value is None else _plain(abs(value))


def _digit_sum(data: str) -> str | None:
    return str(sum(int(char) for char in data if char in "0123456789")) if data else None


BUILTINS: dict[str, Builtin] = {
    "MATH": pure(_math),
    "INC": Builtin(lambda scope, data: _crement(scope, data, 1)),
    "DEC": Builtin(lambda scope, data: _crement(scope, data, -1)),
    "MIN": pure(lambda data: _extreme(data, min)),
    "MAX": pure(lambda data: _extreme(data, max)),
    "ABS": pure(_absolute),
    "DIGIT_SUM": pure(_digit_sum),
}
