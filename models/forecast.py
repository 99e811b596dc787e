"""Who of a file of leads can be called when: the same rules as for a call, worked out once for all leads that they
cannot tell apart (same country, zones, region, and nothing known of them), and lead by lead for the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from models.bulk import Known, reading
from models.campaign import Campaign
from models.cases import Asked, Blocked, case_of, placed
from models.countries import all_caps, country
from models.gate import Judge
from models.number import NotANumber, Number, Site, interpret
from models.policy import Decision, Facts, NotListed, Reason, decide, refuse
from models.registry.watch import Registries
from models.rules import NO_LEAD, Case, Demand, Lead
from models.store import Store
from models.tables import contact, fact
from models.zones import Place, place_of

_NOBODY = (Reason.EMERGENCY, Reason.SHORT_CODE, Reason.INTERNAL)


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment to before another one, in steps."""

    start: datetime
    end: datetime
    step: timedelta = timedelta(hours=1)

    @property
    def moments(self) -> list[datetime]:
        """Beginnings of the steps."""
        count = max(1, -(-(self.end - self.start) // self.step))
        return [self.start + self.step * number for number in range(count)]


class Outlook(NamedTuple):
    """Of one lead: in which steps it can be called, and, when in none, what stops it."""

    open: tuple[bool, ...]
    reason: str
    first: Decision  # at the beginning


@dataclass(slots=True)
class Forecast:
    """Of all leads: how many can be called in each step, in any of them, and what stops the others."""

    span: Span
    leads: int = 0
    callable: int = 0
    by_step: list[int] = field(default_factory=list)
    stopped: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.by_step = [0] * len(self.span.moments)

    def add(self, found: Outlook, count: int = 1) -> None:
        """Some leads of one outlook."""
        self.leads += count
        if not any(found.open):
            self.stopped[found.reason] += count
            return
        self.callable += count
        for number, is_open in enumerate(found.open):
            self.by_step[number] += count * is_open


@dataclass(frozen=True, slots=True)
class Ground:
    """What the forecast stands on. `campaign` as it would be, which need not be the one that is defined."""

    judge: Judge
    campaign: Campaign
    demand: Demand = field(default_factory=Demand)
    folder: Path | None = None


class Forecaster:
    """For one campaign and span. Reads who is known at all once; SQL only for those."""

    def __init__(self, ground: Ground, store: Store, registries: Registries, span: Span) -> None:
        """Raises StoreError."""
        self._ground = ground
        self._registries = registries
        self._span = span
        self._moments = span.moments
        self._read = reading(ground.judge.site)
        self._known = Known(store)
        with store.reading() as connection:
            self._met = set(connection.execute(select(contact.c.number).distinct()).scalars())
            self._met |= set(connection.execute(select(fact.c.number).where(fact.c.number > 0).distinct()).scalars())
        self._aging = registries.is_aging(span.start, span.end)
        self._keyed = {cap.key for cap in (*ground.campaign.all_caps, *all_caps(ground.folder))} - {"number"}
        self._groups: dict[tuple[object, ...], Outlook] = {}
        self._regions: dict[str, tuple[str, ...]] = {}

    def add(self, forecast: Forecast, texts: Sequence[str], leads: Sequence[Lead] | None = None) -> None:
        """Some leads as they stand in a file. Raises StoreError, CampaignError."""
        found = self._each(texts, leads)
        alike = {id(one): one for one in found}  # those of a group are one and the same
        for key, count in Counter(map(id, found)).items():
            forecast.add(alike[key], count)

    def decisions(self, texts: Sequence[str], leads: Sequence[Lead] | None = None) -> list[Decision]:
        """Of each lead at the beginning of the span. Raises StoreError, CampaignError."""
        return [one.first for one in self._each(texts, leads)]

    @property
    def site(self) -> Site:
        """How numbers are written here."""
        return self._ground.judge.site

    def _each(self, texts: Sequence[str], leads: Sequence[Lead] | None) -> list[Outlook]:
        numbers = self._read(texts)
        plain = [number for number in numbers if number is not None]
        apart = self._known.suspects(plain) | self._registries.suspects(plain, self._span.start)
        apart |= self._met.intersection(plain)
        if leads is None:
            return [
                self.outlook(text) if number is None or number in apart else self._of_group(number, NO_LEAD)
                for number, text in zip(numbers, texts, strict=True)
            ]
        return [
            self.outlook(text, lead)
            if number is None or number in apart or self._has_key(lead)
            else self._of_group(number, lead)
            for number, text, lead in zip(numbers, texts, leads, strict=True)
        ]

    def outlook(self, text: str, lead: Lead = NO_LEAD) -> Outlook:
        """Of one lead, from everything that is known of it."""
        ground, start = self._ground, self._span.start
        destination = interpret(text, ground.judge.site)
        if isinstance(destination, NotANumber):
            return self._over(Facts(destination, ground.campaign.name, NotListed(), ground.judge.rules))
        asked = Asked(ground.campaign.name, destination.e164, lead)
        known = ground.judge.know(destination, start).entries
        case: Case | Blocked | None = None
        if ground.judge.cases is not None:
            case = ground.judge.cases.filled(case_of(asked, ground.campaign, ground.demand, ground.folder), start)
        if isinstance(case, Blocked):
            refused = refuse(Reason.POLICY_UNAVAILABLE, case.why)
            return Outlook((False,) * len(self._moments), refused.reason.value, refused)
        registered = ground.judge.registered(destination, start)
        stale = ground.judge.stale()
        return self._over(Facts(destination, ground.campaign.name, known, ground.judge.rules, registered, stale, case))

    def _has_key(self, lead: Lead) -> bool:
        return bool(self._keyed) and any(getattr(lead, key) for key in self._keyed)

    def _of_group(self, number: int, lead: Lead) -> Outlook:
        where = place_of(number)
        region = lead.region or self._region_of(where, number)
        key = (where, region, lead if lead is NO_LEAD else replace(lead, person="", matter=""))
        found = self._groups.get(key)
        if found is None:
            ground = self._ground
            asked = Asked(ground.campaign.name, number, replace(lead, region=region))
            case = placed(asked, ground.campaign, ground.demand, where, ground.folder)
            facts = Facts(Number(number), case.name, NotListed(), ground.judge.rules, (), ground.judge.stale(), case)
            found = self._groups[key] = self._over(facts)
        return found

    def _region_of(self, where: Place, number: int) -> str:
        codes = self._regions.get(where.country)
        if codes is None:
            law = country(where.country, self._ground.folder) if where.country else None
            codes = tuple(code for one in law.regions.values() for code in one.area_codes) if law else ()
            self._regions[where.country] = codes
        if not codes or not str(number).startswith(codes):
            return ""
        law = country(where.country, self._ground.folder)
        return law.region_of(number) if law is not None else ""

    def _over(self, facts: Facts) -> Outlook:
        decisions: list[Decision] = [decide(self._aged(facts, moment), moment) for moment in self._moments]
        reason = decisions[0].reason
        if reason in _NOBODY:
            return Outlook((False,) * len(decisions), reason.value, decisions[0])
        return Outlook(tuple(one.allowed for one in decisions), reason.value, decisions[0])

    def _aged(self, facts: Facts, moment: datetime) -> Facts:
        """With what registries say at that moment, where one gets too old meanwhile."""
        if not self._aging or isinstance(facts.destination, NotANumber):
            return facts
        return replace(facts, registered=self._ground.judge.registered(facts.destination, moment))
