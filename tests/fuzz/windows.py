"""Calling hours beside a clock that knows nothing of spans: each quarter of an hour of a year, zone by zone.

    python tests/fuzz/windows.py [--zones 400] [--year 2026]

The clock asks the local time of each moment by itself and looks at weekday, holiday and minute; the next permitted
moment is the first open quarter after it. Prints one line of figures; exit code 1 when anything differs.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from models.feasts import Feasts
from models.hours import Calendar, Timetable, parse_windows

QUARTER = 900
HOURS = (
    {"mon-fri": "09:00-20:00", "sat": "10:00-14:00"},
    {"daily": "08:00-21:00"},
    {"mon-sat": "00:00-03:30,12:00-24:00", "sun": "01:45-02:15"},
    {"sat-mon": "02:00-03:00", "wed": "22:15-24:00", "thu": "00:00-00:45"},
)
_CLOSED = (None, Feasts("PL"), Feasts("US", regional=True))


def clock(hours: dict[str, str], closed: Feasts | None, at: datetime) -> bool:
    """By the local time alone."""
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    if closed is not None and closed.name(at.date()):
        return False
    minute = f"{at:%H:%M}"
    for days, spans in hours.items():
        first, _, last = ("mon-sun" if days == "daily" else days).partition("-")
        start, end = names.index(first), names.index(last or first)
        inside = start <= at.weekday() <= end if start <= end else at.weekday() >= start or at.weekday() <= end
        if inside and any(a <= minute < b for a, b in (one.split("-") for one in spans.split(","))):
            return True
    return False


def compare(zone: str, hours: dict[str, str], closed: Feasts | None, year: int) -> tuple[int, int]:
    """Moments compared, and how many differ."""
    info = zoneinfo.ZoneInfo(zone)
    calendar = Calendar(
        (Timetable(parse_windows(hours), closed) if closed else Timetable(parse_windows(hours)),), (zone,)
    )
    start = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(year + 1, 1, 1, tzinfo=UTC).timestamp())
    seconds = range(start, end, QUARTER)
    want = [clock(hours, closed, datetime.fromtimestamp(second, info)) for second in seconds]
    wrong = sum(calendar.is_open(second) is not open_ for second, open_ in zip(seconds, want, strict=True))
    following: int | None = None
    for second, open_ in zip(reversed(seconds), reversed(want), strict=True):
        following = second if open_ else following
        if following is not None:
            wrong += calendar.next_open(second) != following
    return len(seconds), wrong


def changes(zone: str, year: int) -> int:
    """Days of the year on which the offset changes."""
    info = zoneinfo.ZoneInfo(zone)
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=one) for one in range(366)]
    return sum(a.astimezone(info).utcoffset() != b.astimezone(info).utcoffset() for a, b in pairwise(days))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--zones", type=int, default=400)
    parser.add_argument("--year", type=int, default=date.today().year)
    args = parser.parse_args()
    names = sorted(zoneinfo.available_timezones())
    chosen = random.Random(48).sample(names, min(args.zones, len(names)))
    started, moments, wrong, nights = time.monotonic(), 0, 0, 0
    for number, zone in enumerate(chosen):
        found = compare(zone, HOURS[number % 4], _CLOSED[number % 3], args.year)
        moments, wrong, nights = moments + found[0], wrong + found[1], nights + changes(zone, args.year)
        if found[1]:
            print(f"{zone}: {found[1]} wrong", flush=True)
    took = time.monotonic() - started
    print(f"{len(chosen)} zones, {moments} moments, {nights} changes of the clock, {wrong} wrong, {took:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
