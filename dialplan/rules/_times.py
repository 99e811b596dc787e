"""Times that includes leave over."""

from __future__ import annotations

from dialplan.plan.timing import DAY, Timing

LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
FIRST = ("January", "February", "March", "April", "May", "June")
MONTHS = (*FIRST, "July", "August", "September", "October", "November", "December")
NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def left_over(timings: list[Timing]) -> str:
    """The first stretch of the year that none of the times takes, "" without one, and where zones differ."""
    if len({timing.zone or "" for timing in timings}) > 1:
        return ""
    dates = [(month, day) for month, length in enumerate(LENGTHS) for day in range(length)]
    weeks = {date: _week([one for one in timings if _on(one, *date)]) for date in dates}
    whole = (1 << 7 * DAY) - 1
    missing = [date for date, week in weeks.items() if week != whole]
    if not missing:
        return ""
    minute = next(minute for minute in range(7 * DAY) if not weeks[missing[0]] >> minute & 1)
    weekday, rest = divmod(minute, DAY)
    month, day = missing[0]
    date = "" if len(missing) == len(dates) else f" in {MONTHS[month]}, if it is day {day + 1},"
    return f"on {NAMES[weekday]}{date} at {rest // 60}:{rest % 60:02}, for one,"


def _on(timing: Timing, month: int, day: int) -> bool:
    return bool(timing.months >> month & 1 and timing.days >> day & 1)


def _week(timings: list[Timing]) -> int:
    """The minutes of a week that the times take, from Sunday."""
    week = 0
    for timing in timings:
        for day in range(7):
            week |= timing.minutes << day * DAY if timing.weekdays >> day & 1 else 0
    return week
