"""What the law of a country asks of a call, from data files: one YAML file per country, read when it is first needed.

Each number in them has a source, and says whether that source was read (`verified`). No legal advice: the files are
what the program does by default, for the operator and his lawyer to read and to change (`gate.countries`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from models.caps import Cap, cap_of
from models.errors import CampaignError
from models.hours import Windows, parse_windows

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Ruled:
    """One statement of a rule set: where it comes from, and whether that text was read."""

    source: str
    verified: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Country:
    """A rule set. Absent parts are None: nothing is known that would stop a call.

    `consent`: bases (`consent`, `existing-customer`, `service`) of calls that need a consent. `feasts`: no calls on
    public holidays: `national` or `regional` ones. `caps` hold for every campaign but emergencies.
    """

    code: str
    name: str = ""
    as_of: str = ""
    windows: Windows | None = None
    feasts: str = ""
    consent: tuple[str, ...] = ()
    caps: tuple[Cap, ...] = ()
    registry_days: int | None = None
    abandoned_percent: float | None = None
    abandoned_days: int = 30
    keep_consent_years: int | None = None
    sources: Mapping[str, Ruled] = field(default_factory=dict)
    regions: Mapping[str, Country] = field(default_factory=dict)
    area_codes: tuple[str, ...] = ()

    def region_of(self, number: int) -> str:
        """The region that an area code names; empty when none does."""
        digits = str(number)
        return next((name for name, one in self.regions.items() if digits.startswith(one.area_codes)), "")

    def in_region(self, region: str) -> Country:
        """With what a region adds to it, or puts in its place."""
        own = self.regions.get(region)
        if own is None:
            return self
        sources = {**self.sources, **{f"{region} {key}": value for key, value in own.sources.items()}}
        return replace(self, windows=own.windows or self.windows, caps=(*self.caps, *own.caps), sources=sources)


@lru_cache(maxsize=8)
def known(folder: Path | None = None) -> tuple[str, ...]:
    """Codes of all countries that have a rule set; `folder` has the operator's own, which go before ours."""
    names = {path.stem for place in (_HERE, folder) if place is not None for path in place.glob("[A-Z][A-Z].yaml")}
    return tuple(sorted(names))


@lru_cache(maxsize=300)
def country(code: str, folder: Path | None = None) -> Country | None:
    """The rule set of an ISO 3166 code, None when there is none. Raises CampaignError for a file with a mistake."""
    for place in (folder, _HERE):
        path = place / f"{code}.yaml" if place is not None else None
        if path is not None and len(code) == 2 and path.is_file():
            return read(path)
    return None


def all_caps(folder: Path | None = None) -> list[Cap]:
    """Of every rule set and its regions. Raises CampaignError for a file with a mistake."""
    laws = [law for code in known(folder) if (law := country(code, folder)) is not None]
    return [cap for law in laws for one in (law, *law.regions.values()) for cap in one.caps]


def read(path: Path) -> Country:
    """Raises CampaignError."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _country(path.stem, raw, str(raw["as_of"]), str(raw["name"]))
    except (OSError, yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CampaignError(f"{path}: {type(error).__name__}: {error}; see the file US.yaml for an example") from error


_PARTS = ("hours", "holidays", "consent", "registry", "abandoned", "keep_consent")
_KNOWN = {"name", "as_of", "notice", "caps", "regions", "area_codes", *_PARTS}


def _country(code: str, raw: Mapping[str, Any], as_of: str, name: str) -> Country:
    unknown = set(raw) - _KNOWN
    if unknown:
        raise ValueError(f"unknown key {min(unknown)!r}; known are: {', '.join(sorted(_KNOWN))}")
    parts = {key: raw[key] for key in _PARTS if raw.get(key)}
    caps = raw.get("caps") or []
    sources = {key: _ruled(part, key) for key, part in parts.items()}
    sources |= {f"cap {one['name']}": _ruled(one, f"cap {one['name']}") for one in caps}
    if "area_codes" in raw:
        sources["area_codes"] = _ruled(raw["area_codes"], "area_codes")
    return Country(
        code,
        name,
        as_of,
        windows=parse_windows(parts["hours"]["windows"]) if "hours" in parts else None,
        feasts=_word(parts, "holidays", "closed", ("national", "regional")),
        consent=tuple(parts.get("consent", {}).get("needed_for", ())),
        caps=tuple(cap_of({key: one[key] for key in one if key not in _SOURCE}) for one in caps),
        registry_days=parts.get("registry", {}).get("days"),
        abandoned_percent=parts.get("abandoned", {}).get("percent"),
        abandoned_days=parts.get("abandoned", {}).get("days", 30),
        keep_consent_years=parts.get("keep_consent", {}).get("years"),
        sources=sources,
        regions={key: _country(f"{code}-{key}", one, as_of, key) for key, one in (raw.get("regions") or {}).items()},
        area_codes=tuple(raw.get("area_codes", {}).get("codes", ())),
    )


_SOURCE = ("source", "verified", "note")


def _ruled(part: Mapping[str, Any], key: str) -> Ruled:
    source, verified = part.get("source"), part.get("verified")
    if not isinstance(source, str) or not isinstance(verified, bool):
        raise ValueError(f"{key}: source (where it is written) and verified (true: that text was read) are missing")
    return Ruled(source, verified, str(part.get("note", "")))


def _word(parts: Mapping[str, Any], key: str, name: str, words: tuple[str, ...]) -> str:
    found = parts.get(key, {}).get(name, "")
    if found and found not in words:
        raise ValueError(f"{key}.{name}: {found!r} is none of {', '.join(words)}")
    return str(found)
