"""Caps: what counts, in which window, and when there is room again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.caps import Call, Cap, Contact, State, cap_of, counted, in_window, period, room_at

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
N = 48601234567
CALL = Call(N, "spring", "cards", "high", "p17", "d9", ("Europe/Warsaw",))
EARLIER = Contact("a", N, NOW - timedelta(hours=1), "spring", "cards", "high", "p17", "d9")
hours = st.integers(0, 24 * 40).map(lambda count: NOW - timedelta(hours=count))


def counts(cap, *contacts, at=NOW, call=CALL):
    return len(counted(cap, call, contacts, at))


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        ("attempt", set(State) - {State.RELEASED}),
        ("conversation", {State.RESERVED, State.DIALLING, State.CONVERSATION}),
        ("abandoned", {State.RESERVED, State.DIALLING, State.ABANDONED}),
    ],
)
def test_a_kind_counts_what_became_so_and_what_still_may(kind, states):
    found = {state for state in State if counts(Cap(kind=kind), replace(EARLIER, state=state))}
    assert found == states


@pytest.mark.parametrize(
    ("scope", "change", "count"),
    [
        ("campaign", {}, 1),
        ("campaign", {"campaign": "SPRING"}, 1),
        ("campaign", {"campaign": "autumn"}, 0),
        ("product", {"campaign": "autumn"}, 1),
        ("product", {"product": "loans"}, 0),
        ("value", {"campaign": "autumn", "product": "loans"}, 1),
        ("value", {"value": "low"}, 0),
        ("all", {"campaign": "autumn", "product": "loans", "value": "low"}, 1),
        ("others", {}, 0),
        ("others", {"campaign": "autumn"}, 1),
    ],
)
def test_a_scope_says_whose_contacts_count(scope, change, count):
    assert counts(Cap(scope=scope), replace(EARLIER, **change)) == count


@pytest.mark.parametrize(
    ("key", "change", "count"),
    [
        ("number", {"person": "", "matter": ""}, 1),
        ("number", {"number": 1}, 0),
        ("person", {"number": 1}, 1),
        ("person", {"person": "p18"}, 0),
        ("matter", {"number": 1, "person": ""}, 1),
        ("matter", {"matter": ""}, 0),
    ],
)
def test_a_key_says_what_they_have_in_common(key, change, count):
    assert counts(Cap(key=key), replace(EARLIER, **change)) == count


def test_who_is_not_known_is_not_counted_as_one_person():
    assert counts(Cap(key="person"), replace(EARLIER, person=""), call=replace(CALL, person="")) == 0


def test_excluded_campaigns_do_not_count():
    assert counts(Cap(scope="all", exclude=("spring",)), EARLIER) == 0


def test_a_reservation_that_is_over_counts_for_nothing():
    reserved = replace(EARLIER, state=State.RESERVED, expires_at=NOW)
    assert counts(Cap(), reserved, at=NOW - timedelta(seconds=1)) == 1
    assert counts(Cap(), reserved, at=NOW) == 0
    assert counts(Cap(), replace(reserved, state=State.DIALLING)) == 1


def test_a_rolling_window_ends_to_the_microsecond():
    day, cap = timedelta(hours=24), Cap(window="24h", limit=1)
    assert in_window(cap, [NOW - day], NOW, ()) == 0
    assert in_window(cap, [NOW - day + timedelta(microseconds=1)], NOW, ()) == 1
    assert room_at(cap, [NOW - timedelta(hours=1)], NOW, ()) == NOW + timedelta(hours=23)


def test_three_in_a_day_wait_for_the_first_of_them():
    times = [NOW - timedelta(hours=count) for count in (20, 5, 1)]
    assert room_at(Cap(window="24h", limit=3), times, NOW, ()) == NOW + timedelta(hours=4)
    assert room_at(Cap(window="24h", limit=4), times, NOW, ()) == NOW
    assert room_at(Cap(window="24h", limit=1), times, NOW, ()) == NOW + timedelta(hours=23)


@pytest.mark.parametrize(
    ("window", "begins", "ends"),
    [
        ("day", "2026-10-24T22:00", "2026-10-25T23:00"),  # 25 hours in Warsaw
        ("week", "2026-10-18T22:00", "2026-10-25T23:00"),
        ("month", "2026-09-30T22:00", "2026-10-31T23:00"),
        ("year", "2025-12-31T23:00", "2026-12-31T23:00"),
    ],
)
def test_a_calendar_period_is_the_called_persons(window, begins, ends):
    found = period(window, datetime(2026, 10, 25, 12, tzinfo=UTC), "Europe/Warsaw")
    assert [f"{one:%Y-%m-%dT%H:%M}" for one in found] == [begins, ends]


def test_where_a_number_has_several_zones_the_day_is_over_when_it_is_over_everywhere():
    times = [datetime(2026, 11, 23, 6, tzinfo=UTC)]  # Monday in New York, Sunday evening in Honolulu
    zones = ("America/New_York", "Pacific/Honolulu")
    assert in_window(Cap(window="day"), times, NOW, zones) == 1
    free = room_at(Cap(window="day", limit=1), [NOW], NOW, zones)
    assert free == datetime(2026, 11, 24, 10, tzinfo=UTC)  # midnight in Honolulu


@given(st.lists(hours, max_size=12), st.integers(1, 4), st.sampled_from(["1h", "24h", "7d", "day", "week", "month"]))
def test_there_is_room_then_and_not_before(times, limit, window):
    cap, zones = Cap(window=window, limit=limit), ("Europe/Warsaw", "America/New_York")
    free = room_at(cap, times, NOW, zones)
    assert free >= NOW
    assert in_window(cap, times, free, zones) < limit
    before = free - timedelta(seconds=1)
    if before > NOW:
        assert in_window(cap, times, before, zones) >= limit


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ({"key": "name"}, "key"),
        ({"kind": "call"}, "kind"),
        ({"scope": "world"}, "scope"),
        ({"window": "fortnight"}, "window"),
        ({"window": "0h"}, "window"),
        ({"limit": 0}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": "3"}, "limit"),
        ({"limit": 2, "share": 3}, "share"),
        ({"periode": "24h"}, "unknown key"),
    ],
)
def test_a_mistake_is_named(raw, why):
    with pytest.raises(ValueError, match=why):
        cap_of(raw)
