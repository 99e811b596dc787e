"""What an agent should know before the call."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from models.campaign import Campaign
from models.caps import Contact, State
from models.consent import Act, ConsentEvent
from models.contact import History
from models.past import Past, past_of, told
from models.rules import Case, Lead

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
N = 48601234567
DAY = timedelta(days=1)


def contact(days, state=State.ATTEMPT, outcome="", campaign="spring"):
    return Contact(f"{days}", N, NOW - days * DAY, campaign, state=state, outcome=outcome)


def past(*contacts, lead=Lead()):  # noqa: B008
    return past_of(Case("spring", Campaign("spring"), N, contacts=contacts, lead=lead), NOW)


def test_the_last_contact_and_how_it_ended():
    found = past(contact(3, State.CONVERSATION, campaign="autumn"), contact(40), contact(5))
    assert (found.last_at, found.last_campaign) == (NOW - 3 * DAY, "autumn")
    assert (found.last_outcome, found.within_30_days) == ("conversation", 2)


def test_what_was_not_placed_and_what_comes_later_is_none():
    later = replace(contact(0), at=NOW)
    assert past(contact(1, State.RELEASED), contact(1, State.RESERVED), later) == Past()
    assert past(replace(contact(1), number=1)) == Past()


def test_a_promise_is_open_until_somebody_talks_to_the_person():
    promised = contact(5, State.CONVERSATION, "callback")
    assert past(promised, contact(4)).callback == NOW - 5 * DAY
    assert past(promised, contact(4, outcome="callback")).callback == NOW - 5 * DAY
    assert past(promised, contact(4, State.CONVERSATION)).callback is None


def test_refusals_are_named_by_campaign_once_the_latest_first():
    found = past(
        contact(9, outcome="refused"), contact(8, outcome="refused"), contact(7, outcome="refused", campaign="x")
    )
    assert found.refusals == ("x", "spring")


def test_refusals_have_withdrawn_consents_and_other_campaigns_listings_too():
    taken_back = ConsentEvent(uuid4(), Act.WITHDRAW, N, NOW - 2 * DAY, "letter", "cards")
    later = ConsentEvent(uuid4(), Act.WITHDRAW, N, NOW + DAY, "letter", "loans")
    case = Case(
        "spring",
        Campaign("spring"),
        N,
        contacts=(contact(9, outcome="refused"), contact(1, outcome="refused", campaign="x")),
        consents=(taken_back, later),
        declined=("autumn", "x"),
    )
    assert past_of(case, NOW).refusals == ("x", "cards", "spring", "autumn")


def test_a_promise_to_somebody_who_called_is_open_too():
    case = Case("spring", Campaign("spring"), N, promised=NOW - 7 * DAY)
    assert past_of(case, NOW).callback == NOW - 7 * DAY
    older = replace(case, contacts=(contact(9, State.CONVERSATION, "callback"),))
    assert past_of(older, NOW).callback == NOW - 9 * DAY


def test_the_last_contact_is_told_however_long_ago_it_was():
    case = Case("spring", Campaign("spring"), N)
    long_ago = History(NOW - 90 * DAY, "autumn", 0)
    assert past_of(case, NOW, long_ago).last_at == NOW - 90 * DAY
    assert past_of(case, NOW, long_ago).last_campaign == "autumn"
    assert past_of(replace(case, contacts=(contact(3),)), NOW, long_ago).last_at == NOW - 3 * DAY
    allowed_but_never_dialled = History(NOW - DAY, "autumn", 1)
    assert past_of(case, NOW, allowed_but_never_dialled).last_at is None


def test_whose_client_it_is():
    assert past(lead=Lead(owner="anna")).owner == "anna"


def test_the_words_have_nothing_that_ends_a_field():
    found = past(contact(1), lead=Lead(source='a!b,c;d|e"f\\g\nh(i)[j]', source_at="2026"))
    assert told(found)["source"] == "a b c d e f g h i  j  of 2026"
    assert list(told(Past()).values()) == ["", "", "", "0", "", "", "", ""]
