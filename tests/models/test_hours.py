"""Calling hours: the called person's clock, both nights of daylight saving time, several zones, holidays."""

import importlib.util
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.feasts import Feasts, subdivisions
from models.hours import ALWAYS, DAY, Calendar, Timetable, at_second, parse_windows, seconds_of, written

OFFICE = parse_windows({"mon-fri": "09:00-20:00", "sat": "10:00-14:00"})
WARSAW = ("Europe/Warsaw",)


def at(text: str) -> int:
    return seconds_of(datetime.fromisoformat(text))


def next_of(calendar: Calendar, text: str) -> str | None:
    found = calendar.next_open(at(text))
    return None if found is None else at_second(found).isoformat()


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T08:59:59+01:00", False),
        ("2026-11-23T09:00:00+01:00", True),
        ("2026-11-23T19:59:59+01:00", True),
        ("2026-11-23T20:00:00+01:00", False),
        ("2026-11-28T10:00:00+01:00", True),  # Saturday
        ("2026-11-28T14:00:00+01:00", False),
        ("2026-11-29T12:00:00+01:00", False),  # Sunday
    ],
)
def test_a_window_begins_with_its_first_second_and_ends_before_its_last(moment, is_open):
    assert Calendar((Timetable(OFFICE),), WARSAW).is_open(at(moment)) is is_open


def test_the_next_moment_is_over_a_week_end_and_over_a_holiday():
    plain = Calendar((Timetable(OFFICE),), WARSAW)
    assert next_of(plain, "2026-11-28T15:00:00+01:00") == "2026-11-30T08:00:00+00:00"
    feasts = Calendar((Timetable(OFFICE, Feasts("PL")),), WARSAW)
    assert Feasts("PL").name(date(2026, 11, 11)) == "National Independence Day"
    assert next_of(feasts, "2026-11-10T21:00:00+01:00") == "2026-11-12T08:00:00+00:00"


def test_the_night_that_has_an_hour_twice_and_the_one_that_lacks_it():
    """Poland 2026: 25 October 03:00 -> 02:00, 29 March 02:00 -> 03:00."""
    night = Calendar((Timetable(parse_windows({"daily": "01:30-02:30"})),), WARSAW)
    opens = [minute for minute in range(300) if night.is_open(at("2026-10-25T00:00:00+02:00") + 60 * minute)]
    assert opens == [*range(90, 150), *range(180, 210)]  # 01:30-02:30, and 02:00-02:30 once more
    opens = [minute for minute in range(300) if night.is_open(at("2026-03-29T00:00:00+01:00") + 60 * minute)]
    assert opens == [*range(90, 120)]
    lost = Calendar((Timetable(parse_windows({"daily": "02:15-03:15"})),), WARSAW)
    assert next_of(lost, "2026-03-29T00:00:00+01:00") == "2026-03-29T01:00:00+00:00"  # 02:15 is not, 03:00 is


def test_of_several_zones_only_what_is_open_in_each_counts():
    day = Timetable(parse_windows({"daily": "08:00-21:00"}))
    both = Calendar((day,), ("America/New_York", "Pacific/Honolulu"))
    spans = [hour for hour in range(24) if both.is_open(at("2026-11-23T00:00:00+00:00") + 3600 * hour)]
    assert spans == [0, 1, 18, 19, 20, 21, 22, 23]  # 08:00 in Honolulu is 18:00 UTC, 21:00 in New York 02:00
    far = Calendar((day,), ("Pacific/Auckland", "Atlantic/Reykjavik"))
    assert next_of(far, "2026-11-23T12:00:00+00:00") == "2026-11-23T19:00:00+00:00"


def test_windows_that_no_zone_shares_never_open():
    narrow = Timetable(parse_windows({"daily": "09:00-10:00"}))
    assert Calendar((narrow,), ("Europe/Warsaw", "America/New_York")).next_open(at("2026-11-23T12:00:00+00:00")) is None
    assert Calendar((Timetable(),), ("No/Where",)).next_open(0) is None
    assert not Calendar((Timetable(),), ("No/Where",)).is_open(0)


def test_greetings_go_out_on_their_days_only():
    birthday = Timetable(parse_windows({"daily": "10:00-18:00"}), days=frozenset({(5, 17), (1, 1)}))
    calendar = Calendar((birthday,), WARSAW)
    assert next_of(calendar, "2026-05-17T18:00:00+02:00") == "2027-01-01T09:00:00+00:00"
    assert not calendar.is_open(at("2026-05-18T12:00:00+02:00"))


def test_a_holiday_of_any_region_counts_where_the_region_is_not_known():
    repentance = date(2026, 11, 18)  # Saxony alone
    assert Feasts("DE").name(repentance) == ""
    assert Feasts("DE", "BY", regional=True).name(repentance) == ""
    assert Feasts("DE", "SN", regional=True).name(repentance)
    assert Feasts("DE", regional=True).name(repentance).endswith("(SN)")
    assert "SN" in subdivisions("DE")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ({"monday": "09:00-10:00"}, "no day"),
        ({"mon": "9:00-10:00"}, "no times"),
        ({"mon": "10:00-09:00"}, "past midnight"),
        ({"mon": "09:00-24:01"}, "past midnight|not after"),
        ({"mon": "09:00-12:00,11:00-13:00"}, "overlap"),
        ({"mon-fri": "09:00-10:00", "tue": "09:00-10:00"}, "twice"),
        ({"mon": "540-600"}, "no times"),
    ],
)
def test_a_mistake_in_the_windows_is_named(text, why):
    with pytest.raises(ValueError, match=why):
        parse_windows(text)


@given(
    st.lists(st.lists(st.integers(0, 288), max_size=4, unique=True).map(sorted), min_size=7, max_size=7).map(
        lambda days: tuple(tuple((a * 300, b * 300) for a, b in zip(day[::2], day[1::2], strict=False)) for day in days)
    )
)
def test_windows_are_written_as_they_are_read(windows):
    assert parse_windows(written(windows)) == windows


@given(st.integers(0, 2**31), st.integers(0, DAY))
def test_the_next_moment_is_open_and_nothing_before_it_is(second, ahead):
    calendar = Calendar((Timetable(OFFICE, Feasts("US", regional=True)),), ("America/New_York", "America/Chicago"))
    found = calendar.next_open(second)
    assert found is not None
    assert calendar.is_open(found)
    assert found == second or not calendar.is_open(second)
    assert not any(calendar.is_open(second + one) for one in range(0, min(found - second, ahead), 60))


def test_a_share_of_the_brute_force_clock(monkeypatch):
    """All quarters of a year in three zones of odd habits; tests/fuzz/windows.py does 400 zones."""
    path = Path(__file__).parents[1] / "fuzz/windows.py"
    spec = importlib.util.spec_from_file_location("fuzz_windows", path)
    windows = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(windows)
    for number, zone in enumerate(("Australia/Lord_Howe", "Africa/Cairo", "America/Santiago")):
        assert windows.compare(zone, windows.HOURS[number + 1], windows._CLOSED[number], 2026) == (35_040, 0), zone
        assert windows.changes(zone, 2026) == 2


def test_always_is_always():
    assert Calendar((Timetable(ALWAYS),), WARSAW).next_open(12_345) == 12_345
    assert at_second(0) == datetime(1970, 1, 1, tzinfo=UTC)
