"""The decision table of a campaign's rules: each alone, each pair, and what holds for all of them together."""

import itertools
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import campaign as campaign_module
from models import caps as caps_module
from models import consent as consent_module
from models import feasts as feasts_module
from models import hours as hours_module
from models import policy as policy_module
from models import rules as rules_module
from models.campaign import Campaign
from models.caps import Cap, Contact
from models.consent import Act, ConsentEvent
from models.countries import country
from models.hours import parse_windows
from models.number import Number
from models.policy import Facts, Listed, NotListed, Reason, Rules, decide, explain
from models.rules import Case, Demand, Ground, Lead, Step, opening, rules_of, strongest
from models.suppression import Entry

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # Monday, 13:00 in Warsaw
HOUR = timedelta(hours=1)
N = 48601234567
GRANT = ConsentEvent(UUID(int=1), Act.GRANT, N, NOW - 48 * HOUR, "form", "cards", id=5)
PLAIN = Campaign("spring", purpose="cards", reason="new-model", consent="not-needed")
CALM = Case("spring", PLAIN, N, "PL", country("PL"), None, ("Europe/Warsaw",))
REACHED = Contact("c", N, NOW - HOUR, "spring")


def campaign(**change):
    return lambda case: replace(case, campaign=replace(case.campaign, **change)) if case.campaign else case


def case(**change):
    return lambda one: replace(one, **change)


def both(*changes):
    def change(one):
        for each in changes:
            one = each(one)
        return one

    return change


# each makes one rule refuse a call that would be allowed, and is the only one to do so
BREAKS = {
    Ground.CAMPAIGN_PAUSED: campaign(state="paused"),
    Ground.REASON_MISSING: both(campaign(reason=""), case(demand=Demand(reason=True))),
    Ground.SOURCE_MISSING: campaign(source=True),
    Ground.OWNER_MISSING: campaign(owner=True),
    Ground.CONSENT_MISSING: campaign(consent="required"),
    Ground.CAP_REACHED: both(campaign(caps=(Cap(window="9d", limit=1),)), case(contacts=(REACHED,))),
    Ground.ZONE_UNKNOWN: both(campaign(windows=parse_windows({"daily": "00:00-24:00"})), case(zones=())),
    Ground.DAY_NOT_ALLOWED: campaign(days=("01-01",)),
    Ground.HOLIDAY: both(case(place="US", zones=("America/Denver",)), campaign(holidays="refuse")),
    Ground.OUTSIDE_HOURS: campaign(windows=parse_windows({"daily": "08:00-10:00"})),
}
RANK = list(Ground)
TIMED = {Ground.HOLIDAY, Ground.OUTSIDE_HOURS, Ground.DAY_NOT_ALLOWED}
THANKSGIVING = datetime(2026, 11, 26, 18, tzinfo=UTC)


def at(*grounds):
    return THANKSGIVING if Ground.HOLIDAY in grounds else NOW


def facts(one, known=NotListed()):  # noqa: B008
    return Facts(Number(N), "spring", known, Rules(), case=one)


def verdict(one, moment=NOW):
    return decide(facts(one), moment)


def test_with_nothing_against_it_the_call_goes():
    assert verdict(CALM).allowed
    assert verdict(CALM).reason is Reason.NOT_LISTED


@pytest.mark.parametrize("ground", BREAKS)
def test_each_rule_alone_refuses_and_says_why(ground):
    found = verdict(BREAKS[ground](CALM), at(ground))
    assert (found.allowed, found.reason.value) == (False, ground.value)
    assert found.detail
    refused = [step for step in explain(facts(BREAKS[ground](CALM)), at(ground)) if not step.allowed]
    assert [step.ground for step in refused] == [ground]


def test_a_campaign_that_is_not_defined_is_refused_unless_the_operator_wants_it():
    assert verdict(replace(CALM, campaign=None)).reason.value == Ground.CAMPAIGN_UNKNOWN
    assert verdict(replace(CALM, campaign=None, demand=Demand(defined=False))).allowed


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(BREAKS, 2)))
def test_of_two_that_refuse_the_stronger_is_named(one, other):
    if Ground.ZONE_UNKNOWN in (one, other) and TIMED & {one, other}:
        found = verdict(case(zones=())(BREAKS[other](BREAKS[one](CALM))), at(one, other))
        assert found.reason.value == Ground.ZONE_UNKNOWN  # without a zone there is no local time to speak of
        return
    for first, second in ((one, other), (other, one)):
        found = verdict(BREAKS[second](BREAKS[first](CALM)), at(one, other))
        assert found.reason.value == min((one, other), key=RANK.index)


@pytest.mark.parametrize("ground", BREAKS)
def test_what_is_on_the_list_is_named_before_any_rule(ground):
    entry = Entry(N, "", "asked", "letter", NOW - HOUR, id=3)
    found = decide(facts(BREAKS[ground](CALM), Listed((entry,))), at(ground))
    assert (found.reason, found.entry) == (Reason.LISTED, entry)


# --- consent -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ((), "consent-missing"),
        ((GRANT,), "not-listed"),
        ((replace(GRANT, topic=""),), "not-listed"),
        ((replace(GRANT, topic="loans"),), "consent-missing"),
        ((replace(GRANT, channel="sms"),), "consent-missing"),
        ((replace(GRANT, at=NOW + HOUR),), "consent-missing"),
        ((replace(GRANT, expires_at=NOW),), "consent-expired"),
        ((GRANT, replace(GRANT, event_id=UUID(int=2), act=Act.WITHDRAW, at=NOW - HOUR)), "consent-withdrawn"),
        ((GRANT, replace(GRANT, event_id=UUID(int=2), act=Act.WITHDRAW, topic="")), "consent-withdrawn"),
        ((GRANT, replace(GRANT, event_id=UUID(int=2), act=Act.WITHDRAW, topic="loans")), "not-listed"),
        ((replace(GRANT, topic=""), replace(GRANT, event_id=UUID(int=2), act=Act.WITHDRAW)), "consent-withdrawn"),
        (
            (
                replace(GRANT, at=NOW - HOUR, id=9),
                replace(GRANT, event_id=UUID(int=2), act=Act.WITHDRAW, at=NOW - 2 * HOUR),
            ),
            "not-listed",
        ),
    ],
)
def test_consent_is_for_a_topic_a_channel_and_a_time(events, reason):
    for order in itertools.permutations(events):
        found = verdict(replace(campaign(consent="required")(CALM), consents=order))
        assert found.reason.value == reason
        assert found.consent == (events[0].id if found.allowed else 0)


@pytest.mark.parametrize(
    ("place", "basis", "allowed"),
    [
        ("PL", "", False),
        ("PL", "consent", False),
        ("PL", "existing-customer", False),
        ("PL", "service", True),
        ("PL", "emergency", True),
        ("DE", "", False),
        ("RU", "service", False),
        ("RU", "emergency", True),
        ("US", "", True),
        ("FR", "", True),
    ],
)
def test_where_the_law_wants_a_consent_none_means_no(place, basis, allowed):
    """13:00 in Warsaw; 15:00 in Moscow; noon in London stands for all places without hours."""
    one = replace(campaign(consent="", basis=basis)(CALM), place=place, country=country(place))
    one = replace(one, zones=("America/New_York",) if place == "US" else one.zones)
    found = verdict(one, NOW + 3 * HOUR)
    assert found.allowed is allowed, found
    assert found.reason.value == ("not-listed" if allowed else "consent-missing")


def test_a_campaign_may_say_that_the_law_of_a_place_is_none_of_its_concern():
    one = campaign(consent="", country="none")(CALM)
    assert verdict(one).allowed


def test_the_rule_set_that_a_campaign_names_holds_beside_the_called_countrys():
    one = replace(CALM, own=country("CA"))
    assert verdict(one, datetime(2026, 11, 22, 12, tzinfo=UTC)).allowed  # Sunday 13:00
    assert verdict(one, datetime(2026, 11, 22, 18, tzinfo=UTC)).reason.value == Ground.OUTSIDE_HOURS


# --- when it may be ----------------------------------------------------------------------------------------------


def test_the_next_moment_is_one_that_every_rule_allows():
    """Capped until 14:00 UTC, windows until 15:00 Warsaw = 14:00 UTC: so tomorrow."""
    one = campaign(caps=(Cap(window="3h", limit=1),), windows=parse_windows({"daily": "09:00-15:00"}))(CALM)
    found = verdict(replace(one, contacts=(REACHED,)))
    assert found.reason.value == Ground.CAP_REACHED
    assert found.next_at == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert verdict(replace(one, contacts=(REACHED,)), found.next_at).allowed


def test_an_entry_that_ends_is_waited_for():
    entry = Entry(N, "", "asked", "letter", NOW - HOUR, NOW + 2 * HOUR, id=3)
    one = campaign(windows=parse_windows({"daily": "09:00-16:00"}))(CALM)
    assert decide(facts(one, Listed((entry,))), NOW).next_at == NOW + 2 * HOUR
    assert decide(facts(None, Listed((entry,))), NOW).next_at == NOW + 2 * HOUR
    assert decide(facts(None, Listed((replace(entry, expires_at=None),))), NOW).next_at is None


@pytest.mark.parametrize("ground", [Ground.CAMPAIGN_PAUSED, Ground.CONSENT_MISSING, Ground.REASON_MISSING])
def test_what_time_does_not_mend_has_no_next_moment(ground):
    assert verdict(BREAKS[ground](CALM)).next_at is None


def test_a_greeting_goes_on_the_birthday_or_never():
    one = campaign(days=("birthday",))(CALM)
    assert verdict(one).next_at is None
    born = replace(one, lead=Lead(birthday="1980-11-24"))
    assert verdict(born).next_at == datetime(2026, 11, 23, 23, tzinfo=UTC)  # midnight in Warsaw
    assert verdict(replace(one, lead=Lead(birthday="11-23"))).allowed


def test_the_owner_alone_calls_where_the_campaign_says_so():
    one = campaign(owner=True)(CALM)
    assert verdict(replace(one, lead=Lead(owner="anna", agent="anna"))).allowed
    assert verdict(replace(one, lead=Lead(owner="anna", agent="jan"))).reason.value == Ground.OWNER_MISSING


def test_a_leads_own_reason_and_source_will_do():
    one = both(campaign(reason="", source=True), case(demand=Demand(reason=True)))(CALM)
    lead = Lead(reason="promised-callback", source="web form", source_at="2026-01-02")
    assert verdict(replace(one, lead=lead)).allowed


# --- what holds for all ------------------------------------------------------------------------------------------

moments = st.datetimes(datetime(2026, 11, 20), datetime(2026, 11, 27), timezones=st.just(UTC))
breaks = st.lists(st.sampled_from(sorted(BREAKS)), unique=True, max_size=5)
lists = st.sampled_from([NotListed(), Listed((Entry(N, "", "r", "s", NOW, NOW + HOUR, id=1),))])


def broken(grounds):
    one = CALM
    for ground in grounds:
        one = BREAKS[Ground(ground)](one)
    return one


@dataclass(frozen=True)
class Allowing:
    """Any further rule."""

    until: datetime
    name: str = "another"

    def allows(self, at):
        return at < self.until

    def opens(self, at):
        return at if at < self.until else None

    def step(self, at):
        return Step(self.name, at < self.until, "", None if at < self.until else Ground.CAP_REACHED)


@given(breaks, st.sampled_from(sorted(BREAKS)), moments, lists)
def test_another_restriction_never_turns_a_refusal_into_an_allowance(grounds, more, moment, known):
    before = decide(facts(broken(grounds), known), moment)
    if {*grounds, more} & {Ground.HOLIDAY, Ground.ZONE_UNKNOWN}:
        return  # these change the place as well
    after = decide(facts(broken([*grounds, more]), known), moment)
    assert before.allowed or not after.allowed
    assert not after.allowed or after == before


@given(breaks, moments, moments)
def test_another_rule_never_brings_the_next_moment_nearer(grounds, moment, until):
    rules = rules_of(broken(grounds))
    before, after = opening(rules, moment), opening([*rules, Allowing(until)], moment)
    assert after is None or (before is not None and after >= before)


@given(breaks, moments, st.randoms())
def test_the_order_of_the_rules_decides_nothing(grounds, moment, shuffle):
    rules = rules_of(broken(grounds))
    mixed = shuffle.sample(rules, len(rules))
    assert strongest([rule.step(moment) for rule in rules]) == strongest([rule.step(moment) for rule in mixed])
    assert opening(rules, moment) == opening(mixed, moment)


@given(breaks, moments, lists)
def test_what_is_explained_is_what_is_decided(grounds, moment, known):
    asked = facts(broken(grounds), known)
    assert all(step.allowed for step in explain(asked, moment)) == decide(asked, moment).allowed


@given(breaks, moments, lists)
def test_at_the_next_moment_the_call_goes_and_not_before(grounds, moment, known):
    asked = facts(broken(grounds), known)
    found = decide(asked, moment)
    if found.allowed or found.next_at is None:
        assert found.next_at is None
        return
    assert decide(asked, found.next_at).allowed
    span = found.next_at - moment
    assert not any(decide(asked, moment + span * part / 7).allowed for part in range(7))


class Clockless(datetime):
    """A class of times that nobody can ask for the present one."""

    @classmethod
    def now(cls, _tz=None):
        raise AssertionError("the decision has asked the process for the time")

    today = utcnow = now


@pytest.fixture
def without_clock(monkeypatch):
    """No clock, and a zone of the process that is nobody's."""
    decisive = (campaign_module, caps_module, consent_module, feasts_module, hours_module, policy_module, rules_module)
    for module in decisive:
        if hasattr(module, "datetime"):
            monkeypatch.setattr(module, "datetime", Clockless)
    for name in ("time", "time_ns", "localtime", "gmtime", "monotonic"):
        monkeypatch.setattr(time, name, Clockless.now)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("grounds", [(), *((ground,) for ground in BREAKS)], ids=str)
def test_the_answer_does_not_depend_on_the_clock_of_the_process(grounds, request):
    found = {}
    for way in ("with", "without"):
        if way == "without":
            request.getfixturevalue("without_clock")
        for hours in range(0, 24 * 7, 5):
            asked = facts(broken(grounds), Listed((Entry(N, "", "r", "s", NOW, NOW + HOUR, id=1),)))
            alone = facts(broken(grounds))
            moment = NOW + hours * HOUR
            said = [(decide(one, moment), explain(one, moment)) for one in (asked, alone)]
            assert found.setdefault(hours, said) == said


def test_no_module_of_the_decision_reads_a_clock():
    import inspect

    modules = (policy_module, rules_module, caps_module, consent_module, hours_module, campaign_module)
    for module in modules:
        source = inspect.getsource(module)
        assert not any(word in source for word in (".now(", "utcnow", "import time", ".today(", "monotonic")), module


@given(breaks, moments)
def test_a_verdict_alone_is_the_verdict_with_its_words(grounds, moment):
    for rule in rules_of(broken(grounds)):
        assert rule.allows(moment) is rule.step(moment).allowed is (rule.opens(moment) == moment)


def test_a_consent_that_was_taken_back_stays_so_when_the_clock_is_set_back():
    withdrawn = ConsentEvent(UUID(int=2), Act.WITHDRAW, N, NOW, "call", id=6)
    wanted = both(campaign(consent="required"), case(consents=(GRANT, withdrawn)))(CALM)
    (said,) = (rule.step(NOW - HOUR) for rule in rules_of(wanted) if rule.name == "consent")
    assert said.ground is Ground.CONSENT_WITHDRAWN


def test_where_holidays_are_not_known_a_campaign_that_keeps_them_does_not_call():
    satellite = both(campaign(holidays="refuse"), case(place="", country=None))(CALM)
    (said,) = (rule.step(NOW) for rule in rules_of(satellite) if rule.name == "hours")
    assert said.ground is Ground.ZONE_UNKNOWN and "holiday" in said.detail
