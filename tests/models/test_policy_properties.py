"""What holds for every combination of entries, campaigns and moments."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from models.number import Number
from models.policy import Listed, NotListed, Rules, Unavailable, both, may_call
from models.suppression import Entry

PERSON = Number(48601234567)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 3), timezones=st.just(UTC))
scopes = st.sampled_from(["", "spring", "autumn"])
entries = st.builds(
    Entry, st.just(PERSON.e164), scopes, st.just("r"), st.just("s"), moments, st.none() | moments, st.none() | moments
)
lists = st.lists(entries, max_size=6)
rules = st.builds(Rules, st.booleans())
knowledge = st.one_of(
    st.just(NotListed()), st.builds(Unavailable, st.just("x"), st.booleans()), st.builds(Listed, lists.map(tuple))
)


def known(found):
    return Listed(tuple(found)) if found else NotListed()


@given(lists, entries, scopes, moments, rules)
def test_one_more_entry_never_turns_a_refusal_into_a_permission(found, more, campaign, at, chosen):
    before = may_call(PERSON, campaign, known(found), at, chosen)
    after = may_call(PERSON, campaign, known([*found, more]), at, chosen)
    assert before.allowed or not after.allowed


@given(st.data(), lists, scopes, moments)
def test_the_order_of_entries_does_not_matter(data, found, campaign, at):
    shuffled = data.draw(st.permutations(found))
    one, other = (may_call(PERSON, campaign, known(some), at, Rules()) for some in (found, shuffled))
    assert (one.verdict, one.reason) == (other.verdict, other.reason)


@given(lists, scopes, moments)
def test_allowed_means_that_no_entry_in_force_covers_the_call(found, campaign, at):
    stops = any(
        entry.revoked_at is None
        and (entry.expires_at is None or at < entry.expires_at)
        and entry.campaign in ("", campaign)
        for entry in found
    )
    assert may_call(PERSON, campaign, known(found), at, Rules()).allowed == (not stops)


@given(knowledge, knowledge, scopes, moments)
def test_two_readings_of_a_number_are_allowed_only_when_each_is(one, other, campaign, at):
    def allowed(what):
        return may_call(PERSON, campaign, what, at, Rules()).allowed

    assert allowed(both(one, other)) == (allowed(one) and allowed(other))


@given(knowledge, st.text(max_size=70), moments, rules)
def test_any_text_as_campaign_gets_an_answer(what, campaign, at, chosen):
    decision = may_call(PERSON, campaign, what, at, chosen)
    assert decision.allowed or decision.reason.value
