"""Events add up to an entry: pure rules."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.suppression import ALL, Kind, ListEvent, fold, is_campaign_name
from models.tables import from_micros, to_micros

START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 20).map(lambda day: START + timedelta(days=day))


@st.composite
def events(draw):
    kind = draw(st.sampled_from(Kind))
    until = draw(st.none() | moments) if kind is Kind.ADD else None
    return ListEvent(
        UUID(int=draw(st.integers(0, 2**128 - 1))), kind, 48601234567, ALL, draw(moments), "r", "s", "", until
    )


def add(day, until=None):
    end = None if until is None else START + timedelta(days=until)
    return ListEvent(UUID(int=day), Kind.ADD, 1, ALL, START + timedelta(days=day), f"on day {day}", "s", "", end)


def remove(day):
    return ListEvent(UUID(int=day), Kind.REMOVE, 1, ALL, START + timedelta(days=day), "r", "s")


def holds(entry, day):
    return entry is not None and entry.holds(START + timedelta(days=day))


def test_a_removal_of_what_was_never_listed_changes_nothing():
    assert fold([remove(1)]) is None


def test_a_second_listing_never_shortens_the_first():
    assert fold([add(1), add(2, until=3)]).expires_at is None
    assert fold([add(1, until=9), add(2, until=3)]).expires_at == START + timedelta(days=9)
    assert fold([add(1, until=3), add(2, until=9)]).expires_at == START + timedelta(days=9)
    assert fold([add(1, until=3), add(2)]).expires_at is None


def test_a_listing_after_the_end_begins_anew():
    again = fold([add(1, until=3), add(5, until=8)])
    assert (again.created_at, again.reason) == (START + timedelta(days=5), "on day 5")
    assert holds(again, 7)
    assert not holds(again, 8)


def test_a_listing_whose_end_is_over_takes_nothing_back():
    """Clocks differ: another host may report at 12 that a number is listed until 9."""
    entry = fold([add(1, until=10), add(12, until=9)])
    assert holds(entry, 9)
    assert not holds(entry, 10)


def test_a_listing_after_a_removal_holds_again_even_when_it_was_reported_late():
    assert holds(fold([add(1), remove(5), add(6)]), 7)
    assert holds(fold([add(1), remove(5), add(4)]), 7)


def test_a_removal_keeps_the_time_of_the_first_removal():
    assert fold([add(1), remove(3), remove(6)]).revoked_at == START + timedelta(days=3)


@given(st.lists(events(), max_size=12))
def test_after_a_listing_the_number_is_listed_until_its_end_whatever_was_before(before):
    last = add(10, until=15)
    assert holds(fold([*before, last]), 10)
    assert holds(fold([*before, last]), 14)


@given(st.lists(events(), max_size=12), events(), st.integers(-1, 25))
def test_a_listing_never_frees_a_number_at_any_moment(before, event, day):
    if event.kind is Kind.ADD:
        assert holds(fold([*before, event]), day) or not holds(fold(before), day)


@given(st.lists(events(), max_size=12))
def test_a_removal_frees_the_number_whatever_was_before(before):
    assert not any(holds(fold([*before, remove(10)]), day) for day in range(25))


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_survives_the_store_to_the_microsecond(at):
    assert from_micros(to_micros(at)) == at


@pytest.mark.parametrize("name", ["a", "Spring-2026_v1.2", "0", "x" * 64])
def test_these_are_campaign_names(name):
    assert is_campaign_name(name)


@pytest.mark.parametrize("name", ["", " ", ".a", "a b", "x" * 65, "a\n", "a/b", "a!b", "ą", "a&b"])
def test_these_are_no_campaign_names(name):
    assert not is_campaign_name(name)
