"""C's readers of numbers and blanks, as the functions of Asterisk call them (sscanf, atoi, ast_strip)."""

from __future__ import annotations

from dialplan.expression.value import UnknowableError
from dialplan.light import pattern

INT_MAX = 2**31 - 1
C_SPACE = " \t\n\v\f\r"
_LONG_DIGITS = 4000
_BLANKS = pattern(r"[ \t\n\v\f\r]*")
_INTEGER = pattern(r"[+-]?[0-9]+")
_FLOAT = pattern(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_FLOAT_OTHER = pattern(r"[+-]?(?:0[xX]|[iI]|[nN])")


def wrap_int(number: int) -> int:
    """What a C int holds after the conversion from a 64-bit integer."""
    return (number + 2**31) % 2**32 - 2**31


def _clamp_long(number: int) -> int:
    return max(-(2**63), min(2**63 - 1, number))


def scan_int(text: str, position: int = 0, width: int = 30) -> tuple[int, int] | None:
    """sscanf's `%30d` at `position`: the int and where reading stopped, or None."""
    blanks = _BLANKS.match(text, position)
    start = blanks.end() if blanks else position
    found = _INTEGER.match(text, start, start + width)
    if not found:
        return None
    digits = found[0] if len(found[0]) < _LONG_DIGITS else found[0][0] + "9" * _LONG_DIGITS
    return wrap_int(_clamp_long(int(digits))), found.end()


def atoi(text: str) -> int:
    """C's atoi: leading blanks and digits; 0 when there are none."""
    found = scan_int(text, width=len(text))
    return found[0] if found else 0


def scan_float(text: str, width: int = 30) -> float | None:
    """sscanf's `%30lf`: the double, or None when no number starts here.

    Hexadecimal, infinite and not-a-number spellings raise UnknowableError.
    """
    blanks = _BLANKS.match(text)
    window = text[blanks.end() if blanks else 0 :][:width]
    if _FLOAT_OTHER.match(window):
        raise UnknowableError("a number in an unusual spelling")
    found = _FLOAT.match(window)
    if not found:
        return None
    if window[found.end() : found.end() + 1] in ("e", "E"):
        raise UnknowableError("a number with an empty exponent, which C libraries read differently")
    return float(found[0])


def strip(text: str) -> str:
    """ast_strip: everything up to and including the blank (33) counts as white space at both ends."""
    start, end = 0, len(text)
    while start < end and text[start] <= " ":
        start += 1
    while end > start and text[end - 1] <= " ":
        end -= 1
    return text[start:end]


def strip_quoted(text: str) -> str:
    """ast_strip_quoted with double quotes: blanks, then one pair of quotes around the whole."""
    text = strip(text)
    if text[:1] == '"' and text[-1:] == '"':
        return text[1:-1] if len(text) > 1 else ""
    return text


def condition(text: str) -> bool:
    """Whether GotoIf, ExecIf, While and IF take `text` as true (pbx.c: pbx_checkcondition).

    Empty is false; a leading integer decides by itself; any other text is true.
    """
    if not text:
        return False
    found = scan_int(text)
    return True if found is None else found[0] != 0


def c_string(text: str) -> str:
    """The text up to the first NUL."""
    return text if "\0" not in text else text[: text.index("\0")]
