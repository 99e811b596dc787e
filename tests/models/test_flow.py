"""A caller in a menu never goes round for ever, whatever the dialplan reports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.flow import LONGEST_STATE, Happening, Limits, Step, next_step, read_state, write_state

names = st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True)
few_names = st.sampled_from(["main", "sales", "m" * 40])
happenings = st.sampled_from([one.value for one in Happening])
small = st.integers(0, 5)
limits = st.builds(Limits, small, small, small, small, st.integers(0, 12))
states = st.dictionaries(st.tuples(names, st.sampled_from(Happening)), st.integers(0, 9999), max_size=5)


def walk(steps, chosen, state=""):
    for menu, happening in steps:
        found = next_step(state, menu, happening, chosen)
        state = found.state
        yield menu, happening, found


@given(st.text(), st.text(), st.text(), limits)
def test_any_report_gets_a_step_and_an_unreadable_one_the_operator(state, menu, happening, chosen):
    found = next_step(state, menu, happening, chosen)
    assert found.reason
    assert len(found.state) <= LONGEST_STATE
    if read_state(state) is None:
        assert (found.step, found.reason) == (Step.OPERATOR, "menu-error")


@given(states)
def test_a_state_survives_the_channel_variable(counts):
    assert read_state(write_state(counts)) == counts


@given(st.lists(st.tuples(few_names, happenings), max_size=40), limits)
def test_counts_only_grow(steps, chosen):
    before = {}
    for _menu, _happening, found in walk(steps, chosen):
        after = read_state(found.state)
        assert all(after.get(key, 0) >= count for key, count in before.items())
        before = after


@given(st.lists(st.tuples(few_names | st.just("no menu!"), happenings | st.just("huh")), max_size=60), limits)
def test_a_menu_is_entered_at_most_as_often_as_the_limits_say(steps, chosen):
    entered = [menu for menu, what, found in walk(steps, chosen) if what == "pass" and found.step is Step.GO]
    assert len(entered) <= chosen.total
    assert all(entered.count(menu) <= chosen.passes for menu in entered)


@given(st.lists(st.tuples(names, happenings), max_size=60), limits)
def test_wrong_keys_silences_and_errors_of_the_whole_call_are_limited(steps, chosen):
    gone = [what for _menu, what, found in walk(steps, chosen) if found.step is Step.GO]
    assert gone.count("wrong") <= chosen.wrong
    assert gone.count("silence") <= chosen.silences
    assert gone.count("error") <= chosen.errors


@given(st.lists(st.tuples(few_names, happenings), max_size=40), limits)
def test_once_with_the_operator_the_same_menu_stays_closed(steps, chosen):
    closed = set()
    for menu, what, found in walk(steps, chosen):
        assert (menu, what) not in closed or found.step is Step.OPERATOR
        if found.step is Step.OPERATOR:
            closed.add((menu, what))


def test_a_maze_of_many_menus_ends_at_the_operator_with_a_short_state():
    generous = Limits(9998, 9998, 9998, 9998, 9998)
    found = list(walk([(f"{number:040}", "pass") for number in range(100)], generous))
    steps = [step.step for _, _, step in found]
    assert steps[19] is Step.GO
    assert set(steps[20:]) == {Step.OPERATOR}
    assert {step.reason for _, _, step in found[20:]} == {"menu-total"}
    assert max(len(step.state) for _, _, step in found) <= LONGEST_STATE


@pytest.mark.parametrize(
    ("happening", "goes", "reason"),
    [
        ("pass", 3, "menu-passes"),
        ("wrong", 3, "menu-wrong-keys"),
        ("silence", 2, "menu-silence"),
        ("error", 0, "menu-error"),
    ],
)
def test_with_the_defaults_the_operator_comes_after(happening, goes, reason):
    found = [step for _, _, step in walk([("main", happening)] * 6, Limits())]
    assert [step.step for step in found] == [Step.GO] * goes + [Step.OPERATOR] * (6 - goes)
    assert {step.reason for step in found[goes:]} == {reason}


@pytest.mark.parametrize(
    "state", ["main.pass=1;", "main.pass=99999", "main.pass", "x.y=1", "/", "a.pass=-1", "a.pass=١"]
)
def test_a_state_that_somebody_has_changed_leads_to_the_operator(state):
    assert next_step(state, "main", "pass", Limits()).step is Step.OPERATOR


@pytest.mark.parametrize(
    ("menu", "happening"), [("no menu!", "pass"), ("", "pass"), ("main", "huh"), ("m" * 41, "pass")]
)
def test_a_report_that_cannot_be_read_does_not_forget_the_counts(menu, happening):
    found = next_step("main.pass=3", menu, happening, Limits())
    assert (found.step, found.reason, found.state) == (Step.OPERATOR, "menu-error", "main.pass=3")
    assert next_step(found.state, "main", "pass", Limits()).step is Step.OPERATOR
