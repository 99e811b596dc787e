"""Times of includes (main/pbx_timing.c)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dialplan.plan.timing import parse

SUNDAY = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("*,*,*,*", True),
        ("9:30", True),
        ("9:31", False),
        ("9:00-9:30|sun|1|feb", True),
        ("09:00-09:29", False),
        ("22:00-9:30", True),
        ("22:00-9:29", False),
        ("8:00&9:30&10:00", True),
        ("*,mon-fri", False),
        ("*,fri-mon", True),
        ("*,1", True),
        ("*,SUN&tue", True),
        ("*,*,28-2", True),
        ("*,*,2-28", False),
        ("*,*,*,12-3", True),
        ("*,*,*,mar-jan", False),
        (",,,", True),
        ("25:00", False),
        ("9:00- 10:00", True),
    ],
)
def test_a_sunday_morning(text: str, holds: bool) -> None:
    assert parse(text).holds(SUNDAY) is holds


def test_the_includes_own_zone() -> None:
    assert parse("*,*,*,*,America/New_York").zone == "America/New_York"
    timing = parse("4:30,*,*,*,America/New_York")
    assert timing.holds(SUNDAY)
    assert timing.holds(SUNDAY.astimezone(ZoneInfo("Asia/Tokyo")))
    assert parse("9:30,*,*,*,No/Where").holds(SUNDAY)
    assert timing.holds(SUNDAY.replace(tzinfo=None)) is False


@pytest.mark.parametrize(
    "text",
    ["24:00", "9", "9:60", "9:00-", "x-9:00", "*,xyz", "*,8", "*,*,32", "*,*,0", "*,*,*,13", "*,mon-x"],
)
def test_what_asterisk_skips_is_named(text: str) -> None:
    assert len(parse(text).problems) == 1
