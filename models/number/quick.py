"""The same answer as `interpret` for plain texts, thirty times faster: for files of a million numbers.

A text that is not plainly one valid number gets None, and the caller asks `interpret`. Equality is tested.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata
from phonenumbers.phonemetadata import PhoneNumberDesc

from models.number import plan
from models.number.kinds import Site, extension_pattern

_SEPARATORS = str.maketrans("", "", " -()")
_PLAIN = re.compile(r"\+?[0-9][0-9 ()-]{5,24}", re.ASCII)
_HEAD = re.compile(r"\+[1-9][0-9]{2}", re.ASCII)
_NEVER = re.compile("(?!)")
_HEADS = 5000  # beginnings of texts that are known at a time
_LONGEST_EMERGENCY = 6
_TYPES = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)

Quick = Callable[[str], int | None]


class _Region:
    """What makes a national number valid in one region of a calling code."""

    def __init__(self, metadata: PhoneMetadata) -> None:
        types = [pattern_of(getattr(metadata, name)) for name in _TYPES]
        general = pattern_of(metadata.general_desc) or "(?!)"
        self.leading = metadata.leading_digits or ""
        self.pattern = rf"(?=(?:{general})\Z)(?:{'|'.join(filter(None, types)) or '(?!)'})\Z"


def pattern_of(desc: PhoneNumberDesc | None) -> str:
    """A description as one pattern with its lengths; empty for none."""
    if desc is None or desc.national_number_pattern is None:
        return ""
    lengths = "|".join(rf"\d{{{size}}}\Z" for size in desc.possible_length if size > 0)
    ahead = f"(?={lengths})" if lengths else ""
    return f"(?:{ahead}(?:{desc.national_number_pattern}))"


@lru_cache(maxsize=300)
def _regions(code: int) -> tuple[_Region, ...]:
    """The regions of a geographic calling code in the library's order; empty for the others."""
    names = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    found = [PhoneMetadata.metadata_for_region(name, None) for name in names if name != "001"]
    return tuple(_Region(metadata) for metadata in found if metadata is not None)


def _within(code: int) -> str:
    """The numbers inside a geographic calling code as one pattern. The first region whose leading digits are the
    number's decides; before it, any region without leading digits that has the number."""
    found = "(?!)"
    for region in reversed(_regions(code)):
        if region.leading:
            found = rf"(?:(?={region.leading}){region.pattern}|(?!{region.leading}){found})"
        else:
            found = rf"(?:{region.pattern}|{found})"
    return found


@lru_cache(maxsize=300)
def _inside(code: int) -> re.Pattern[str]:
    return re.compile(_within(code), re.ASCII)


def holds(code: int, inside: str) -> bool:
    """Is this a number of the plan of a geographic calling code? As `phonenumbers.is_valid_number` says."""
    return _inside(code).match(inside) is not None


def _settled(calling: plan.Calling) -> str:
    """Pattern of valid national numbers that begin with nothing that may be dialled in front of a number there."""
    if calling.marked:
        return "(?!)"
    most = plan.MAX_DIGITS - len(calling.digits)
    sizes = "|".join(rf"\d{{{size}}}\Z" for size in sorted(calling.lengths) if plan.SHORT < size <= most) or "(?!)"
    return rf"(?={sizes})(?!{calling.trunk.pattern})(?!0){_within(int(calling.digits))}"


@lru_cache(maxsize=2000)
def _canonical(head: str) -> re.Pattern[str]:
    """Of texts that begin with + and these three digits, the ones that are valid as they stand."""
    calling = plan.calling(head[1:]) if _HEAD.fullmatch(head) else None
    return re.compile(rf"\+{calling.digits}{_settled(calling)}", re.ASCII) if calling is not None else _NEVER


@lru_cache(maxsize=64)
def quick(site: Site) -> Quick:
    """The function of one site: text -> E.164 of a valid number with no other reading, or None."""
    national, alone = _national(site)
    home = plan.home(site.country).digits
    heads: dict[str, Callable[[str], object]] = {}

    def read(text: str) -> int | None:
        if alone(text) is not None:
            return int(home + text)
        head = text[:4]
        if (pattern := heads.get(head)) is None:
            if len(heads) > _HEADS:
                heads.clear()
            pattern = heads[head] = _canonical(head).match
        if pattern(text) is not None:
            return int(text)
        if _PLAIN.fullmatch(text) is None:
            return None
        if not text.isdigit():
            text = text.translate(_SEPARATORS)
        return _international(text[1:]) if text[0] == "+" else national(text)

    return read


def _international(digits: str) -> int | None:
    return int(digits) if _canonical("+" + digits[:3]).match("+" + digits) is not None else None


def _nothing(_text: str) -> int | None:
    return None


Match = Callable[[str], object]


def _national(site: Site) -> tuple[Quick, Match]:
    """For numbers that begin with nothing that may have to be taken off; others are read slowly. Besides, what tells a
    number that is written with no prefix at all."""
    nothing = _nothing, _NEVER.match
    metadata = PhoneMetadata.metadata_for_region(site.country, None)
    home = plan.home(site.country)
    if metadata is None or site.tech_prefixes or site.trunk_prefix or site.international:
        return nothing
    if home.marked or site.country in _HIDING or metadata.national_prefix_transform_rule:
        return nothing
    trunk = metadata.national_prefix or ""
    if (metadata.national_prefix_for_parsing or "") not in (trunk, f"{trunk}?"):
        return nothing
    abroad = metadata.international_prefix or "(?!)"
    return _reader(site, home, trunk, re.compile(abroad)), _bare(site, home, trunk, abroad).match


_HIDING = frozenset({"AU", "FR", "GB", "HK", "JP"})  # digits before a number that hide the caller's own


def _shortest(home: plan.Calling, trunk: str) -> int:
    return _LONGEST_EMERGENCY + 1 + max(1, len(home.digits), len(trunk))


def _bare(site: Site, home: plan.Calling, trunk: str, abroad: str) -> re.Pattern[str]:
    """Digits that begin with nothing that could be a prefix."""
    internal = (rf"(?:{extension_pattern(pattern).pattern})\Z" for pattern in site.internal)
    heads = [home.digits, *filter(None, [site.outside_line, trunk, *home.former, abroad]), *internal]
    ahead = "".join(f"(?!{head})" for head in heads)
    return re.compile(rf"{ahead}(?=\d{{{_shortest(home, trunk)},}}\Z){_settled(home)}", re.ASCII)


def _reader(site: Site, home: plan.Calling, trunk: str, abroad: re.Pattern[str]) -> Quick:
    internal = [extension_pattern(pattern) for pattern in site.internal]
    shortest = _shortest(home, trunk)
    more = (*home.former, site.outside_line) if site.outside_line else tuple(home.former)  # they may be no prefix too

    def inside(text: str) -> str | None:
        if trunk and text.startswith(trunk):
            return text[len(trunk) :]
        if text.startswith(home.digits):
            longer = len(text) > max(home.lengths)
            return text[len(home.digits) :] if longer else None if home.national_prefix else text
        return text

    def read(text: str) -> int | None:
        if len(text) < shortest or abroad.match(text) or text.startswith(more):
            return None
        if any(pattern.fullmatch(text) for pattern in internal):
            return None
        number = inside(text)
        return None if number is None or number[:1] in ("", "0") else _international(home.digits + number)

    return read
