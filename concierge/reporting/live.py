"""The service figures of the last day for a running daemon: read in a thread, and not more often than needed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

KEPT = 15.0
"""Seconds for which an answer is given again: a monitor that asks often costs the telephones nothing."""
TARGET = timedelta(seconds=20)


def last_day(path: Path, folder: Path | None = None) -> Callable[[], Awaitable[str]]:
    """Ask for them as often as you like; a list that cannot be read gives a comment instead. `folder`: the operator's
    own rule sets."""
    known: tuple[float, str] = (-KEPT, "")
    asking = asyncio.Lock()

    async def ask() -> str:
        nonlocal known
        async with asking:
            if time.monotonic() - known[0] >= KEPT:
                known = time.monotonic(), await asyncio.to_thread(_read, path, folder)
            return known[1]

    return ask


def _read(path: Path, folder: Path | None) -> str:
    from concierge.reporting.facts import facts_of, prometheus
    from models.abandoned import by_law
    from models.errors import CampaignError, StoreError
    from models.figures import figures
    from models.store import Store

    now = datetime.now(UTC)
    try:
        with closing(Store(path)) as store:
            found = figures(store, now - timedelta(days=1), now, TARGET)
            return prometheus(facts_of(found, by_law(store, now, folder)))
    except (StoreError, OSError, CampaignError, ValueError) as error:
        return f"# the list cannot be read: {' '.join(str(error).split())}\n"
