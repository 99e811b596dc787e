"""Public holidays, by the `holidays` package: which days they are changes every year, and its maintainers follow it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Feasts:
    """The holidays of a country; of `region` too, or, when it is empty and `regional`, of any of its regions: a call
    must not fall on a holiday of the place where the person may be."""

    country: str
    region: str = ""
    regional: bool = False

    def name(self, day: date) -> str:
        """Of the holiday; empty for any other day."""
        return _of_year(self, day.year).get(day, "")


@lru_cache(maxsize=256)
def _of_year(feasts: Feasts, year: int) -> dict[date, str]:
    import holidays

    regions: list[str | None] = [None]
    if feasts.regional:
        known = subdivisions(feasts.country)
        regions += [feasts.region] if feasts.region in known else known
    found: dict[date, str] = {}
    for region in regions:
        for day, name in holidays.country_holidays(feasts.country, subdiv=region, years=year).items():
            found.setdefault(day, f"{name} ({region})" if region and day not in found else name)
    return found


@lru_cache(maxsize=256)
def subdivisions(country: str) -> list[str]:
    """Names of the regions that have holidays of their own."""
    import holidays

    return list(holidays.country_holidays(country).subdivisions) if has(country) else []


@lru_cache(maxsize=300)
def has(country: str) -> bool:
    """Are the holidays of this country known?"""
    if not country:
        return False
    import holidays

    return country in holidays.list_supported_countries(include_aliases=False)
