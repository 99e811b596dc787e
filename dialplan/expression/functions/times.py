"""STRFTIME (funcs/func_strings.c), in the locale C."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from dialplan.expression.arguments import padded
from dialplan.expression.functions.registry import Builtin
from dialplan.expression.scope import Scope
from dialplan.expression.timing import moved
from dialplan.expression.value import UnknowableError
from dialplan.light import pattern

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_EPOCH = pattern(r"[0-9]{1,11}(?:\.[0-9]*)?")
_DIRECTIVE = pattern("%(.)", re.DOTALL)
_COMPOSED = {"D": "%m/%d/%y", "F": "%Y-%m-%d", "R": "%H:%M", "T": "%H:%M:%S", "c": "%a %b %e %H:%M:%S %Y",
             "x": "%m/%d/%y", "X": "%H:%M:%S", "r": "%I:%M:%S %p"}  # fmt: skip


def _weekday(when: datetime) -> int:
    return when.isoweekday() % 7


def _hour12(when: datetime) -> int:
    return when.hour % 12 or 12


_DIRECTIVES: dict[str, Callable[[datetime], str]] = {
    "A": lambda when: _DAYS[_weekday(when)],
    "a": lambda when: _DAYS[_weekday(when)][:3],
    "B": lambda when: _MONTHS[when.month - 1],
    "b": lambda when: _MONTHS[when.month - 1][:3],
    "h": lambda when: _MONTHS[when.month - 1][:3],
    "C": lambda when: f"{when.year // 100:02d}",
    "d": lambda when: f"{when.day:02d}",
    "e": lambda when: f"{when.day:2d}",
    "H": lambda when: f"{when.hour:02d}",
    "I": lambda when: f"{_hour12(when):02d}",
    "j": lambda when: f"{when.timetuple().tm_yday:03d}",
    "k": lambda when: f"{when.hour:2d}",
    "l": lambda when: f"{_hour12(when):2d}",
    "M": lambda when: f"{when.minute:02d}",
    "m": lambda when: f"{when.month:02d}",
    "n": lambda _: "\n",
    "P": lambda when: "am" if when.hour < 12 else "pm",
    "p": lambda when: "AM" if when.hour < 12 else "PM",
    "S": lambda when: f"{when.second:02d}",
    "t": lambda _: "\t",
    "u": lambda when: str(when.isoweekday()),
    "w": lambda when: str(_weekday(when)),
    "U": lambda when: f"{(when.timetuple().tm_yday + 6 - _weekday(when)) // 7:02d}",
    "W": lambda when: f"{(when.timetuple().tm_yday + 6 - when.weekday()) // 7:02d}",
    "V": lambda when: f"{when.isocalendar().week:02d}",
    "G": lambda when: str(when.isocalendar().year),
    "g": lambda when: f"{when.isocalendar().year % 100:02d}",
    "Y": lambda when: str(when.year),
    "y": lambda when: f"{when.year % 100:02d}",
    "%": lambda _: "%",
}


def _moment(scope: Scope, epoch: str | None, timezone: str | None) -> datetime:
    """The time meant by epoch seconds ("" is now) in a zone ("" is the PBX's)."""
    now = scope.now
    if epoch:
        if not _EPOCH.fullmatch(epoch):
            raise UnknowableError("STRFTIME() of an unusual time")
        moment = datetime.fromtimestamp(int(epoch.partition(".")[0]), UTC)
    elif now is None:
        raise UnknowableError("the time of the call")
    else:
        moment = now
    if timezone:
        return moved(moment, timezone)
    if not epoch:
        return moment
    if now is None or now.tzinfo is None:
        raise UnknowableError("the time zone of the PBX")
    return moment.astimezone(now.tzinfo)


def _strftime(scope: Scope, data: str) -> str:
    epoch, timezone, form = padded(data, 3)
    when = _moment(scope, epoch, timezone)
    return _DIRECTIVE.sub(lambda found: _shown(found[1], when), "%c" if form is None else form)


def _shown(letter: str, when: datetime) -> str:
    if letter in _COMPOSED:
        return _DIRECTIVE.sub(lambda found: _shown(found[1], when), _COMPOSED[letter])
    if letter not in _DIRECTIVES:
        raise UnknowableError(f"STRFTIME() with %{letter}")
    return _DIRECTIVES[letter](when)


BUILTINS: dict[str, Builtin] = {"STRFTIME": Builtin(_strftime)}
