"""Where a number may be: its country, and the zones whose clock the called person may have.

As `phonenumbers.timezone` says, thirty times faster (equality is tested), but never nothing: of a number that no plan
holds, every zone of its country is a candidate.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from models.number import plan

_SPECIAL = ("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail")
_UNKNOWN = "Etc/Unknown"


class _Region(NamedTuple):
    """What tells the kinds of numbers of one region apart."""

    name: str
    leading: re.Pattern[str] | None
    special: re.Pattern[str]
    fixed: re.Pattern[str]
    mobile: re.Pattern[str]

    def kind(self, inside: str) -> str:
        """`special`, `fixed`, `mobile`; empty for a number that is none of the region's."""
        if self.fixed.fullmatch(inside):
            return "special" if self.special.fullmatch(inside) else "fixed"
        if self.special.fullmatch(inside):
            return "special"
        return "mobile" if self.mobile.fullmatch(inside) else ""


class Place(NamedTuple):
    """Where a number may be: ISO 3166 country (empty: none) and IANA zones, in order (none: not to be known)."""

    country: str
    zones: tuple[str, ...]


def place_of(number: int) -> Place:
    """Of a number that no plan holds, the main country of its code with all its zones."""
    digits = str(number)
    calling = plan.calling(digits[:3])
    if calling is None:
        return Place("", ())
    inside, code = digits[len(calling.digits) :], int(calling.digits)
    region, kind = _region(_regions(code), inside)
    longest, tables = _tables()
    zones = tables.get(code, ())
    if kind == "fixed" or (kind == "mobile" and code in _mobiles()):
        for size in range(min(longest, len(digits)), len(calling.digits), -1):
            if (found := tables.get(int(digits[:size]))) is not None:
                zones = found
                break
    if calling.region == "001":
        return Place("", zones)
    return Place(region or calling.region, zones)


def zones_of(number: int) -> tuple[str, ...]:
    """IANA names, in order; none when the numbering plans do not say where it is (satellite …)."""
    return place_of(number).zones


def country_of(number: int) -> str:
    """ISO 3166; empty for numbers of no country."""
    return place_of(number).country


def narrowed(candidates: tuple[str, ...], own: str) -> tuple[str, ...]:
    """What a lead's own zone (empty: not known) leaves: that one where the number may lie in it, else both, for a
    person may have moved with the number."""
    if not own:
        return candidates
    return (own,) if own in candidates or not candidates else tuple(sorted({*candidates, own}))


def _region(regions: tuple[_Region, ...], inside: str) -> tuple[str, str]:
    """The region that has this national number, and the kind of number it is there."""
    for one in regions:
        if one.leading is not None:
            if one.leading.match(inside):
                return one.name, one.kind(inside)
        elif kind := one.kind(inside):
            return one.name, kind
    return "", ""


@lru_cache(maxsize=1)
def _mobiles() -> frozenset[int]:
    """Calling codes whose mobile numbers have a place."""
    from phonenumbers.phonenumberutil import _GEO_MOBILE_COUNTRIES

    return frozenset(_GEO_MOBILE_COUNTRIES)


@lru_cache(maxsize=300)
def _regions(code: int) -> tuple[_Region, ...]:
    import phonenumbers

    found = []
    for name in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ()):
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(name, None)
        if metadata is not None:
            leading = re.compile(metadata.leading_digits) if metadata.leading_digits else None
            kinds = [_one_of(metadata, names) for names in (_SPECIAL, ("fixed_line",), ("mobile",))]
            found.append(_Region(name, leading, *kinds))
    return tuple(found)


def _one_of(metadata: object, names: tuple[str, ...]) -> re.Pattern[str]:
    from models.number.quick import pattern_of

    return re.compile("|".join(filter(None, (pattern_of(getattr(metadata, name)) for name in names))) or "(?!)")


@lru_cache(maxsize=1)
def _tables() -> tuple[int, dict[int, tuple[str, ...]]]:
    """By prefix; what is not known is none."""
    from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

    found = {int(key): tuple(sorted({*zones} - {_UNKNOWN})) for key, zones in TIMEZONE_DATA.items()}
    return TIMEZONE_LONGEST_PREFIX, found
