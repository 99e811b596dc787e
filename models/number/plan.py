"""Numbering plans: what `phonenumbers` knows, asked in the few ways needed here.

Everything speaks of E.164 digits without the plus. Two written forms of one telephone come out as
the same digits: +52 1 … as +52 …, +54 9 … as +54 …, and a trunk prefix left behind a country code goes.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumber, ValidationResult, shortnumberinfo

MAX_DIGITS = 15  # ITU-T E.164
SHORT = 6  # no emergency number has more digits
#: trunk prefixes that a country gave up, but lists and callers still hold; "0" is tried where there is none
_FORMER_TRUNK = {52: ("01", "044", "045"), 371: ("8", "0"), 372: ("8", "0"), 992: ("8", "0"), 998: ("8", "0")}
# a digit between country code and area code that marked mobiles: (digits with it, digit)
_MOBILE_MARK = {52: (11, "1"), 54: (11, "9")}


@dataclass(frozen=True, slots=True)
class Calling:
    """One country calling code: its digits, main region, national lengths, what may be a trunk prefix."""

    digits: str
    region: str
    national_prefix: str
    lengths: frozenset[int]
    trunk: re.Pattern[str]
    former: tuple[str, ...]
    marked: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand dialled digits."""

    digits: str
    valid: bool
    length: int  # a phonenumbers.ValidationResult

    @property
    def possible(self) -> bool:
        return self.length == ValidationResult.IS_POSSIBLE and len(self.digits) <= MAX_DIGITS


def known_country(country: str) -> bool:
    """Is there a numbering plan for this ISO 3166 code? For checking settings."""
    return country in phonenumbers.SUPPORTED_REGIONS


@lru_cache(maxsize=1000)
def calling(head: str) -> Calling | None:
    """The plan of the country code that these first three digits begin with."""
    for size in range(1, 1 + (0 if head.startswith("0") else len(head))):
        region = phonenumbers.region_code_for_country_code(int(head[:size]))
        if region != "ZZ":
            return _calling(head[:size], region)
    return None


def home(country: str) -> Calling:
    """The plan of a site's own country. Raises ValueError for a country without one."""
    code = phonenumbers.country_code_for_region(country)
    found = calling(str(code)) if code else None
    if found is None:
        raise ValueError(f"country: {country!r} has no numbering plan; use an ISO 3166 code such as PL")
    return found


def _calling(code: str, region: str) -> Calling:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    if metadata is None or metadata.general_desc is None:  # the library has a plan for every code it names
        raise LookupError(f"phonenumbers has no plan for +{code}")
    own = metadata.national_prefix or ""
    former = () if own else _FORMER_TRUNK.get(int(code), ("0",))
    heads = [*former, *filter(None, [metadata.national_prefix_for_parsing])]
    trunk = re.compile("|".join(f"(?:{one})" for one in heads))
    lengths = frozenset(metadata.general_desc.possible_length)
    return Calling(code, region, own, lengths, trunk, former, int(code) in _MOBILE_MARK)


def canonical(digits: str) -> bool:
    """True when these digits surely stand for themselves: a settled number of possible length."""
    plan = calling(digits[:3])
    if plan is None or plan.marked:
        return False
    size = len(digits) - len(plan.digits)
    return size > SHORT and size in plan.lengths and plan.trunk.match(digits, len(plan.digits)) is None


def national(dialled: str, country: str) -> str | None:
    """E.164 digits of what is dialled inside a country, by its own rules; None when they give none."""
    try:
        return _e164(phonenumbers.parse(dialled, country))
    except NumberParseException:
        return None


def read(digits: str) -> Reading:
    """Settle E.164 digits: reading a result again gives the same result."""
    while (number := _parsed(digits)) is not None:
        settled = _unmarked(number)
        if settled == digits:
            valid = phonenumbers.is_valid_number(number) or _is_valid(digits)
            settled = digits if valid else _without_former_trunk(digits)
            if settled == digits:
                return Reading(digits, valid, phonenumbers.is_possible_number_with_reason(number))
        digits = settled  # shorter than before
    return Reading(digits, False, ValidationResult.INVALID_COUNTRY_CODE)


def is_valid(e164: int) -> bool:
    """Does a numbering plan hold this number, with or without its mobile mark?"""
    return _is_valid(str(e164))


@lru_cache(maxsize=4096)
def _is_valid(digits: str) -> bool:
    plan = calling(digits[:3])
    if plan is None or len(digits) > MAX_DIGITS:
        return False
    forms = [digits]
    if plan.marked:
        mark = _MOBILE_MARK[int(plan.digits)][1]
        forms.append(plan.digits + mark + digits[len(plan.digits) :])
    return any(_plan_holds(form) for form in forms)


def _plan_holds(digits: str) -> bool:
    number = _parsed(digits)
    return number is not None and phonenumbers.is_valid_number(number)


def _parsed(digits: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse("+" + digits, None)
    except NumberParseException:
        return None


def _e164(number: PhoneNumber) -> str:
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"


def _unmarked(number: PhoneNumber) -> str:
    inside = phonenumbers.national_significant_number(number)
    size, mark = _MOBILE_MARK.get(number.country_code or 0, (0, ""))
    if len(inside) == size and inside.startswith(mark):
        inside = inside[len(mark) :]
    return f"{number.country_code}{inside}"


def as_written(e164: int, country: str) -> str:
    """As somebody in the country reads it off a telephone: digits with the trunk prefix, another country's with 00."""
    number = _parsed(str(e164))
    if number is None:
        return f"+{e164}"
    if number.country_code == phonenumbers.country_code_for_region(country):
        national_form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        return "".join(char for char in national_form if char.isdigit())
    metadata = PhoneMetadata.metadata_for_region(country)
    prefix = (metadata.preferred_international_prefix or metadata.international_prefix) if metadata else None
    return f"{prefix}{e164}" if prefix and prefix.isdigit() else f"+{e164}"


def _without_former_trunk(digits: str) -> str:
    plan = calling(digits[:3])
    if plan is None:
        return digits
    inside = digits[len(plan.digits) :]
    without = [plan.digits + inside[len(one) :] for one in plan.former if inside.startswith(one)]
    return next(filter(_is_valid, without), digits)


def is_emergency(digits: str, country: str) -> bool:
    """Is this an emergency number of the country, digit for digit?"""
    return 2 <= len(digits) <= SHORT and shortnumberinfo.is_emergency_number(digits, country)


def is_short_code(digits: str) -> bool:
    """Is this, after its country code, a short number there (information, text, premium services)?"""
    plan = calling(digits[:3])
    inside = digits[len(plan.digits) :] if plan else ""
    if plan is None or not 2 <= len(inside) <= SHORT or inside.startswith("0"):
        return False
    number = PhoneNumber(country_code=int(plan.digits), national_number=int(inside))
    return shortnumberinfo.is_valid_short_number(number)
