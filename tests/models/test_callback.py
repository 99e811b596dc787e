"""Promises: recorded once, folded, kept in time or overdue; what still stands against a requested call."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.callback import Asked, Kind, Matter, Retry, State, after_attempt, calling, folded, may_try, opened
from models.callbacks import Callbacks, Refused, asked_at
from models.policy import Listed, NotListed, Unavailable
from models.requested import is_requested, objections
from models.store import Store
from models.suppression import Entry

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WITHIN = timedelta(hours=8)
NUMBER = 48_600_100_200


def asked(event: str = "one", **changes: object) -> Asked:
    return replace(
        Asked(event, Kind.PROMISE, NUMBER, "600100200", "menu-silence", "pl", 30, NOW, "PJSIP/x-1", "1.1"), **changes
    )


@pytest.fixture
def callbacks(store: Store) -> Callbacks:
    return Callbacks(store)


@given(st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 9999), st.integers(0, 99)), min_size=1, max_size=9))
def test_whatever_comes_in_whatever_order_nothing_is_forgotten(many: list[tuple[Kind, int, int]]) -> None:
    some = [asked(str(n), kind=k, waited=w, at=NOW + timedelta(hours=h)) for n, (k, w, h) in enumerate(many)]
    matter = opened(some[0], WITHIN)
    for one in some[1:]:
        matter = folded(matter, one, WITHIN)
    assert (matter.times, matter.waited) == (len(some), max(one.waited for one in some))
    assert (matter.asked_at, matter.last_at) == (min(o.at for o in some), max(o.at for o in some))
    promised = [one.at for one in some if one.kind is Kind.PROMISE]
    assert matter.kind is (Kind.PROMISE if promised else Kind.FOLLOWUP)
    assert matter.is_overdue(NOW + timedelta(hours=999)) is bool(promised)


def test_the_same_report_twice_is_one_and_the_same_caller_again_is_folded(callbacks: Callbacks) -> None:
    assert callbacks.record(asked(), WITHIN)[0] and not callbacks.record(asked(), WITHIN)[0]
    new, again = callbacks.record(asked("two", waited=90, at=NOW + timedelta(hours=1)), WITHIN)
    (matter,) = callbacks.matters()
    assert new and again == matter
    assert (matter.times, matter.waited, matter.due_at) == (2, 90, NOW + WITHIN)
    assert [row["what"] for row in callbacks.history(matter.id)] == ["asked", "asked"]


def test_numbers_that_cannot_be_read_are_told_apart_by_how_they_are_written(callbacks: Callbacks) -> None:
    for event, written in (("a", "777"), ("b", "778"), ("c", "777")):
        callbacks.record(asked(event, number=0, written=written), WITHIN)
    assert sorted((one.written, one.times) for one in callbacks.matters()) == [("777", 2), ("778", 1)]


def test_claim_release_done_and_what_cannot_be(callbacks: Callbacks) -> None:
    _, matter = callbacks.record(asked(), WITHIN)
    assert matter is not None
    claimed = callbacks.claim(matter.id, "anna", NOW)
    assert isinstance(claimed, Matter) and (claimed.state, claimed.holder) == (State.CLAIMED, "anna")
    assert callbacks.claim(matter.id, "ben", NOW) == Refused("anna has claimed it")
    assert isinstance(callbacks.release(matter.id, "anna", NOW), Matter)
    done = callbacks.finish(matter.id, "ben", "reached", NOW)
    assert isinstance(done, Matter) and done.outcome == "reached"
    assert isinstance(callbacks.claim(matter.id, "anna", NOW), Refused)
    assert callbacks.claim(99, "anna", NOW) == Refused("there is no such callback")
    assert callbacks.matters() == [] and callbacks.matters(done=True) == [done]
    new, fresh = callbacks.record(asked("later"), WITHIN)
    assert new and fresh is not None and fresh.id != matter.id


def test_attempts_have_pauses_and_an_end(callbacks: Callbacks) -> None:
    retry = Retry(2, timedelta(minutes=30))
    _, matter = callbacks.record(asked(), WITHIN)
    assert matter is not None and may_try(matter, NOW, retry)
    begun = callbacks.call(matter.id, NOW, retry)
    assert isinstance(begun, Matter) and isinstance(callbacks.call(matter.id, NOW, retry), Refused)
    tried = callbacks.tried(matter.id, False, "busy", NOW, retry)
    assert isinstance(tried, Matter)
    assert callbacks.to_try(NOW + timedelta(minutes=29), retry, 9) == []
    assert callbacks.to_try(NOW + timedelta(minutes=30), retry, 9) == [tried]
    second = after_attempt(calling(tried, NOW, retry), False, NOW, retry)
    assert not may_try(second, NOW + timedelta(days=9), retry)
    assert after_attempt(tried, True, NOW, retry).state is State.DONE
    for never in (replace(matter, kind=Kind.FOLLOWUP), replace(matter, number=0), replace(matter, state=State.CLAIMED)):
        assert not may_try(never, NOW, retry)


def test_only_an_open_promise_makes_a_call_a_requested_one(callbacks: Callbacks, store: Store, tmp_path: Path) -> None:
    assert asked_at(store.path, NUMBER, NOW) is None
    callbacks.record(asked("f", kind=Kind.FOLLOWUP), WITHIN)
    assert asked_at(store.path, NUMBER, NOW) is None
    _, matter = callbacks.record(asked("p"), WITHIN)
    assert asked_at(store.path, NUMBER, NOW) == NOW and matter is not None
    callbacks.finish(matter.id, "anna", "reached", NOW)
    assert asked_at(store.path, NUMBER, NOW) is None
    assert asked_at(tmp_path / "absent.db", NUMBER, NOW) is None


def entry(source: str, hours: int = -1, **changes: object) -> Entry:
    made = Entry(NUMBER, "", "why", source, NOW + timedelta(hours=hours))
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("known", "left"),
    [
        (Listed((entry("key"),)), NotListed()),
        (Listed((entry("key", 1),)), Listed((entry("key", 1),))),
        (Listed((entry("letter"), entry("key"))), Listed((entry("letter"),))),
        (Unavailable("disk"), Unavailable("disk")),
        (NotListed(), NotListed()),
    ],
)
def test_an_older_key_is_no_objection_and_everything_else_is(known: object, left: object) -> None:
    assert objections(known, NOW) == left  # type: ignore[arg-type]
    assert is_requested("Callback") and not is_requested("")


def test_a_file_that_is_reopened_has_it_all(callbacks: Callbacks, store: Store) -> None:
    callbacks.record(asked(), WITHIN)
    with closing(Store(store.path)) as other:
        assert [one.number for one in Callbacks(other).matters(number=NUMBER)] == [NUMBER]
