"""Two witnesses of one press are one event with two pieces of evidence; of two presses each keeps its own time."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.store import Store
from models.suppression import Kind, ListEvent
from models.witness import AMI, DIALPLAN, Known, Report, of_events, record, same_press

AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
PERSON = 48601234567


def report(witness, seconds, *, fraction=True):
    return Report(uuid4(), witness, "pbx|1.7|9", AT + timedelta(seconds=seconds), {"seen": witness}, fraction)


def event(of, number=PERSON, campaign=""):
    return ListEvent(of.report_id, Kind.ADD, number, campaign, of.at, "opt-out by key", "key")


@pytest.fixture
def store(db):
    made = Store(db)
    yield made
    made.close()


@pytest.fixture
def seen(store):
    """Record reports; returns the event of each."""

    def tell(*reports):
        for one in reports:
            record(store, [(event(one), one)])[0]
        with store.reading() as connection:
            ids = [one.event_id for one in store.events(PERSON)]
            return {name: sorted(one["at"] for one in found) for name, found in of_events(connection, ids).items()}

    return tell


@pytest.mark.parametrize("later", [-0.3, 0.0, 0.004, 1.9])
@pytest.mark.parametrize("ami_first", [True, False])
def test_one_press_is_one_event_with_two_pieces_of_evidence(seen, later, ami_first):
    both = [report(AMI, 0), report(DIALPLAN, later)]
    found = seen(*(both if ami_first else reversed(both)))
    assert [len(times) for times in found.values()] == [2]


def test_each_of_two_presses_keeps_its_own_time(seen):
    found = seen(report(AMI, 0), report(DIALPLAN, 0.01), report(AMI, 3), report(DIALPLAN, 3.02))
    assert [[at[17:] for at in times] for times in found.values()] == [
        ["00+00:00", "00.010000+00:00"],
        ["03+00:00", "03.020000+00:00"],
    ]


def test_a_press_that_one_witness_missed_is_not_taken_for_the_next_one(seen):
    """The dialplan does not hear the second key while it confirms the first; the manager interface loses the third."""
    found = seen(report(AMI, 0), report(DIALPLAN, 0.01), report(AMI, 1.2), report(DIALPLAN, 5.0))
    assert [len(times) for times in found.values()] == [2, 1, 1]


def test_the_same_report_again_is_nothing_new(store, seen):
    first, second = report(AMI, 0), report(DIALPLAN, 0.01)
    assert len(seen(first, second, first, second)) == 1
    assert record(store, [(event(second), second)])[0].new is False


def test_witnesses_who_differ_about_the_number_make_an_event_each(store):
    one, other = report(AMI, 0), report(DIALPLAN, 0.01)
    assert record(store, [(event(one), one)])[0].new
    assert record(store, [(event(other, PERSON + 1), other)])[0].new
    assert [len(store.entries(number)) for number in (PERSON, PERSON + 1)] == [1, 1]


def test_a_press_recorded_before_reports_were_kept_gets_the_report(store, seen):
    old = report(DIALPLAN, 0)
    store.record(event(old))
    assert record(store, [(event(old), old)])[0].new is False
    assert len(seen(report(AMI, 0.01))) == 1


def test_a_time_that_is_known_to_the_second_only_still_fits(seen):
    assert len(seen(report(AMI, 0.9), report(DIALPLAN, 0.0, fraction=False))) == 1


@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=8, unique=True),
    st.lists(st.booleans(), min_size=16, max_size=16),
    st.permutations(range(16)),
    st.integers(0, 400),
)
def test_in_whatever_order_reports_come_no_press_is_two_events_and_none_is_lost(presses, missed, order, delay):
    """Presses at least 3 s apart, each missed by at most one witness, the dialplan up to 0.4 s later."""
    reports = []
    for index, press in enumerate(presses):
        kept = (AMI, DIALPLAN) if not missed[index] else ((AMI,) if missed[index + 8] else (DIALPLAN,))
        reports += [(index, report(one, 3 * press + (delay / 1000 if one == DIALPLAN else 0))) for one in kept]
    known, events = [], {}
    for index, one in sorted(reports, key=lambda pair: order[reports.index(pair)]):
        name = same_press(one, known) or one.report_id
        known.append(Known(name, one.witness, one.at))
        events.setdefault(index, set()).add(name)
    assert [len(names) for names in events.values()] == [1] * len(presses)
    assert len(set.union(*events.values())) == len(presses)
