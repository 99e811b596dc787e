"""How many calls of a campaign to a country were answered, and how many of them with nobody there."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import Connection, String, cast, func, select

from models.caps import State
from models.tables import ANSWERED, contact, to_micros
from models.zones import country_of

Counts = dict[tuple[str, str], tuple[int, int]]  # (campaign, called country) -> answered, of them abandoned
_HEAD = 4  # digits of a number that tell its country, in the North American plan too


def counts(connection: Connection, at: datetime, days: int, but: str | None = None) -> Counts:
    """Over the days before. `but`: without this site's; also of the shared database."""
    head = func.substr(cast(contact.c.number, String(20)), 1, _HEAD).label("head")
    query = select(contact.c.campaign, contact.c.state, head, func.count()).where(
        ANSWERED,
        contact.c.at > to_micros(at - timedelta(days=days)),
        contact.c.at <= to_micros(at),
        contact.c.campaign != "",
    )
    if but is not None:
        query = query.where(contact.c.site != but)
    found: Counts = {}
    for name, state, digits, count in connection.execute(query.group_by(contact.c.campaign, contact.c.state, "head")):
        key = name.lower(), _country(digits)
        answered, abandoned = found.get(key, (0, 0))
        found[key] = answered + count, abandoned + count * (state == State.ABANDONED.value)
    return found


def together(one: Counts, other: Counts) -> Counts:
    """The sum."""
    nothing = (0, 0)
    return {
        key: tuple(map(sum, zip(one.get(key, nothing), other.get(key, nothing), strict=True)))  # type: ignore[misc]
        for key in one.keys() | other.keys()
    }


@lru_cache(maxsize=10_000)
def _country(digits: str) -> str:
    """Of the numbers that begin so; of a plan of several countries the main one where that is not enough."""
    return country_of(int(digits.ljust(11, "5")))
