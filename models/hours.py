"""PURE: calling hours by the called person's own clock.

A calendar turns windows by weekday, public holidays and allowed days into spans of time, one day of UTC after the
other; where a number can lie in several zones, only what is open in each of them counts. Both nights of daylight
saving time come out right, because a day is cut where a zone's offset changes. Times are whole seconds since 1970.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

DAY = 86_400
HORIZON = 400  # days that are searched for the next open minute
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Span = tuple[int, int]
Windows = tuple[tuple[Span, ...], ...]  # seconds of the day for each weekday, Monday first
Spans = tuple[Span, ...]

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
ALWAYS: Windows = (((0, DAY),),) * 7


class Closed(Protocol):
    """Days on which nobody is called; hashable."""

    def name(self, day: date, /) -> str:
        """Of the holiday; empty for any other day."""


@dataclass(frozen=True, slots=True)
class NeverClosed:
    """No day is closed."""

    def name(self, _day: date) -> str:
        """None."""
        return ""


@dataclass(frozen=True, slots=True)
class Timetable:
    """When calls may be placed, by a local clock: `windows`, but not on `closed` days.

    `days`: the only days of the year (month, day) on which they may; None: any.
    """

    windows: Windows = ALWAYS
    closed: Closed = NeverClosed()
    days: frozenset[tuple[int, int]] | None = None

    def of(self, day: int) -> Spans:
        """Open spans of a local day (counted from 1970), in its seconds."""
        spans = self.windows[(day + 3) % 7]
        if not spans or (self.days is None and isinstance(self.closed, NeverClosed)):
            return spans
        local = date.fromordinal(_EPOCH_ORDINAL + day)
        if self.days is not None and (local.month, local.day) not in self.days:
            return ()
        return () if self.closed.name(local) else spans


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is open by each of these timetables in each of these zones (IANA names)."""

    timetables: tuple[Timetable, ...]
    zones: tuple[str, ...]

    def is_open(self, second: int) -> bool:
        """May a call be placed at this second?"""
        return any(start <= second < end for start, end in open_spans(self, second // DAY))

    def next_open(self, second: int) -> int | None:
        """The first second from this one on at which a call may be placed; None: not within `HORIZON` days."""
        for day in range(second // DAY, second // DAY + HORIZON):
            for start, end in open_spans(self, day):
                if end > second:
                    return max(start, second)
        return None


def parse_windows(text: Mapping[str, str]) -> Windows:
    """`{"mon-fri": "09:00-20:00", "sat": "10:00-12:00,13:00-14:00"}`; a day that is not named is closed.

    Raises ValueError.
    """
    days: list[tuple[Span, ...]] = [()] * 7
    seen: set[int] = set()
    for names, spans in text.items():
        for day in _days(str(names)):
            if day in seen:
                raise ValueError(f"{WEEKDAYS[day]} is named twice")
            seen.add(day)
            days[day] = _spans(str(spans))
    return tuple(days)


def _days(names: str) -> list[int]:
    found: list[int] = []
    for name in names.lower().replace(" ", "").split(","):
        first, dash, last = ("mon", "-", "sun") if name == "daily" else name.partition("-")
        for one in (first, last) if dash else (first,):
            if one not in WEEKDAYS:
                raise ValueError(f"{names!r} is no day such as mon, mon-fri or sat,sun")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last if dash else first)
        found += [(start + step) % 7 for step in range((end - start) % 7 + 1)]
    return found


def _spans(text: str) -> tuple[Span, ...]:
    if text.strip() in ("", "closed"):
        return ()
    spans = sorted(_span(one.strip()) for one in text.split(","))
    if any(one[1] > other[0] for one, other in pairwise(spans)):
        raise ValueError(f"{text!r}: the times overlap")
    return tuple(spans)


def _span(text: str) -> Span:
    start, _, end = text.partition("-")
    found = _TIME.fullmatch(start.strip()), _TIME.fullmatch(end.strip())
    if found[0] is None or found[1] is None:
        raise ValueError(f"{text!r} are no times such as 09:00-20:00 (quoted, or YAML takes them for numbers)")
    first, last = (int(one[1]) * 3600 + int(one[2]) * 60 for one in found if one is not None)
    if not first < last <= DAY:
        raise ValueError(f"{text!r}: the end is not after the beginning; write two spans to go past midnight")
    return first, last


def written(windows: Windows) -> dict[str, str]:
    """The reverse of `parse_windows`; days in a row with the same times together, closed ones left out."""
    found: dict[str, str] = {}
    day = 0
    while day < 7:
        last = day
        while last < 6 and windows[last + 1] == windows[day]:
            last += 1
        if windows[day]:
            name = WEEKDAYS[day] if day == last else f"{WEEKDAYS[day]}-{WEEKDAYS[last]}"
            found[name] = ",".join(f"{_clock(start)}-{_clock(end)}" for start, end in windows[day])
        day = last + 1
    return found or {"mon-sun": "closed"}


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second % 3600 // 60:02}"


def seconds_of(at: datetime) -> int:
    """An aware datetime -> whole seconds since 1970, rounded down."""
    return (at - _EPOCH) // timedelta(seconds=1)


def at_second(second: int) -> datetime:
    """The reverse (UTC)."""
    return _EPOCH + timedelta(seconds=second)


@lru_cache(maxsize=512)
def zone_of(name: str) -> ZoneInfo | None:
    """The zone of an IANA name; None when this host knows none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


@lru_cache(maxsize=65_536)
def open_spans(calendar: Calendar, day: int) -> Spans:
    """What is open within one day of UTC (counted from 1970), in seconds since 1970. A zone that is not known is
    never open."""
    found: Spans = ((day * DAY, (day + 1) * DAY),)
    for zone in calendar.zones:
        for timetable in calendar.timetables:
            if not found:
                return ()
            found = _both(found, _open_in(timetable, zone, day))
    return found


@lru_cache(maxsize=65_536)
def _open_in(timetable: Timetable, zone: str, day: int) -> Spans:
    found: list[Span] = []
    for start, end, offset in _pieces(zone, day):
        for local in range((start + offset) // DAY, (end - 1 + offset) // DAY + 1):
            midnight = local * DAY - offset
            spans = ((midnight + first, midnight + last) for first, last in timetable.of(local))
            found += [(max(first, start), min(last, end)) for first, last in spans if first < end and last > start]
    return _joined(found)


@lru_cache(maxsize=65_536)
def _pieces(zone: str, day: int) -> tuple[tuple[int, int, int], ...]:
    """One day of UTC as (start, end, offset from UTC), cut where the offset changes."""
    info = zone_of(zone)
    if info is None:
        return ()
    start, end = day * DAY, (day + 1) * DAY
    pieces = []
    while start < end:
        offset, change = _offset(info, start), end
        if _offset(info, end - 1) != offset:
            change = _change(info, start, end - 1)
        pieces.append((start, change, offset))
        start = change
    return tuple(pieces)


def _change(info: ZoneInfo, before: int, after: int) -> int:
    """The first second of another offset."""
    offset = _offset(info, before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(info, middle) == offset else (before, middle)
    return after


def _offset(info: ZoneInfo, second: int) -> int:
    return round((datetime.fromtimestamp(second, info).utcoffset() or timedelta()).total_seconds())


def _joined(spans: list[Span]) -> Spans:
    """In order, those that touch made one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def _both(one: Spans, other: Spans) -> Spans:
    pairs = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple((start, end) for start, end in pairs if start < end)
