"""Which country a number belongs to, as far as a registry of that country is concerned."""

from __future__ import annotations

from functools import lru_cache

# `phonenumbers` is imported with the first number, not with this module
# places with a region of their own that the registry of a country covers too
_WITH = {"US": {"PR", "VI", "GU", "AS", "MP"}, "GB": {"GG", "JE", "IM"}}


def calling_code(country: str) -> str:
    """The digits that numbers of a country begin with. Raises ValueError for a country without a plan."""
    from models.number.plan import home

    return home(country).digits


@lru_cache(maxsize=65536)
def may_be_in(e164: int, country: str) -> bool:
    """May this be a number of the country? One that no country's plan holds may be in any with its calling code."""
    import phonenumbers

    digits = str(e164)
    if not digits.startswith(calling_code(country)):
        return False
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse("+" + digits, None))
    except phonenumbers.NumberParseException:
        return True
    return region in (None, country) or region in _WITH.get(country, ())
