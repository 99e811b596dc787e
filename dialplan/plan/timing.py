"""Times of an include (main/pbx_timing.c: ast_build_timing): `times,weekdays,days,months[,zone]`."""

from __future__ import annotations

import re

from dialplan.light import TYPE_CHECKING, Final, dataclass, pattern

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

DAY: Final = 24 * 60
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = pattern(r"[ \t\n\r\v\f]*(\d\d|[+-]?\d):[ \t\n\r\v\f]*(\d\d|[+-]?\d)", re.A)
_NUMBER = pattern(r"[ \t\n\r\v\f]*(\d\d|[+-]?\d)", re.A)


@dataclass(frozen=True, slots=True)
class Timing:
    """Bit masks: minute of the day, weekday (0 = Sunday), day of the month (0 = 1st), month (0 = January)."""

    minutes: int
    weekdays: int
    days: int
    months: int
    zone: str | None
    problems: tuple[str, ...] = ()

    def holds(self, at: datetime) -> bool:
        """Whether the include is in force; a time with a zone is converted to the include's own zone if it
        has one.
        """
        if at.tzinfo is not None and self.zone:
            at = at.astimezone(_zone(self.zone))
        return bool(
            self.months >> (at.month - 1) & 1
            and self.days >> (at.day - 1) & 1
            and self.weekdays >> (at.isoweekday() % 7) & 1
            and self.minutes >> (at.hour * 60 + at.minute) & 1
        )


def parse(text: str) -> Timing:
    """Never fails: what Asterisk skips with a warning is skipped and named in `problems`."""
    fields = re.split(r"[|,]", text)
    problems: list[str] = []
    zone = fields[4] if len(fields) == 5 else None
    fields += ["*"] * (4 - len(fields))
    return Timing(
        _minutes(fields[0], problems),
        _range(fields[1], 7, _DAYS, problems),
        _range(fields[2], 31, (), problems),
        _range(fields[3], 12, _MONTHS, problems),
        zone,
        tuple(problems),
    )


def _zone(name: str) -> tzinfo:
    """An unknown zone counts as UTC (main/stdtime/localtime.c: ast_tzset)."""
    from datetime import UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # slow to load, and few plans name a zone

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _minutes(text: str, problems: list[str]) -> int:
    if text in ("", "*"):
        return (1 << DAY) - 1
    mask = 0
    for part in text.split("&"):
        start, dash, end = part.partition("-")
        first = _minute(start)
        last = _minute(re.sub(r"^\D*", "", end, flags=re.A)) if dash else first
        if first is None or last is None:
            problems.append(f"'{part}' is no time or range of times")
        else:
            mask |= _cyclic(first, last, DAY)
    return mask


def _minute(text: str) -> int | None:
    found = _TIME.match(text)
    if not found or not (0 <= int(found[1]) <= 23 and 0 <= int(found[2]) <= 59):
        return None
    return int(found[1]) * 60 + int(found[2])


def _range(text: str, size: int, names: tuple[str, ...], problems: list[str]) -> int:
    if text in ("", "*"):
        return (1 << size) - 1
    mask = 0
    for part in text.split("&"):
        start, dash, end = part.partition("-")
        first = _lookup(start, size, names)
        last = _lookup(end, size, names) if dash else first
        if first is None or last is None:
            problems.append(f"'{part}' is no {_KINDS[size]} or range of them")
        else:
            mask |= _cyclic(first, last, size)
    return mask


_KINDS: Final = {7: "weekday", 31: "day of the month", 12: "month"}


def _lookup(text: str, size: int, names: tuple[str, ...]) -> int | None:
    if text[:1] > "9" and text.lower() in names:
        return names.index(text.lower())
    found = _NUMBER.match(text)
    return int(found[1]) - 1 if found and 1 <= int(found[1]) <= size else None


def _cyclic(first: int, last: int, size: int) -> int:
    """Bits `first` to `last`, over the end and on from 0 when `last` is earlier."""
    if first <= last:
        return (1 << last + 1) - (1 << first)
    return (1 << size) - (1 << first) | (1 << last + 1) - 1
