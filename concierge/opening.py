"""PURE: are we open? The same hours as the dialplan's `concierge-open`."""

from __future__ import annotations

from datetime import datetime

from concierge.settings import HoursSettings

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_open(hours: HoursSettings, at: datetime) -> bool:
    """`at` by the PBX's own clock. No hours: always."""
    day = f"{at:%Y-%m-%d}"
    if day in hours.holidays or day[5:] in hours.holidays:
        return False
    if not hours.open:
        return True
    now = f"{at:%H:%M}"
    return any(_has_day(days, at.weekday()) and _has_time(times, now) for days, times in hours.open.items())


def _has_day(days: str, weekday: int) -> bool:
    """sat-mon goes over the week's end."""
    if days == "*":
        return True
    first, _, last = days.partition("-")
    begin, end = _DAYS.index(first), _DAYS.index(last or first)
    return begin <= weekday <= end if begin <= end else weekday >= begin or weekday <= end


def _has_time(times: str, now: str) -> bool:
    return any(begin <= now < end for begin, _, end in (one.partition("-") for one in times.split()))
