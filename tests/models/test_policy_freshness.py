"""A list that has not heard of the other sites for too long."""

import pytest

from models.contact import Question
from models.gate import Judge
from models.number import NotANumber, Number, Site, Why
from models.policy import Listed, NotListed, Reason, Registered, RegistryState, Rules, Unavailable, may_call
from models.suppression import fold

PERSON = Number(48601234567)
WHY = "no contact for 20 minutes"
WARN = Rules(refuse_stale_list=False)
GONE = Registered("r", RegistryState.UNAVAILABLE, "it is gone")


def decide(known, make, rules=Rules(), who=PERSON, registered=()):  # noqa: B008 - immutable
    return may_call(who, "", known, make.NOW, rules, registered, WHY)


def test_it_stops_a_call_that_it_would_have_allowed_and_says_why(make):
    decision = decide(NotListed(), make)
    assert (decision.allowed, decision.reason, decision.detail) == (False, Reason.LIST_STALE, WHY)


def test_it_warns_where_that_is_set(make):
    decision = decide(NotListed(), make, WARN)
    assert (decision.allowed, decision.reason, decision.detail) == (True, Reason.NOT_LISTED, WHY)
    assert decide(NotListed(), make, WARN, registered=[GONE]).reason is Reason.REGISTRY_UNAVAILABLE


def test_what_it_knows_comes_first_and_an_emergency_is_never_stopped(make):
    entry = fold([make.event()])
    assert decide(Listed((entry,)), make).reason is Reason.LISTED
    assert decide(Unavailable("x"), make).reason is Reason.LIST_UNAVAILABLE
    for why in (Why.EMERGENCY, Why.SHORT_CODE, Why.INTERNAL):
        assert decide(NotListed(), make, who=NotANumber(why, "")).allowed


@pytest.mark.parametrize(("why", "reason"), [(WHY, Reason.LIST_STALE), ("", Reason.NOT_LISTED)])
def test_the_judge_asks_how_old_the_list_is(reader, make, why, reason):
    class Freshness:
        def stale(self):
            return why

    judge = Judge(reader, Site(country="PL"), clock=lambda: make.NOW, freshness=Freshness())
    assert judge.answer(Question("+48601234567")).decision.reason is reason
