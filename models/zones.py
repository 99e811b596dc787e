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

    def has(self, inside: str) -> bool:
        """Is this national number one of the region's?"""
        if self.leading is not None:
            return self.leading.match(inside) is not None
        return any(one.fullmatch(inside) for one in (self.special, self.fixed, self.mobile))


def zones_of(number: int) -> tuple[str, ...]:
    """IANA names, in order; none when the numbering plans do not say where it is (satellite …)."""
    digits = str(number)
    calling = plan.calling(digits[:3])
    if calling is None:
        return ()
    inside = digits[len(calling.digits) :]
    longest, tables = _tables()
    if _is_geographic(int(calling.digits), inside):
        for size in range(min(longest, len(digits)), len(calling.digits), -1):
            if (found := tables.get(int(digits[:size]))) is not None:
                return found
    return tables.get(int(calling.digits), ())


def country_of(number: int) -> str:
    """ISO 3166; empty for numbers of no country. Of a number that no plan holds, the main country of its code."""
    digits = str(number)
    calling = plan.calling(digits[:3])
    if calling is None or calling.region == "001":
        return ""
    regions = _regions(int(calling.digits))
    if len(regions) < 2:
        return calling.region
    found = _region(regions, digits[len(calling.digits) :])
    return found.name if found is not None else calling.region


def narrowed(candidates: tuple[str, ...], own: str) -> tuple[str, ...]:
    """What a lead's own zone (empty: not known) leaves: that one where the number may lie in it, else both, for a
    person may have moved with the number."""
    if not own:
        return candidates
    return (own,) if own in candidates or not candidates else tuple(sorted({*candidates, own}))


def _is_geographic(code: int, inside: str) -> bool:
    from phonenumbers.phonenumberutil import _GEO_MOBILE_COUNTRIES

    region = _region(_regions(code), inside)
    if region is None or region.special.fullmatch(inside):
        return False
    if region.fixed.fullmatch(inside):
        return True
    return code in _GEO_MOBILE_COUNTRIES and region.mobile.fullmatch(inside) is not None


def _region(regions: tuple[_Region, ...], inside: str) -> _Region | None:
    for one in regions:
        if one.has(inside):
            return one
    return None


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
