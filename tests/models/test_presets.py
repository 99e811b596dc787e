"""Each preset does what its name promises, to the minute."""

from datetime import UTC, datetime, timedelta

import pytest

from models.campaign import PRESETS, Campaign, campaign_of, data_of
from models.caps import Contact, State
from models.number import Number
from models.policy import Facts, NotListed, Rules, decide
from models.rules import Case, Lead

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
N = 48601234567
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
CALLED, TALKED, LEFT = State.ATTEMPT, State.CONVERSATION, State.ABANDONED


def verdict(preset, contacts, at=NOW, lead=Lead(person="p17", matter="d9")):  # noqa: B008
    campaign = Campaign("spring", product="skis", consent="not-needed", country="none", presets=(preset,))
    case = Case("spring", campaign, N, "PL", zones=("Europe/Warsaw",), lead=lead, contacts=tuple(contacts))
    return decide(Facts(Number(N), "spring", NotListed(), Rules(), case=case), at)


def calls(count, ago, state=CALLED, **about):
    """So many, the latest this long ago, each a minute before the next."""
    known = {"campaign": "spring", "product": "skis", "person": "p17", "matter": "d9", "number": N} | about
    return [
        Contact(f"{ago}{one}{state}", at=NOW - ago - one * MINUTE, state=state, **known)  # type: ignore[arg-type]
        for one in range(count)
    ]


WEEK = 7 * DAY
REFUSED, ALLOWED = False, True


@pytest.mark.parametrize(
    ("preset", "contacts", "allowed"),
    [
        ("reg-f", calls(6, HOUR), ALLOWED),
        ("reg-f", calls(7, HOUR), REFUSED),
        ("reg-f", calls(7, HOUR, campaign="autumn", product="x", number=1), REFUSED),
        ("reg-f", calls(7, HOUR, matter="another debt"), ALLOWED),
        ("reg-f", calls(7, WEEK), ALLOWED),
        ("reg-f", calls(1, WEEK - MINUTE, TALKED), REFUSED),
        ("reg-f", calls(1, WEEK, TALKED), ALLOWED),
        ("florida", calls(2, HOUR), ALLOWED),
        ("florida", calls(3, HOUR), REFUSED),
        ("florida", calls(3, HOUR, campaign="autumn"), REFUSED),
        ("florida", calls(3, HOUR, product="boots"), ALLOWED),
        ("florida", [*calls(2, HOUR), *calls(1, DAY)], ALLOWED),
        ("florida", [*calls(2, HOUR), *calls(1, DAY - MINUTE)], REFUSED),
        ("uk-abandoned", calls(1, 72 * HOUR - MINUTE, LEFT, campaign="autumn"), REFUSED),
        ("uk-abandoned", calls(1, 72 * HOUR, LEFT), ALLOWED),
        ("uk-abandoned", calls(9, HOUR, TALKED), ALLOWED),
        ("rest", calls(9, HOUR), ALLOWED),
        ("rest", calls(1, 14 * DAY - MINUTE, campaign="autumn"), REFUSED),
        ("rest", calls(1, 14 * DAY, campaign="autumn"), ALLOWED),
        ("rest", calls(1, DAY, campaign="autumn", number=48600100200), REFUSED),
        ("rest", calls(1, DAY, campaign="autumn", number=48600100200, person="p18"), ALLOWED),
        ("every-two-years", calls(1, 729 * DAY, TALKED, campaign="autumn"), REFUSED),
        ("every-two-years", calls(1, 730 * DAY, TALKED), ALLOWED),
        ("every-two-years", calls(1, DAY, TALKED, product="games"), ALLOWED),
        ("every-two-years", calls(9, DAY), ALLOWED),
        ("once-a-day", calls(1, 13 * HOUR - MINUTE), REFUSED),  # 13:00 in Warsaw
        ("once-a-day", calls(1, 13 * HOUR + MINUTE), ALLOWED),
    ],
)
def test_what_it_counts(preset, contacts, allowed):
    found = verdict(preset, contacts)
    assert found.allowed is allowed, found
    assert found.reason.value == ("not-listed" if allowed else "cap-reached")


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), False),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), True),  # midnight in Warsaw
        (datetime(2027, 1, 1, 22, 59, tzinfo=UTC), True),
        (datetime(2027, 1, 1, 23, tzinfo=UTC), False),
        (datetime(2027, 5, 16, 22, tzinfo=UTC), True),
        (datetime(2027, 5, 17, 22, tzinfo=UTC), False),
        (datetime(2026, 12, 24, 12, tzinfo=UTC), False),
    ],
)
def test_greetings_go_on_the_birthday_and_on_new_years_day_alone(at, allowed):
    found = verdict("greetings", (), at, Lead(birthday="1980-05-17"))
    assert found.allowed is allowed
    assert allowed or found.reason.value == "day-not-allowed"


def test_a_campaigns_own_days_stand_beside_those_of_its_preset():
    found = campaign_of({"name": "x", "days": ["03-08", "01-01"], "presets": ["greetings"]})
    assert found.all_days == ("03-08", "01-01", "birthday")
    assert data_of(found)["days"] == ["03-08", "01-01"]


@pytest.mark.parametrize("name", PRESETS)
def test_each_has_a_source_and_one_that_was_not_read_is_marked(name, concierge_docs):
    one = PRESETS[name]
    assert one.source and (one.caps or one.days)
    row = next(line for line in concierge_docs.splitlines() if line.startswith(f"| `{name}` |"))
    assert one.verified or "[unverified]" in row or "nobody's law" in row


@pytest.fixture
def concierge_docs(pytestconfig):
    return (pytestconfig.rootpath / "docs/policy.md").read_text(encoding="utf-8")
