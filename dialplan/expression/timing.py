"""Time specifications `times,weekdays,days,months[,zone]` (main/pbx_timing.c)."""

from __future__ import annotations

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from dialplan.expression.ctext import scan_int
from dialplan.expression.value import UnknowableError, from_bytes_text
from dialplan.light import pattern

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SEPARATOR = pattern("[|,]")
_DIGIT = pattern("[0-9]")


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(from_bytes_text(name))
    except (OSError, ValueError, LookupError):
        raise UnknowableError(f"the time zone {name!r} is not known") from None


def moved(moment: datetime, name: str) -> datetime:
    """The moment on the clocks of another time zone; raises UnknowableError where that is not known."""
    if moment.tzinfo is None:
        raise UnknowableError("the time zone of the PBX")
    try:
        return moment.astimezone(_zone(name))
    except OverflowError:
        raise UnknowableError("a time out of range") from None


def in_time(spec: str, now: datetime | None) -> bool:
    """Whether `now` lies in the specification; parts that Asterisk cannot read are skipped, as it does."""
    if now is None:
        raise UnknowableError("the time of the call")
    fields = _SEPARATOR.split(spec)
    if len(fields) == 5 and fields[4]:
        now = moved(now, fields[4])
    fields += [""] * (4 - len(fields))
    return (
        _in_names(fields[3], _MONTHS, 12, now.month - 1)
        and _in_names(fields[2], (), 31, now.day - 1)
        and _in_names(fields[1], _DAYS, 7, now.isoweekday() % 7)
        and _in_times(fields[0], now.hour * 60 + now.minute)
    )


def _cyclic(start: int, end: int, place: int) -> bool:
    return start <= place <= end if start <= end else place >= start or place <= end


def _in_names(text: str, names: tuple[str, ...], most: int, place: int) -> bool:
    if text in ("", "*"):
        return True
    return any(_in_range(part, names, most, place) for part in text.split("&"))


def _in_range(part: str, names: tuple[str, ...], most: int, place: int) -> bool:
    first, dash, last = part.partition("-")
    start = _index(first, names, most)
    end = _index(last, names, most) if dash else start
    return start is not None and end is not None and _cyclic(start, end, place)


def _index(text: str, names: tuple[str, ...], most: int) -> int | None:
    if "9" < text[:1] < "\x80" and text.lower() in names:
        return names.index(text.lower())
    found = scan_int(text, width=2)
    return found[0] - 1 if found and 1 <= found[0] <= most else None


def _in_times(text: str, minute: int) -> bool:
    if text in ("", "*"):
        return True
    return any(_in_minutes(part, minute) for part in text.split("&"))


def _in_minutes(part: str, minute: int) -> bool:
    first, dash, last = part.partition("-")
    start = _minute(first)
    if not dash:
        return start == minute
    digit = _DIGIT.search(last)
    end = _minute(last[digit.start() :]) if digit else None
    return start is not None and end is not None and _cyclic(start, end, minute)


def _minute(text: str) -> int | None:
    hour = scan_int(text, width=2)
    if hour is None or text[hour[1] : hour[1] + 1] != ":":
        return None
    minute = scan_int(text, hour[1] + 1, width=2)
    if minute is None or not 0 <= hour[0] <= 23 or not 0 <= minute[0] <= 59:
        return None
    return hour[0] * 60 + minute[0]
