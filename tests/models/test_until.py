"""A last day holds everywhere on earth, and is told as it was said."""

from datetime import UTC, date, datetime, timedelta, timezone

from models.until import end_of, told


def test_the_day_is_over_in_the_last_zone_when_the_entry_ends():
    end = end_of(date(2027, 3, 31))
    last = datetime(2027, 3, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-12)))
    assert end is not None and end - last == timedelta(seconds=1)


def test_the_last_day_of_the_calendar_and_no_day_are_for_ever():
    assert end_of(date.max) is None and end_of(None) is None
    assert end_of(date(9999, 12, 30)) == datetime(9999, 12, 31, 12, tzinfo=UTC)


def test_a_day_is_told_as_it_was_said_and_a_moment_with_its_zone():
    assert told(end_of(date(2027, 3, 31))) == "2027-03-31, everywhere on earth"
    moment = datetime(2027, 3, 31, 10, 30, tzinfo=timezone(timedelta(hours=2)))
    assert told(moment) == "2027-03-31 08:30Z"
