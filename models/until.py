"""PURE: an end that was said as a day. What ends then holds through that day everywhere on earth: until noon of the
next one in UTC, when the day is over in the last zone (UTC-12) too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

_DAY = timedelta(days=1)
_NOON = time(12)


def end_of(day: date | None) -> datetime | None:
    """The moment of the end; None for no day, and for the last one of the calendar: for ever."""
    if day is None or day == date.max:
        return None
    return datetime.combine(day, _NOON, UTC) + _DAY


def told(end: datetime) -> str:
    """For people: the day that was said, else the moment with its zone."""
    end = end.astimezone(UTC)
    if end.time() == _NOON:
        return f"{end - _DAY:%Y-%m-%d}, everywhere on earth"
    return f"{end:%Y-%m-%d %H:%M}Z"
