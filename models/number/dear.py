"""PURE: numbers that cost whoever calls them. Nobody who keys one in as his own is called back by a machine."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def is_dear(number: int) -> bool:
    """Is it a premium-rate or shared-cost number, by its country's numbering plan? `number` is E.164."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(f"+{number}")
    except phonenumbers.NumberParseException:
        return False
    kinds = (phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST)
    return phonenumbers.number_type(parsed) in kinds
