"""The decision table: each row is one promise."""

import inspect
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from models import policy
from models.number import NotANumber, Number, Why
from models.policy import Listed, NotListed, Reason, Rules, Unavailable, Verdict, may_call
from models.suppression import ALL, Entry

PERSON = Number(48601234567)
BROKEN = Unavailable("x.db: disk I/O error")
STRICT = Rules(require_campaign=True)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def entry(make):
    def build(campaign=ALL, **more):
        return Entry(PERSON.e164, campaign, "asked", "letter", make.NOW - make.day, id=7, **more)

    return build


@pytest.fixture
def decide(make):
    def call(destination=PERSON, campaign="", known=NotListed(), rules=Rules(), at=make.NOW):  # noqa: B008
        return may_call(destination, campaign, known, at, rules)

    return call


@pytest.mark.parametrize(
    ("campaign", "scope", "verdict", "reason"),
    [
        ("", ALL, "REFUSE", Reason.LISTED),
        ("spring", ALL, "REFUSE", Reason.LISTED),
        ("spring", "spring", "REFUSE", Reason.LISTED_FOR_CAMPAIGN),
        ("spring", "autumn", "ALLOW", Reason.NOT_LISTED),
        ("", "spring", "ALLOW", Reason.NOT_LISTED),
        ("spring", "Spring", "REFUSE", Reason.LISTED_FOR_CAMPAIGN),
    ],
)
def test_a_scope_decides_which_calls_an_entry_stops(decide, entry, campaign, scope, verdict, reason):
    decision = decide(campaign=campaign, known=Listed((entry(scope),)))
    assert (decision.verdict, decision.reason) == (verdict, reason)
    assert (decision.entry is not None) == (verdict == "REFUSE")


def test_a_number_that_is_not_listed_may_be_called(decide):
    assert decide().reason is Reason.NOT_LISTED
    assert decide().allowed


def test_a_list_that_cannot_be_read_refuses_and_says_why(decide):
    decision = decide(known=BROKEN)
    assert (decision.verdict, decision.reason, decision.detail) == (
        Verdict.REFUSE,
        Reason.LIST_UNAVAILABLE,
        "x.db: disk I/O error",
    )


@pytest.mark.parametrize("known", [NotListed(), BROKEN, Listed(())])
@pytest.mark.parametrize("campaign", ["", "spring", "no such\ncampaign!"])
@pytest.mark.parametrize("rules", [Rules(), STRICT])
def test_an_emergency_number_is_allowed_whatever_else_is_wrong(decide, known, campaign, rules):
    decision = decide(NotANumber(Why.EMERGENCY, "an emergency number"), campaign, known, rules)
    assert decision.allowed
    assert decision.reason is Reason.EMERGENCY


def test_every_reason_why_a_text_is_no_number_is_decided_and_all_but_three_refuse(decide):
    free = {Why.EMERGENCY, Why.SHORT_CODE, Why.INTERNAL}
    for why in Why:
        decision = decide(NotANumber(why, ""))
        assert decision.allowed == (why in free), why
        if why not in free:
            assert decision.reason is Reason.NUMBER_UNREADABLE
            assert decision.detail.startswith(why.value)


@pytest.mark.parametrize("campaign", ["a b", "ä", "x" * 65, "a\n", "-a", "a,b", "${X}"])
@pytest.mark.parametrize("known", [NotListed(), BROKEN])
def test_a_campaign_name_that_cannot_be_one_refuses(decide, campaign, known):
    assert decide(campaign=campaign, known=known).reason is Reason.CAMPAIGN_UNREADABLE
    assert not decide(campaign=campaign, known=known).allowed


def test_a_call_without_campaign_is_refused_where_one_is_required(decide):
    assert decide(rules=STRICT).reason is Reason.CAMPAIGN_MISSING
    assert not decide(rules=STRICT).allowed
    assert decide(campaign="spring", rules=STRICT).allowed


def test_an_entry_expires_to_the_microsecond(decide, entry, make):
    known = Listed((entry(expires_at=make.NOW),))
    assert not decide(known=known, at=make.NOW - MICROSECOND).allowed
    assert decide(known=known, at=make.NOW).allowed
    assert decide(known=known, at=make.NOW).detail == "1 entries, none in force for this call"


def test_a_revoked_entry_stops_nothing(decide, entry, make):
    assert decide(known=Listed((entry(revoked_at=make.NOW - make.day),))).allowed


def test_a_live_entry_among_dead_ones_decides(decide, entry, make):
    known = Listed((entry(expires_at=make.NOW), entry("spring"), entry(revoked_at=make.NOW)))
    assert decide(campaign="spring", known=known).reason is Reason.LISTED_FOR_CAMPAIGN


def test_the_entry_for_all_campaigns_is_named_before_the_one_for_this(decide, entry):
    one, other = entry("spring"), entry()
    for entries in ((one, other), (other, one)):
        assert decide(campaign="spring", known=Listed(entries)).entry is other


def test_a_forgotten_kind_of_knowledge_fails_the_type_check(tmp_path):
    """The decision must stay exhaustive: without the case for Unavailable, mypy refuses the module."""
    source = Path(inspect.getfile(policy)).read_text(encoding="utf-8")
    case = "        case Unavailable(why):\n            return refuse(Reason.LIST_UNAVAILABLE, why)\n"
    assert source.count(case) == 1
    changed = tmp_path / "changed.py"
    changed.write_text(source.replace(case, ""), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(changed)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(policy.__file__).parents[1], check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert 'Argument 1 to "assert_never" has incompatible type "Unavailable"' in done.stdout
