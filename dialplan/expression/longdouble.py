"""Asterisk's expression numbers: C's 80-bit long double, exactly, without C.

A number is an int or a Fraction that fits a 64-bit mantissa; negative zero is the float -0.0, as `$[-0]`
prints "-0". Infinity and not-a-number raise UnknowableError: no dialplan gets there by intention.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from dialplan.expression.value import UnknowableError
from dialplan.light import pattern

Number = int | Fraction | float
NEGATIVE_ZERO = -0.0

_MANTISSA = 64
_MAX_DIGITS = 4000
_LIMIT = 1 << _MANTISSA
_MAX_EXPONENT = 16384
_MIN_EXPONENT = -16382
_NUMBER = pattern(r"[ \t\n\v\f\r]*(-?)([0-9]*)(?:\.([0-9]*))?")
_PRINT = Context(prec=18, rounding=ROUND_HALF_EVEN, Emax=999999, Emin=-999999)


def exact(number: Number) -> int | Fraction:
    """The number without the sign of zero."""
    return 0 if isinstance(number, float) else number


def _simple(value: Fraction) -> int | Fraction:
    return value.numerator if value.denominator == 1 else value


def _exponent(value: Fraction) -> int:
    """The e of 2**e <= value < 2**(e+1), for a positive value."""
    estimate = value.numerator.bit_length() - value.denominator.bit_length()
    power = Fraction(1 << estimate) if estimate >= 0 else Fraction(1, 1 << -estimate)
    return estimate if value >= power else estimate - 1


def fit(value: int | Fraction) -> int | Fraction:
    """The nearest long double, ties to even."""
    if isinstance(value, int) and -_LIMIT < value < _LIMIT:
        return value
    if value == 0:
        return 0
    magnitude = abs(Fraction(value))
    exponent = _exponent(magnitude)
    if not _MIN_EXPONENT <= exponent < _MAX_EXPONENT:
        raise UnknowableError("a number too large or too small for a long double")
    shift = _MANTISSA - 1 - exponent
    scale = Fraction(1 << shift) if shift >= 0 else Fraction(1, 1 << -shift)
    rounded = Fraction(round(magnitude * scale)) / scale
    result = rounded if value > 0 else -rounded
    return _simple(result)


@lru_cache(maxsize=16384)
def parse(text: str) -> Number:
    """strtold of digits, dots and a minus sign; reading stops at the first character that does not fit."""
    found = _NUMBER.match(text)
    sign, whole, fraction = found.groups() if found else ("", "", None)
    if not whole and not fraction:
        return 0
    if len(whole) + len(fraction or "") > _MAX_DIGITS:
        raise UnknowableError("a number of thousands of digits")
    value: int | Fraction = int(whole or "0")
    if fraction:
        value = Fraction(int((whole or "0") + fraction), 10 ** len(fraction))
    value = fit(value)
    if sign:
        return negate(value)
    return value


def negate(value: Number) -> Number:
    """The value with the other sign; zeros have one too."""
    if isinstance(value, float):
        return 0
    return -value if value != 0 else NEGATIVE_ZERO


def add(left: Number, right: Number) -> Number:
    """left + right."""
    if isinstance(left, float) and isinstance(right, float):
        return NEGATIVE_ZERO
    return fit(exact(left) + exact(right))


def subtract(left: Number, right: Number) -> Number:
    """left - right."""
    return add(left, negate(right))


def _negative(value: Number) -> bool:
    return isinstance(value, float) or value < 0


def _signed_zero(value: int | Fraction, negative: bool) -> Number:
    return NEGATIVE_ZERO if value == 0 and negative else value


def multiply(left: Number, right: Number) -> Number:
    """left * right."""
    product = exact(left) * exact(right)
    return _signed_zero(fit(product), _negative(left) != _negative(right))


def divide(left: Number, right: Number) -> Number:
    """left / right; right is not zero."""
    quotient = Fraction(exact(left)) / Fraction(exact(right))
    value = fit(_simple(quotient))
    return _signed_zero(value, _negative(left) != _negative(right))


def remainder(left: Number, right: Number) -> Number:
    """fmodl: the sign is the dividend's; right is not zero."""
    dividend, divisor = abs(Fraction(exact(left))), abs(Fraction(exact(right)))
    value = _simple(dividend % divisor)
    return negate(value) if _negative(left) else value


def text_of(number: Number) -> str:
    """printf's `%.18Lg`."""
    if isinstance(number, float):
        return "-0"
    if isinstance(number, int) and -(10**18) < number < 10**18:
        return str(number)
    decimal = _PRINT.divide(Decimal(number.numerator), Decimal(number.denominator))
    exponent = decimal.adjusted()
    if -4 <= exponent < 18:
        text = format(decimal, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    sign, digits, _ = decimal.as_tuple()
    mantissa = "".join(map(str, digits)).rstrip("0")
    mantissa = mantissa[0] + ("." + mantissa[1:] if len(mantissa) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
