"""The hours that includes with times tell apart: in each of them the same includes are in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from dialplan.plan.model import Plan
from dialplan.plan.timing import DAY, Timing, parse

MOST = 12
"""More hours than this are not told apart."""
WEEK = 7 * DAY
LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
YEAR = 2026


class Hours:
    """`moments`: one for each of the hours, by its text in ISO 8601; none where nothing depends on them.

    `specs`: the times that a moment decides for all of its hours; `too_many`: they were not told apart.
    """

    def __init__(self, plan: Plan, asked: Iterable[str] = ()) -> None:
        """`asked`: times of conditions, told apart too unless that makes too many."""
        included = {one.timing for context in plan.contexts.values() for one in context.includes if one.timing}
        self.moments: dict[str, datetime] = {}
        self.specs: frozenset[str] = frozenset()
        self.too_many = False
        if not included:
            return
        for specs in (included | set(asked), included):
            timings = [parse(spec) for spec in sorted(specs)]
            moments = list(_moments(timings)) if len({one.zone or "" for one in timings}) == 1 else []
            if 0 < len(moments) <= MOST:
                self.specs = frozenset(specs)
                self.moments = {f"{one:%Y-%m-%dT%H:%M}": one for one in moments}
                return
        self.too_many = True

    def same(self, text: str, moment: datetime) -> bool:
        """Is this moment one of the hours that are named so?"""
        named = self.moments.get(text)
        return named is not None and all(holds(spec, named) is holds(spec, moment) for spec in self.specs)


def holds(spec: str, moment: datetime) -> bool | None:
    """Is it that time (`9:00-17:00,mon-fri,*,*`)? None for a computed one, and for one of another zone."""
    timing = None if "$" in spec else parse(spec)
    return None if timing is None or timing.zone else timing.holds(moment)


def _moments(timings: list[Timing]) -> Iterator[datetime]:
    """A moment for each combination of times that can hold together, the earliest of the week first."""
    seen: set[tuple[bool, ...]] = set()
    days: dict[tuple[bool, ...], list[tuple[int, int]]] = {}
    for month, length in enumerate(LENGTHS):
        for day in range(length):
            on = tuple(bool(one.months >> month & 1 and one.days >> day & 1) for one in timings)
            days.setdefault(on, []).append((month + 1, day + 1))
    for on, dates in days.items():
        for holds, minute in _of_a_week(timings, on):
            if holds not in seen:
                seen.add(holds)
                yield _moment(dates, minute)


def _of_a_week(timings: list[Timing], on: tuple[bool, ...]) -> Iterator[tuple[tuple[bool, ...], int]]:
    """For each combination of times in a week of such days: which hold, and its first minute from Sunday."""
    parts: list[tuple[tuple[bool, ...], int]] = [((), (1 << WEEK) - 1)]
    for one, today in zip(timings, on, strict=True):
        taken = _week(one) if today else 0
        parts = [
            ((*holds, inside), rest)
            for holds, minutes in parts
            for inside in (True, False)
            if (rest := minutes & taken if inside else minutes & ~taken)
        ]
    for holds, minutes in parts:
        yield holds, (minutes & -minutes).bit_length() - 1


def _week(timing: Timing) -> int:
    return sum(timing.minutes << day * DAY for day in range(7) if timing.weekdays >> day & 1)


def _moment(dates: list[tuple[int, int]], minute: int) -> datetime:
    """The first of the dates, from YEAR on, that falls on the weekday."""
    weekday, rest = divmod(minute, DAY)
    days = (
        date(year, month, day)
        for year in range(YEAR, YEAR + 40)
        for month, day in dates
        if (month, day) != (2, 29) or not year % 4
    )
    found = next(day for day in days if day.isoweekday() % 7 == weekday)
    return datetime(found.year, found.month, found.day, rest // 60, rest % 60)
