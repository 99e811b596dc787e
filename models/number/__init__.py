"""What a dialled string or a caller id means at this site: an E.164 integer, or a named reason why not.

Pure, and the same function when a number is listed and when it is checked. `phonenumbers` is
imported with the first number, not with this module.
"""

from collections.abc import Callable
from functools import lru_cache

from models.number.kinds import NotANumber, Number, Site, Why, masked, name_numbers, without_numbers

__all__ = [
    "MAX_TEXT",
    "NotANumber",
    "Number",
    "Site",
    "Why",
    "emergency_numbers",
    "interpret",
    "known_country",
    "masked",
    "name_numbers",
    "without_numbers",
]

MAX_TEXT = 128  # characters; longer texts are refused unread, so that a hostile one costs nothing
_TOO_LONG = NotANumber(Why.TOO_LONG, f"more than {MAX_TEXT} characters")


def interpret(raw: str, site: Site) -> Number | NotANumber:
    """Read one text with a site's habits. Never raises for any text.

    Raises ValueError when the site's country has no numbering plan (see `known_country`).
    """
    return _interpret(raw, site) if len(raw) <= MAX_TEXT else _TOO_LONG


def known_country(country: str) -> bool:
    """Is there a numbering plan for this ISO 3166 code? For checking settings (imports phonenumbers)."""
    from models.number.plan import known_country as known

    return known(country)


def emergency_numbers(country: str) -> list[str]:
    """The emergency numbers of a country, and 112, 911 and 999 everywhere (imports phonenumbers)."""
    from models.number.plan import is_emergency
    from models.number.written import UNIVERSAL_EMERGENCY

    own = (str(number) for number in range(10, 10_000) if is_emergency(str(number), country))
    return sorted({*UNIVERSAL_EMERGENCY, *own})


@lru_cache(maxsize=65536)
def _interpret(raw: str, site: Site) -> Number | NotANumber:
    canonical, understand = _slow_parts()
    digits = raw[1:]
    if raw[:1] == "+" and 7 <= len(digits) <= 15 and raw.isascii() and digits.isdigit() and canonical(digits):
        return Number(int(digits))
    return understand(raw, site)


@lru_cache(maxsize=1)
def _slow_parts() -> tuple[Callable[[str], bool], Callable[[str, Site], Number | NotANumber]]:
    from models.number.plan import canonical
    from models.number.reading import understand

    return canonical, understand
