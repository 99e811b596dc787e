"""What the rules of a campaign have to look at, read during a call: the campaign, the law, contacts, consents.

Campaigns are kept parsed, and read again when one has changed; everything else is read for each call.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from models import contacts as rows
from models.callbacks import OPEN_PROMISE
from models.campaign import Campaign, campaign_of
from models.consent import Act
from models.countries import country, known
from models.errors import CampaignError, StoreError
from models.facts import CAMPAIGNS, CONSENTS, LAST_CAMPAIGN, OF_NUMBER, campaigns_of, consent_of, of_row
from models.query import Query
from models.reader import Reader
from models.rows import clean, event_from_values
from models.rules import Case, Demand, Lead, caps_of
from models.tables import from_micros, to_micros
from models.withdrawal import OPT_OUTS, late
from models.zones import Place, narrowed, place_of

_MONTH = 30 * 86_400
_LONGEST = 100  # characters of a person's or a matter's key


class Blocked(NamedTuple):
    """Nothing can be said of the campaign; `why` is for the administrator."""

    why: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is to be called, and for whom."""

    campaign: str
    number: int
    lead: Lead


class Cases:
    """Used from one thread, with the reader's own connection. `folder`: the operator's own rule sets."""

    def __init__(self, reader: Reader, demand: Demand | None = None, folder: Path | None = None) -> None:
        self._reader = reader
        self._demand = demand or Demand()
        self._folder = folder
        self._newest: list[Any] | None = None
        self._state: object = None
        self._campaigns: dict[str, Campaign] = {}

    def of(self, asked: Asked, at: datetime) -> Case | Blocked | None:
        """None: no campaign is named, or none is defined anywhere. Never raises, never waits."""
        if not asked.campaign:
            return None
        try:
            campaigns = self.campaigns()
            return self._case(asked, campaigns.get(asked.campaign.lower()), at) if campaigns else None
        except (sqlite3.Error, OSError, StoreError, CampaignError, ValueError) as error:
            return Blocked(f"campaign {asked.campaign}: {error}")

    def any_defined(self) -> bool:
        """Is any campaign defined? False when that cannot be read. Never raises."""
        return bool(self._readable())

    def defined(self, name: str) -> Campaign | None:
        """The campaign of this name, as it was last read when that cannot be done now; None: none is known. Never
        raises."""
        return self._readable().get(name.lower()) if name else None

    def once(self, name: str) -> list[Campaign]:
        """All that a campaign of this name has ever been, the oldest first. Raises StoreError."""
        try:
            found = [of_row(row) for row in self._rows(CAMPAIGNS)]
            return [campaign_of(one.body) for one in found if one.subject == name.lower()]
        except (sqlite3.Error, OSError, CampaignError, ValueError) as error:
            raise StoreError(f"campaign {name}: {error}") from error

    def _readable(self) -> dict[str, Campaign]:
        try:
            return self.campaigns()
        except (sqlite3.Error, OSError, StoreError, CampaignError, ValueError):
            return self._campaigns

    def campaigns(self) -> dict[str, Campaign]:
        """By lower-case name, as they are now. Raises what the driver raises, StoreError, ValueError."""
        state = self._reader.state()
        if state is not None and state == self._state:
            return self._campaigns
        newest = self._rows(LAST_CAMPAIGN)
        if newest != self._newest:
            self._campaigns = campaigns_of([of_row(row) for row in self._rows(CAMPAIGNS)])
            self._newest = newest
        self._state = state
        return self._campaigns

    def _case(self, asked: Asked, campaign: Campaign | None, at: datetime) -> Case:
        if campaign is None:
            return Case(asked.campaign, None, asked.number, demand=self._demand)
        case = case_of(asked, campaign, self._demand, self._folder)
        return self._filled(case, at)

    def filled(self, case: Case, at: datetime) -> Case | Blocked:
        """With the contacts and consents that the store has. Never raises."""
        try:
            return self._filled(case, at)
        except (sqlite3.Error, OSError, StoreError, ValueError) as error:
            return Blocked(f"campaign {case.name}: {error}")

    def _filled(self, case: Case, at: datetime) -> Case:
        asked = _asked_of(case, at)
        found, pressed, ((promised,),), *told = self._reader.together(*asked)
        consents = [consent_of(of_row(row)) for row in found if row[2] in CONSENTS]
        if pressed and any(one.act is Act.GRANT for one in consents):
            consents += late(map(event_from_values, pressed), self.campaigns(), consents)
        contacts = [rows.contact_of(row) for some in told for row in some]
        return replace(
            case,
            contacts=tuple({one.id: one for one in contacts}.values()),
            consents=tuple(consents),
            promised=None if promised is None else from_micros(promised),
        )

    def _rows(self, query: Query, **values: int | str) -> list[Any]:
        return self._reader.rows(query, **values)


def _asked_of(case: Case, at: datetime) -> list[tuple[Query, dict[str, int | str]]]:
    """Facts of the number, its opt-outs, the oldest promise that nobody has kept, contacts: as far back as any cap
    looks, and the history needs."""
    caps, lead = caps_of(case), case.lead
    since = to_micros(at - timedelta(seconds=max([_MONTH, *(cap.longest for cap in caps)])))
    keys = {cap.key for cap in caps}
    asked: list[tuple[Query, dict[str, int | str]]] = [
        (OF_NUMBER, {"n": case.number}),
        (OPT_OUTS, {"n": case.number}),
        (OPEN_PROMISE, {"n": case.number, "t": to_micros(at)}),
        (rows.BY_NUMBER, {"n": case.number, "t": since}),
        (rows.ENDED, {"n": case.number}),
    ]
    if lead.person and "person" in keys:
        asked.append((rows.BY_PERSON, {"k": lead.person, "t": since}))
    if lead.matter and "matter" in keys:
        asked.append((rows.BY_MATTER, {"k": lead.matter, "t": since}))
    return asked


def case_of(asked: Asked, campaign: Campaign, demand: Demand, folder: Path | None = None) -> Case:
    """What can be said without the store: the place, the law, the zones. Raises CampaignError."""
    place, candidates = place_of(asked.number)
    return placed(asked, campaign, demand, Place(place, candidates), folder)


def placed(asked: Asked, campaign: Campaign, demand: Demand, where: Place, folder: Path | None = None) -> Case:
    """The same for a number whose place is known. Raises CampaignError."""
    law = country(where.country, folder) if where.country else None
    lead = _storable(asked.lead)
    region = lead.region or (law.region_of(asked.number) if law else "")
    own = campaign.country if len(campaign.country) == 2 and campaign.country != where.country else ""
    return Case(
        campaign.name,
        campaign,
        asked.number,
        where.country,
        law.in_region(region) if law else None,
        country(own, folder) if own else None,
        narrowed(where.zones, lead.zone),
        lead if region == lead.region else replace(lead, region=region),
        demand=demand,
    )


def _storable(lead: Lead) -> Lead:
    """What caps compare is what any database takes, and gives back as it was."""
    keys = {"person": clean(lead.person, _LONGEST), "matter": clean(lead.matter, _LONGEST)}
    return lead if (lead.person, lead.matter) == tuple(keys.values()) else replace(lead, **keys)


def warm() -> None:
    """Load what the first call would load: numbering plans, zones, holidays, rule sets. In any thread."""
    from models.feasts import has

    place_of(48_600_100_200)
    has("PL")
    for code in known():
        country(code)
