"""PURE: the rules of a campaign's call, each by itself.

A rule says from which moment on it lets the call go (None: never); at that moment it allows. The answer is the sum:
all have to allow. So no rule can make another one's refusal an allowance, and their order decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from models import consent as consents
from models.campaign import BIRTHDAY, Campaign, day_of
from models.caps import Call, Cap, Contact, State, counted, in_window, room_at
from models.consent import ConsentEvent
from models.countries import Country
from models.feasts import Feasts, has
from models.hours import ALWAYS, Calendar, Timetable, at_second, seconds_of, zone_of

_ROUNDS = 200  # of all rules, in search of a moment that each allows


class Ground(StrEnum):
    """Why a rule refuses; the strongest first."""

    CAMPAIGN_UNKNOWN = "campaign-unknown"
    CAMPAIGN_PAUSED = "campaign-paused"
    REASON_MISSING = "reason-missing"
    SOURCE_MISSING = "source-missing"
    OWNER_MISSING = "owner-missing"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    CONSENT_EXPIRED = "consent-expired"
    CONSENT_MISSING = "consent-missing"
    CAP_REACHED = "cap-reached"
    ZONE_UNKNOWN = "zone-unknown"
    DAY_NOT_ALLOWED = "day-not-allowed"
    HOLIDAY = "holiday"
    OUTSIDE_HOURS = "outside-hours"


_RANK: dict[str, int] = {ground: rank for rank, ground in enumerate(Ground)}


@dataclass(frozen=True, slots=True)
class Lead:
    """What the caller knows of the person. `zone`: IANA; `region`: ISO 3166-2 without the country (FL, BY);
    `birthday`: 05-17 or 1980-05-17; `source`, `source_at`: where the number comes from, and since when; `owner`: the
    person's own manager; `agent`: who calls; `reason`: the occasion of this very call."""

    person: str = ""
    matter: str = ""
    zone: str = ""
    region: str = ""
    birthday: str = ""
    source: str = ""
    source_at: str = ""
    owner: str = ""
    agent: str = ""
    reason: str = ""


NO_LEAD = Lead()


@dataclass(frozen=True, slots=True)
class Demand:
    """What the operator demands of every call that names a campaign (settings `gate:`)."""

    reason: bool = False
    defined: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the rules look at. `campaign` None: campaigns are defined, but not this one.

    `place`: the called country (ISO 3166); `country` its rule set, `own` the one that the campaign names. `promised`:
    since when a call back is owed; `declined`: other campaigns whose calls the person wants no more. The rules look at
    neither: they are for the agent.
    """

    name: str
    campaign: Campaign | None
    number: int
    place: str = ""
    country: Country | None = None
    own: Country | None = None
    zones: tuple[str, ...] = ()
    lead: Lead = NO_LEAD
    contacts: tuple[Contact, ...] = ()
    consents: tuple[ConsentEvent, ...] = ()
    demand: Demand = Demand()
    promised: datetime | None = None
    declined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule says at one moment, with the data used. `ground`: a stable word when it refuses; `consent`: the
    event that the answer rests on."""

    rule: str
    allowed: bool
    detail: str = ""
    ground: StrEnum | None = None
    consent: int = 0


class Rule(Protocol):
    """One promise."""

    @property
    def name(self) -> str: ...

    def allows(self, at: datetime) -> bool:
        """The verdict alone: a call that goes needs no words."""

    def opens(self, at: datetime) -> datetime | None:
        """The first moment from `at` on at which it allows the call; None: none to be seen."""

    def step(self, at: datetime) -> Step:
        """Its verdict, and what it rests on."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A verdict that time does not change."""

    name: str
    ground: Ground | None
    detail: str = ""

    def allows(self, _at: datetime) -> bool:
        """The same at each moment."""
        return self.ground is None

    def opens(self, at: datetime) -> datetime | None:
        """Now or never."""
        return at if self.ground is None else None

    def step(self, _at: datetime) -> Step:
        """The same at each moment."""
        return Step(self.name, self.ground is None, self.detail, self.ground)


@dataclass(frozen=True, slots=True)
class Hours:
    """Windows, holidays and allowed days, in every zone that the number may lie in."""

    calendar: Calendar
    whose: str
    name: str = "hours"

    def allows(self, at: datetime) -> bool:
        """Open in every zone?"""
        return self.calendar.is_open(seconds_of(at))

    def opens(self, at: datetime) -> datetime | None:
        """As the calendar has it."""
        second = seconds_of(at)
        found = self.calendar.next_open(second)
        return None if found is None else at if found == second else at_second(found)

    def step(self, at: datetime) -> Step:
        """With the local time."""
        local = ", ".join(f"{at.astimezone(zone_of(zone)):%a %H:%M} {zone}" for zone in self.calendar.zones[:3])
        more = f" and {len(self.calendar.zones) - 3} more zones" if len(self.calendar.zones) > 3 else ""
        if self.calendar.is_open(seconds_of(at)):
            return Step(self.name, True, f"{local}{more} ({self.whose})")
        ground, why = self._why(at)
        return Step(self.name, False, f"{local}{more}: {why} ({self.whose})", ground)

    def _why(self, at: datetime) -> tuple[Ground, str]:
        for zone in self.calendar.zones:
            day = at.astimezone(zone_of(zone)).date()
            for one in self.calendar.timetables:
                if feast := one.closed.name(day):
                    return Ground.HOLIDAY, feast
                if one.days is not None and (day.month, day.day) not in one.days:
                    return Ground.DAY_NOT_ALLOWED, f"{day:%d %b} is none of the campaign's days"
        return Ground.OUTSIDE_HOURS, "outside of the permitted hours"


@dataclass(frozen=True, slots=True)
class Frequency:
    """One cap."""

    cap: Cap
    call: Call
    contacts: tuple[Contact, ...]

    @property
    def name(self) -> str:
        """With the cap's own."""
        return f"cap {self.cap.title}"

    def allows(self, at: datetime) -> bool:
        """Is there room?"""
        times = [one.at for one in counted(self.cap, self.call, self.contacts, at)]
        return len(times) < self.cap.limit or in_window(self.cap, times, at, self.call.zones) < self.cap.limit

    def opens(self, at: datetime) -> datetime | None:
        """When there is room, or a reservation is over that nobody settled."""
        standing = counted(self.cap, self.call, self.contacts, at)
        free = room_at(self.cap, [one.at for one in standing], at, self.call.zones)
        ends = [one.expires_at for one in standing if one.state is State.RESERVED and one.expires_at is not None]
        return free if free == at else min([free, *ends])

    def step(self, at: datetime) -> Step:
        """With the count, and the last of those that count."""
        times = [one.at for one in counted(self.cap, self.call, self.contacts, at)]
        free = room_at(self.cap, times, at, self.call.zones)
        if free == at:
            return Step(
                self.name, True, f"{len(times)} earlier ones known, below {self.cap.limit} in {self.cap.window}"
            )
        last = f"the last {max(one for one in times if one <= at):%Y-%m-%dT%H:%M:%SZ}"
        return Step(self.name, False, f"{self.cap.title}: {self.cap.limit} reached, {last}", Ground.CAP_REACHED)


@dataclass(frozen=True, slots=True)
class Agreement:
    """The consent that the campaign, or the law of the called country, asks for."""

    events: tuple[ConsentEvent, ...]
    topics: tuple[str, ...]
    whose: str
    name: str = "consent"

    def allows(self, at: datetime) -> bool:
        """Is there one?"""
        return consents.standing(self.events, self.topics, at).standing is consents.Standing.GIVEN

    def rests_on(self, at: datetime) -> int:
        """The event that lets the call go; 0: none does."""
        found = consents.standing(self.events, self.topics, at)
        return found.event.id if found.standing is consents.Standing.GIVEN and found.event is not None else 0

    def opens(self, at: datetime) -> datetime | None:
        """Nobody waits for a consent; one that is dated later is not known yet."""
        return at if self.allows(at) else None

    def step(self, at: datetime) -> Step:
        """With the event that it rests on."""
        found = consents.standing(self.events, self.topics, at)
        topic = " or ".join(self.topics)
        if found.event is None:
            return Step(self.name, False, f"no consent for {topic} ({self.whose})", Ground.CONSENT_MISSING)
        one = found.event
        told = f"{one.act} {one.id} of {one.at:%Y-%m-%d} by {one.source}" + (
            f", proof {one.proof}" if one.proof else ""
        )
        if found.standing is consents.Standing.GIVEN:
            return Step(self.name, True, told, consent=one.id)
        return Step(self.name, False, f"{told} ({self.whose})", Ground(found.standing.value), one.id)


def rules_of(case: Case) -> list[Rule]:
    """Everything that has a say in this call, in the order in which it is explained."""
    campaign = case.campaign
    if campaign is None:
        known = "no campaign of this name is defined; see `concierge campaign list`"
        return [Fixed("campaign", Ground.CAMPAIGN_UNKNOWN if case.demand.defined else None, known)]
    rules: list[Rule] = [_state(campaign), *_data(case, campaign)]
    law = _laws(case, campaign)
    agreement = _agreement(case, campaign, law)
    if agreement is not None:
        rules.append(agreement)
    if (hours := _hours(case, campaign, law)) is not None:
        rules.append(hours)
    lead = case.lead
    call = Call(case.number, case.name, campaign.product, campaign.value, lead.person, lead.matter, case.zones)
    return [*rules, *(Frequency(cap, call, case.contacts) for cap in caps_of(case))]


def caps_of(case: Case) -> tuple[Cap, ...]:
    """The campaign's and the law's."""
    if case.campaign is None:
        return ()
    return (*case.campaign.all_caps, *(cap for one in _laws(case, case.campaign) for cap in one.caps))


def _state(campaign: Campaign) -> Rule:
    if campaign.state == "active":
        return Fixed("campaign", None, f"{campaign.name} is active")
    return Fixed("campaign", Ground.CAMPAIGN_PAUSED, f"{campaign.name} is {campaign.state}")


def _data(case: Case, campaign: Campaign) -> list[Rule]:
    """Reason, source and owner."""
    lead, reason = case.lead, case.lead.reason or campaign.reason
    missing = case.demand.reason and not reason
    told = reason or "neither the campaign nor the lead has a reason for this call"
    rules: list[Rule] = [Fixed("reason", Ground.REASON_MISSING if missing else None, told)]
    if campaign.source:
        ground = None if lead.source else Ground.SOURCE_MISSING
        told = " of ".join(filter(None, (lead.source, lead.source_at))) or "the lead does not say where it comes from"
        rules.append(Fixed("source", ground, told))
    if campaign.owner:
        own = bool(lead.owner) and lead.owner == lead.agent
        told = f"the person's manager is {lead.owner or 'not known'}, the caller {lead.agent or 'not known'}"
        rules.append(Fixed("owner", None if own else Ground.OWNER_MISSING, told))
    return rules


def _laws(case: Case, campaign: Campaign) -> list[Country]:
    """The called country's rule set, and the one that the campaign names."""
    if campaign.country == "none" or campaign.basis == "emergency":
        return []
    found = [one for one in (case.country, case.own) if one is not None]
    return found[:1] if len(found) == 2 and found[0] == found[1] else found


def _agreement(case: Case, campaign: Campaign, laws: Sequence[Country]) -> Rule | None:
    """What the campaign states goes before the law's default."""
    topics = topics_of(campaign)
    if campaign.consent == "required":
        return Agreement(case.consents, topics, "the campaign requires one")
    if campaign.consent == "not-needed":
        return Fixed("consent", None, "the campaign states that it needs none")
    for law in laws:
        if (campaign.basis or "consent") in law.consent:
            return Agreement(case.consents, topics, f"{law.name}: {law.sources['consent'].source}")
    return None


def topics_of(campaign: Campaign) -> tuple[str, ...]:
    """What a consent for its calls may be about."""
    return tuple(dict.fromkeys(one.lower() for one in (campaign.topic, campaign.product, campaign.name) if one))


def _hours(case: Case, campaign: Campaign, laws: Sequence[Country]) -> Rule | None:
    tables = [_own_table(case, campaign)] if campaign.windows is not None or campaign.all_days else []
    told = ["the campaign's windows"] if tables else []
    for law in laws:
        if law.windows is not None or law.feasts:
            feasts = Feasts(law.code, case.lead.region, law.feasts == "regional") if law.feasts else None
            tables.append(_table(law.windows, feasts))
            told.append(law.sources["hours" if law.windows is not None else "holidays"].source)
    if campaign.holidays == "refuse":
        if not has(case.place):
            return Fixed(
                "hours", Ground.ZONE_UNKNOWN, "where the person is, and so what is a holiday there, is not known"
            )
        tables.append(_table(None, Feasts(case.place, case.lead.region, regional=True)))
        told.append("the campaign calls on no holiday")
    if not tables:
        return None
    if not case.zones:
        return Fixed("hours", Ground.ZONE_UNKNOWN, "where the person is, and so what time it is there, is not known")
    return Hours(Calendar(tuple(tables), case.zones), "; ".join(told))


def _table(windows: object, feasts: Feasts | None) -> Timetable:
    table = Timetable(windows if isinstance(windows, tuple) else ALWAYS)
    return table if feasts is None else replace(table, closed=feasts)


def _own_table(case: Case, campaign: Campaign) -> Timetable:
    days = None
    if allowed := campaign.all_days:
        birthday = day_of(case.lead.birthday) if case.lead.birthday else None
        named = [birthday if one == BIRTHDAY else day_of(one) for one in allowed]
        days = frozenset(one for one in named if one is not None)
        if birthday == (2, 29) and BIRTHDAY in allowed:
            days |= {(2, 28)}
    return Timetable(campaign.windows or ALWAYS, days=days)


def consent_of(rules: Sequence[Rule], at: datetime) -> int:
    """The event that an allowed call rests on; 0: none is needed."""
    return next((rule.rests_on(at) for rule in rules if isinstance(rule, Agreement)), 0)


def strongest(steps: Sequence[Step]) -> Step | None:
    """The refusal that is named; None when all allow. Whatever the order of the rules, the same."""
    refused = [step for step in steps if not step.allowed]
    return min(refused, key=lambda step: (_RANK.get(step.ground or "", 0), step.detail), default=None)


def opening(rules: Sequence[Rule], at: datetime) -> datetime | None:
    """The first moment from `at` on that every rule allows, if nothing else happens meanwhile; None: none is seen."""
    for _ in range(_ROUNDS):
        latest = at
        for rule in rules:
            found = rule.opens(at)
            if found is None:
                return None
            latest = max(latest, found)
        if latest == at:
            return at
        at = latest
    return None
