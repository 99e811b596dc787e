"""Rows of `contact` <-> values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, text

from models.caps import Contact, State
from models.query import Query
from models.tables import contact, from_micros, to_micros

_COLUMNS = (
    "id",
    "number",
    "at",
    "campaign",
    "product",
    "value",
    "person",
    "matter",
    "state",
    "expires_at",
    "site",
    "consent",
    "outcome",
)
COLUMNS = [contact.c[name] for name in _COLUMNS]


def contact_of(row: Row[Any] | Sequence[Any]) -> Contact:
    """A row in the order of `COLUMNS`. Raises ValueError for what this program never wrote."""
    id_, number, at, campaign, product, value, person, matter, state, expires, site, consent, outcome = tuple(row)
    try:
        until = None if expires is None else from_micros(expires)
        moment = from_micros(at)
    except (TypeError, OverflowError) as error:
        raise ValueError(f"contact {id_} has an unreadable time ({error})") from error
    return Contact(
        id_, number, moment, campaign, product, value, person, matter, State(state), until, site, consent, outcome
    )


def row_of(one: Contact, uniqueid: str = "", told: str = "") -> dict[str, object]:
    """All columns but `seq`."""
    return {
        "id": one.id,
        "number": one.number,
        "at": to_micros(one.at),
        "campaign": one.campaign,
        "product": one.product,
        "value": one.value,
        "person": one.person,
        "matter": one.matter,
        "state": one.state.value,
        "expires_at": _micros(one.expires_at),
        "site": one.site,
        "consent": one.consent,
        "outcome": one.outcome,
        "uniqueid": uniqueid[:150],
        "told": told,
    }


def _micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


_since = contact.c.at > bindparam("t")
BY_NUMBER = Query(select(*COLUMNS).where(contact.c.number == bindparam("n"), _since))
# how a contact ended is worth knowing, however long ago that was; the words are those of the index
ENDED = Query(select(*COLUMNS).where(contact.c.number == bindparam("n"), text("outcome != ''")))
BY_PERSON = Query(select(*COLUMNS).where(contact.c.person == bindparam("k"), _since))
BY_MATTER = Query(select(*COLUMNS).where(contact.c.matter == bindparam("k"), _since))
