"""What national registries add to a decision."""

from dataclasses import replace

import pytest

from models.contact import Question
from models.gate import Judge
from models.number import NotANumber, Number, Site, Why
from models.policy import NotListed, Reason, Registered, RegistryState, Rules, Unavailable, may_call

PERSON = Number(48601234567)
SAYS = {state: Registered("r", state, f"says {state.value}") for state in RegistryState}
LISTED, GONE, STALE = SAYS.values()


def decide(*registered, make, rules=Rules(), known=NotListed(), who=PERSON):  # noqa: B008 - immutable
    return may_call(who, "", known, make.NOW, rules, registered)


@pytest.mark.parametrize("one", SAYS.values(), ids=lambda one: one.state.value)
def test_each_stops_the_call_and_says_why(make, one):
    decision = decide(one, make=make)
    assert (decision.allowed, decision.reason.value, decision.detail) == (False, one.state.value, one.detail)


def test_the_strongest_reason_is_told(make):
    assert decide(STALE, LISTED, GONE, make=make).reason is Reason.LISTED_IN_REGISTRY
    assert decide(STALE, GONE, make=make).reason is Reason.REGISTRY_UNAVAILABLE


def test_an_old_registry_only_warns_where_that_is_set(make):
    rules = Rules(refuse_stale=False)
    decision = decide(STALE, make=make, rules=rules)
    assert (decision.allowed, decision.detail) == (True, STALE.detail)
    assert not decide(STALE, LISTED, make=make, rules=rules).allowed
    assert not decide(STALE, GONE, make=make, rules=rules).allowed


def test_the_own_list_comes_first_and_an_emergency_is_never_stopped(make):
    assert decide(LISTED, make=make, known=Unavailable("x")).reason is Reason.LIST_UNAVAILABLE
    emergency = NotANumber(Why.EMERGENCY, "")
    assert decide(*SAYS.values(), make=make, who=emergency).allowed


def test_the_judge_asks_about_every_reading_of_a_text(reader, make):
    asked = []

    class Registries:
        def look_up(self, number, at):
            asked.append(number)
            return [LISTED] if len(asked) == 2 else []

    judge = Judge(reader, Site(country="DE", outside_line="0"), clock=lambda: make.NOW, registries=Registries())
    answer = judge.answer(Question("0049221234567"))
    assert asked == [answer.destination.e164, *answer.destination.also]
    assert len(asked) == 2
    assert answer.decision.reason is Reason.LISTED_IN_REGISTRY
    assert replace(judge, registries=None).answer(Question("0049221234567")).decision.allowed
