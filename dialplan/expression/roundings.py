"""The mathematical functions of `$[…]` whose long double result is exact."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from dialplan.expression import longdouble as ld
from dialplan.expression.longdouble import NEGATIVE_ZERO, Number
from dialplan.expression.value import UnknowableError


def _rounded(rule: Callable[[Fraction], int]) -> Callable[[Number], Number]:
    def apply(value: Number) -> Number:
        if isinstance(value, float | int):
            return value
        result = rule(value)
        return NEGATIVE_ZERO if result == 0 and value < 0 else result

    return apply


def _away(value: Fraction) -> int:
    magnitude = math.floor(abs(value) + Fraction(1, 2))
    return magnitude if value > 0 else -magnitude


def _absolute(value: Number) -> Number:
    return value if isinstance(value, float) or value >= 0 else -value


def _root(value: Number) -> Number:
    exact = ld.exact(value)
    if exact < 0:
        raise UnknowableError("the root of a negative number")
    if exact == 0:
        return value
    ratio = Fraction(exact)
    shift = 140 + ratio.denominator.bit_length()
    scaled = ratio * (1 << 2 * shift)
    floor = math.isqrt(math.floor(scaled))
    sticky = 0 if floor * floor == scaled else 1
    return ld.fit(Fraction(2 * floor + sticky, 1 << (shift + 1)))


def _power(base: Number, exponent: Number) -> Number:
    power = ld.exact(exponent)
    number = ld.exact(base)
    if isinstance(power, int) and 0 <= power <= 4096 and not isinstance(base, float):
        size = max(number.numerator.bit_length(), number.denominator.bit_length())
        result = number**power if size * power <= 20000 else None
        if result is not None and ld.fit(result) == result:
            return result
    raise UnknowableError("POW() of numbers whose last digits depend on the C library")


def _remainder(left: Number, right: Number) -> Number:
    first, second = ld.exact(left), ld.exact(right)
    if second == 0:
        raise UnknowableError("a remainder of a division by zero")
    result = ld.fit(first - second * round(Fraction(first) / Fraction(second)))
    negative = isinstance(left, float) or left < 0
    return NEGATIVE_ZERO if result == 0 and negative else result


EXACT: dict[str, tuple[int, Callable[..., Number]]] = {
    "ABS": (1, _absolute),
    "SQRT": (1, _root),
    "FLOOR": (1, _rounded(math.floor)),
    "CEIL": (1, _rounded(math.ceil)),
    "ROUND": (1, _rounded(_away)),
    "RINT": (1, _rounded(round)),
    "TRUNC": (1, _rounded(math.trunc)),
    "POW": (2, _power),
    "REMAINDER": (2, _remainder),
}
INEXACT = frozenset(
    {"COS", "SIN", "TAN", "ACOS", "ASIN", "ATAN", "ATAN2", "EXP", "EXP2", "EXP10", "LOG", "LOG2", "LOG10"}
)
