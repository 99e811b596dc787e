"""Calls that were answered with nobody there, by campaign, over some days: the rate that a regulator asks for.

Of this host's calls: each site has its own rate, and sees to it that it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import String, cast, func, select

from models.campaign import Campaign
from models.caps import State
from models.countries import Country, country, known
from models.facts import CAMPAIGN, campaigns_of, read
from models.store import Store
from models.tables import ANSWERED, contact, to_micros
from models.zones import country_of

_HEAD = 4  # digits of a number that tell its country, in the North American plan too


@dataclass(frozen=True, slots=True)
class Rate:
    """`answered` has the abandoned ones in it. `country`: of the called numbers; `most`: percent that its law, or the
    campaign's, allows over `days`; None: it says nothing."""

    campaign: str
    answered: int
    abandoned: int
    country: str = ""
    most: float | None = None
    days: int = 30

    @property
    def percent(self) -> float:
        """Of the answered calls; 0 when there are none."""
        return 100 * self.abandoned / self.answered if self.answered else 0.0

    @property
    def above(self) -> bool:
        """More than the law allows? Of so few calls that a single one would be too many nothing is said yet."""
        return self.most is not None and self.percent > self.most and self.answered * self.most >= 100


def rates(store: Store, at: datetime, days: int = 30) -> list[Rate]:
    """Of each campaign with answered calls in the days before. Raises StoreError."""
    found: dict[str, list[int]] = {}
    for (name, _), counts in _counts(store, at, days).items():
        mine = found.setdefault(name, [0, 0])
        mine[0] += counts[0]
        mine[1] += counts[1]
    return [Rate(name, answered, abandoned, days=days) for name, (answered, abandoned) in sorted(found.items())]


def by_law(store: Store, at: datetime, folder: Path | None = None) -> list[Rate]:
    """Of each campaign and called country that has a limit; `folder`: the operator's own rule sets. Raises StoreError,
    CampaignError, ValueError."""
    campaigns = campaigns_of(read(store, CAMPAIGN))
    laws = [one for code in known(folder) if (one := country(code, folder)) is not None]
    found = []
    for days in sorted({law.abandoned_days for law in laws if law.abandoned_percent is not None}):
        for (name, called), counts in sorted(_counts(store, at, days).items()):
            most = limit(campaigns.get(name), called, days, {law.code: law for law in laws})
            if most is not None:
                found.append(Rate(name, *counts, called, most, days))
    return found


def limit(campaign: Campaign | None, called: str, days: int, laws: Mapping[str, Country]) -> float | None:
    """PURE: percent over these days, by the called country's rule set and the one that the campaign names."""
    if campaign is not None and (campaign.country == "none" or campaign.basis == "emergency"):
        return None
    named = [laws.get(called), laws.get(campaign.country) if campaign is not None else None]
    found = [one for one in named if one is not None and one.abandoned_days == days]
    return min((one.abandoned_percent for one in found if one.abandoned_percent is not None), default=None)


def told_of(one: Rate) -> dict[str, Any]:
    """PURE: for programs."""
    return {
        "campaign": one.campaign,
        "country": one.country,
        "answered": one.answered,
        "abandoned": one.abandoned,
        "percent": round(one.percent, 2),
        "most": one.most,
        "days": one.days,
    }


def line(one: Rate) -> str:
    """PURE: for people."""
    limit = "" if one.most is None else f", {'above' if one.above else 'allowed are'} {one.most:g} %"
    return (
        f"{one.abandoned} of {one.answered} answered in {one.days} days with nobody there, {one.country}: "
        f"{one.percent:.2f} %{limit}"
    )


def _counts(store: Store, at: datetime, days: int) -> dict[tuple[str, str], tuple[int, int]]:
    """(campaign, called country) -> answered, and those of them with nobody there."""
    head = func.substr(cast(contact.c.number, String), 1, _HEAD)
    query = select(contact.c.campaign, contact.c.state, head, func.count()).where(
        ANSWERED,
        contact.c.at > to_micros(at - timedelta(days=days)),
        contact.c.at <= to_micros(at),
        contact.c.campaign != "",
    )
    found: dict[tuple[str, str], tuple[int, int]] = {}
    with store.reading() as connection:
        for name, state, digits, count in connection.execute(query.group_by(contact.c.campaign, contact.c.state, head)):
            key = name.lower(), _country(digits)
            answered, abandoned = found.get(key, (0, 0))
            found[key] = answered + count, abandoned + count * (state == State.ABANDONED.value)
    return found


@lru_cache(maxsize=10_000)
def _country(digits: str) -> str:
    """Of the numbers that begin so; of a plan of several countries the main one where that is not enough."""
    return country_of(int(digits.ljust(11, "5")))
