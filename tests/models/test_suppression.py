"""Events add up to an entry: pure rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.suppression import ALL, Kind, ListEvent, is_campaign_name, taking_back
from models.suppression import fold as fold_given
from models.tables import from_micros, to_micros

START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 20).map(lambda day: START + timedelta(days=day))


def recorded(events):
    """As one host records them, one after the other: a removal takes back what is known there."""
    known = []
    for event in events:
        known.append(taking_back(event, known))
    return known


def fold(events):
    return fold_given(recorded(events))


@st.composite
def events(draw):
    kind = draw(st.sampled_from(Kind))
    until = draw(st.none() | moments) if kind is Kind.ADD else None
    return ListEvent(UUID(int=draw(st.integers(1000, 2**128 - 1))), kind, 1, ALL, draw(moments), "r", "s", "", until)


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
    if event.kind is Kind.ADD and event.event_id not in {one.event_id for one in before}:
        assert holds(fold([*before, event]), day) or not holds(fold(before), day)


@given(st.lists(events(), max_size=12))
def test_a_removal_frees_the_number_whatever_was_before(before):
    assert not any(holds(fold([*before, remove(10)]), day) for day in range(25))


@given(st.data(), st.lists(events(), max_size=12, unique_by=lambda event: event.event_id))
def test_the_order_in_which_events_arrive_at_another_site_does_not_matter(data, happened):
    there = recorded(happened)
    arrived = data.draw(st.permutations(there))
    assert fold_given(arrived) == fold_given(there) == fold_given([*arrived, *there])


def test_an_opt_out_that_a_removal_elsewhere_did_not_know_stays_whatever_the_clocks_say():
    """One site takes back what it knows, on day 9; meanwhile another site, whose clock is behind, records day 5."""
    here = recorded([add(1), remove(9)])
    entry = fold_given([*here, add(5)])
    assert holds(entry, 10)
    assert entry == fold_given([add(5), *here])


def test_an_import_that_is_undone_takes_its_listings_with_it_and_no_others():
    of_import = replace(add(2), batch="b")
    undone = {"b": START + timedelta(days=7)}
    assert holds(fold_given([of_import]), 3)
    gone = fold_given([of_import], undone)
    assert (gone.revoked_at, gone.reason) == (undone["b"], "on day 2")
    assert fold_given([add(1), of_import, add(3)], undone) == fold_given([add(1), add(3)])


def test_a_removal_takes_back_nothing_of_another_key():
    other = replace(add(2), campaign="spring")
    known = [add(1), other, replace(add(3), last=9), replace(add(4), allow=True)]
    assert taking_back(remove(5), known).removes == (add(1).event_id,)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_survives_the_store_to_the_microsecond(at):
    assert from_micros(to_micros(at)) == at


@pytest.mark.parametrize("name", ["a", "Spring-2026_v1.2", "0", "x" * 64])
def test_these_are_campaign_names(name):
    assert is_campaign_name(name)


@pytest.mark.parametrize("name", ["", " ", ".a", "a b", "x" * 65, "a\n", "a/b", "a!b", "ą", "a&b"])
def test_these_are_no_campaign_names(name):
    assert not is_campaign_name(name)
