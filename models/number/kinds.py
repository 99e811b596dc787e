"""The shapes of an answer: a site's dialling habits, a number, a named reason why there is none."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

_SHAPES = {
    "country": (r"[A-Z]{2}", "an ISO 3166 country of two capital letters, such as PL"),
    "outside_line": (r"\d{0,3}", "up to three digits, such as 9"),
    "trunk_prefix": (r"\d{0,4}", "up to four digits, such as 0"),
    "international": (r"\d{0,8}", "digits, such as 810, or empty for numbers without any prefix"),
    "tech_prefixes": (r"[\d*#]{1,16}", "digits, * and #, such as 9999#"),
    "internal": (r"\d{1,10}|_(?:[\dXZNxzn]|\[[\d-]+\])+", "digits or a pattern of one length, such as _2XXX"),
}


_FIELDS = ("country", "outside_line", "international", "tech_prefixes", "trunk_prefix", "internal")


@lru_cache(maxsize=256)
def extension_pattern(pattern: str) -> re.Pattern[str]:
    """Digits or an Asterisk pattern (X 0-9, Z 1-9, N 2-9, [sets]) as a regular expression."""
    classes = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]"}
    tokens = re.findall(r"\[[^]]*\]|.", pattern.removeprefix("_"))
    try:
        return re.compile("".join(classes.get(token.upper(), token) for token in tokens))
    except re.error as error:
        raise ValueError(f"internal: {pattern!r} is not an Asterisk pattern ({error})") from None


class Why(StrEnum):
    """Stable words for "this is not a telephone number that can be listed or checked"."""

    EMERGENCY = "emergency"  # must never be blocked
    SHORT_CODE = "short-code"
    INTERNAL = "internal"
    FEATURE_CODE = "feature-code"
    WITHHELD = "withheld"
    EMPTY = "empty"
    LETTERS = "letters"
    SIP_URI = "sip-uri"
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    COUNTRY_CODE = "unknown-country-code"
    EXPONENT = "exponent"
    TWO_NUMBERS = "two-numbers"
    NOT_A_NUMBER = "not-a-number"


@dataclass(frozen=True, slots=True)
class Site:
    """How telephone numbers are dialled and written at one site.

    Raises ValueError (field, value, what is expected) when a habit is malformed. Whether the
    country exists is told by `known_country`, so that building a Site stays fast.
    """

    country: str = "PL"
    #: digits dialled for an outside line
    outside_line: str = ""
    #: international prefixes besides +, 00 and the country's own; "" takes 442079460958 as it stands
    international: tuple[str, ...] = ()
    #: what the trunk wants in front, and callers may dial, such as 9999#
    tech_prefixes: tuple[str, ...] = ()
    #: a trunk prefix still dialled here although the country's plan has none, or another
    trunk_prefix: str = ""
    #: internal extensions: digits or Asterisk patterns of fixed length
    internal: tuple[str, ...] = ()
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        for name, (shape, expected) in _SHAPES.items():
            value = getattr(self, name)
            for one in (value,) if isinstance(value, str) else value:
                if re.fullmatch(shape, one, re.ASCII) is None:
                    raise ValueError(f"{name}: {one!r} is not {expected}")
        for pattern in self.internal:
            extension_pattern(pattern)
        key = tuple(getattr(self, name) for name in _FIELDS)
        object.__setattr__(self, "_hash", hash(key))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type["Site"], tuple[object, ...]]:
        # the hash of a text differs from process to process
        return Site, tuple(getattr(self, name) for name in _FIELDS)


@dataclass(frozen=True, slots=True)
class Number:
    """One telephone number: E.164 digits as an integer. The extension never decides a verdict."""

    e164: int
    extension: str = field(default="", compare=False)
    #: other valid readings of the same digits at this site, most likely first
    also: tuple[int, ...] = field(default=(), compare=False)

    @property
    def text(self) -> str:
        return f"+{self.e164}"

    @property
    def valid(self) -> bool:
        """Does its country's numbering plan hold it? Plans change: a check compares the others too."""
        from models.number.plan import is_valid

        return is_valid(self.e164)


@dataclass(frozen=True, slots=True)
class NotANumber:
    """Why a text is no telephone number; the detail holds no digits of it, so it may be logged."""

    why: Why
    detail: str


_names: list[Callable[[int], str]] = []


def name_numbers(by: Callable[[int], str] | None) -> None:
    """From now on log lines of this process show these names (see `models.pseudonym`); None: masked digits."""
    _names[:] = [by] if by is not None else []


def masked(e164: int) -> str:
    """For logs: at most three digits at each end, never fewer than five hidden, length not shown; or its pseudonym."""
    if _names:
        return _names[0](e164)
    digits = str(abs(e164))
    shown = max(0, min(6, len(digits) - 5))
    tail = shown // 2
    return f"+{digits[: shown - tail]}***{digits[len(digits) - tail :]}"


# seven digits or more, however they are grouped
_DIALLED = re.compile(r"[+]?\d(?:[ .()-]{0,2}\d){6,}")
# the serial number that Asterisk puts behind a channel's name
_SERIAL = re.compile(r"-(?:[0-9a-f]{8}(?:;[12])?|[0-9]{1,3})$")


def without_numbers(text: str, by: Callable[[int], str] | None = None) -> str:
    """The text with everything in it that may be a telephone number masked, or named `by`; a channel keeps its serial
    number."""
    serial = _SERIAL.search(text)
    end = serial.start() if serial else len(text)
    return _DIALLED.sub(lambda found: (by or masked)(_digits_of(found[0])), text[:end]) + text[end:]


def _digits_of(found: str) -> int:
    return int("".join(filter(str.isdecimal, found))[:18])
