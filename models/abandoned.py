"""Calls that were answered with nobody there, by campaign, over some days: the rate that a regulator asks for.

Of the calls of all sites, where this host knows what the others have answered (`models.elsewhere`); else of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from models.answered import Counts, counts, together
from models.campaign import Campaign
from models.countries import Country, country, known
from models.elsewhere import kept
from models.facts import CAMPAIGN, campaigns_of, read
from models.store import Store


@dataclass(frozen=True, slots=True)
class Rate:
    """`answered` has the abandoned ones in it. `country`: of the called numbers; `most`: percent that its law, or the
    campaign's, allows over `days`; None: it says nothing. `all_sites`: those of the others are counted too."""

    campaign: str
    answered: int
    abandoned: int
    country: str = ""
    most: float | None = None
    days: int = 30
    all_sites: bool = False

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
    counted, everywhere = _counts(store, at, days)
    found: dict[str, tuple[int, int]] = {}
    for (name, _), (answered, abandoned) in counted.items():
        before = found.get(name, (0, 0))
        found[name] = before[0] + answered, before[1] + abandoned
    return [Rate(name, one, other, "", None, days, everywhere) for name, (one, other) in sorted(found.items())]


def by_law(store: Store, at: datetime, folder: Path | None = None) -> list[Rate]:
    """Of each campaign and called country that has a limit; `folder`: the operator's own rule sets. Raises StoreError,
    CampaignError, ValueError."""
    campaigns = campaigns_of(read(store, CAMPAIGN))
    laws = {law.code: law for law in _with_limit(folder)}
    found = []
    for days in spans(folder):
        counted, everywhere = _counts(store, at, days)
        for (name, called), numbers in sorted(counted.items()):
            most = limit(campaigns.get(name), called, days, laws)
            if most is not None:
                found.append(Rate(name, *numbers, called, most, days, everywhere))
    return found


def spans(folder: Path | None = None) -> list[int]:
    """Over how many days the laws count. Raises CampaignError."""
    return sorted({law.abandoned_days for law in _with_limit(folder)})


def _with_limit(folder: Path | None) -> list[Country]:
    laws = [law for code in known(folder) if (law := country(code, folder)) is not None]
    return [law for law in laws if law.abandoned_percent is not None]


def _counts(store: Store, at: datetime, days: int) -> tuple[Counts, bool]:
    """And whether all sites are in it."""
    with store.reading() as connection:
        own = counts(connection, at, days)
    others = kept(store, at).get(days)
    return (own, False) if others is None else (together(own, others), True)


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
        "sites": "all" if one.all_sites else "this",
    }


def line(one: Rate) -> str:
    """PURE: for people."""
    limit = "" if one.most is None else f", {'above' if one.above else 'allowed are'} {one.most:g} %"
    return (
        f"{one.abandoned} of {one.answered} answered in {one.days} days with nobody there, {one.country}: "
        f"{one.percent:.2f} %{limit}{', all sites' if one.all_sites else ''}"
    )
