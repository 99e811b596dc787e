"""Answered calls of the other sites, as the shared database has them: asked seldom, and kept in the list's file for
whoever shows or compares the share of abandoned ones. So a database that is away keeps nobody waiting."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from models.answered import Counts, counts
from models.sync import state
from models.sync.link import Access, Link
from models.tables import from_micros, to_micros

if TYPE_CHECKING:
    from models.store import Store

FRESH = timedelta(days=1)  # what is older is another month's
_KEY = "answered-elsewhere"
_PATIENCE = 30.0  # seconds for a month of all sites


def ask(access: Access, site: str, at: datetime, days: Iterable[int]) -> dict[int, Counts]:
    """Of all sites but this one, over each of these times. Raises FeedError."""
    patient = replace(access, timeout=max(access.timeout, _PATIENCE))
    with closing(Link(patient)) as link, link.reading() as connection:
        return {span: counts(connection, at, span, but=site) for span in days}


def keep(store: Store, at: datetime, found: Mapping[int, Counts]) -> None:
    """For whoever asks later, in whatever process. Raises StoreError."""
    told = {span: [[*key, *numbers] for key, numbers in some.items()] for span, some in found.items()}
    with store.writing() as connection:
        state.put(connection, _KEY, json.dumps({"at": to_micros(at), "days": told}))


def kept(store: Store, at: datetime) -> dict[int, Counts]:
    """By days; nothing when it is too old, or there is none. Raises StoreError."""
    with store.reading() as connection:
        text = state.get(connection, _KEY)
    if not text:
        return {}
    told = json.loads(text)
    if not abs(at - from_micros(told["at"])) <= FRESH:
        return {}
    return {
        int(span): {(name, country): (answered, abandoned) for name, country, answered, abandoned in rows}
        for span, rows in told["days"].items()
    }
