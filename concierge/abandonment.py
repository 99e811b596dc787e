"""Tells when a campaign leaves more of those who answer without an agent than the law allows: once, until it is below
again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from ami.link import NotSent
from ami.wire import Headers
from concierge.counting import terms_of
from concierge.settings import Settings
from concierge.watching import deliver
from concierge.wiring import feed_access, folder_of
from models.abandoned import Rate, by_law, spans, told_of
from models.elsewhere import ask, keep, kept
from models.errors import CampaignError, FeedError, StoreError
from models.gate import utc_now
from models.number import without_numbers
from models.store import Store
from models.sync import state

log = logging.getLogger("concierge.abandoned")

ANNOUNCED = "ConciergeAbandoned"
_KEY = "abandoned "  # of what this host remembers, with campaign and country
_EVERY = 60.0  # seconds between two looks
_OTHERS = 600.0  # seconds between two questions about the other sites
_FIRST = 5.0  # seconds in which the managers of the PBXs are linked

Send = Callable[[Headers], Awaitable[object]]


class Abandonment:
    """`run` until it is cancelled. `senders`: the managers of all PBXs, as they are at the moment."""

    def __init__(
        self,
        settings: Settings,
        path: Path,
        senders: Callable[[], list[Send]] = list,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._path, self._senders, self._clock = path, senders, clock
        self._folder = folder_of(settings)
        self._webhook = settings.gate.webhook
        self._trouble = ""
        self._feed = feed_access(settings) if settings.sync.url else None
        self._site = terms_of(settings).site
        self._ask_at = float("-inf")
        self._away = ""
        self._all_known = False

    async def run(self) -> None:
        """One look after the other; a store that cannot be read is tried again, and named once."""
        await asyncio.sleep(_FIRST)
        while True:
            trouble = ""
            try:
                await self.look()
            except (StoreError, CampaignError, ValueError) as error:
                trouble = str(error)
            except Exception as error:  # noqa: BLE001 - else nobody would be told any more, without a word
                trouble = without_numbers(f"{type(error).__name__}: {error}".partition("\n")[0])
            if trouble and trouble != self._trouble:
                log.error("abandoned=unknown why=%s", trouble)
            self._trouble = trouble
            await asyncio.sleep(_EVERY)

    async def look(self) -> list[Rate]:
        """Tell what has passed its limit since the last look, and note it; those told. A crash in between tells it
        again: better than not at all. Raises StoreError, CampaignError, ValueError."""
        found, told = await asyncio.to_thread(self._read)
        new, over = changes(found, told)
        if not self._all_known:
            over = []  # of this host's calls alone nobody can say so
        for one in new:
            await self._tell(one)
        if new or over:
            await asyncio.to_thread(self._note, new, over)
        return new

    def _read(self) -> tuple[list[Rate], set[str]]:
        with closing(Store(self._path)) as store:
            self._ask_others(store)
            self._all_known = self._feed is None or bool(kept(store, self._clock()))
            found = by_law(store, self._clock(), self._folder)
            with store.reading() as connection:
                return found, set(state.with_prefix(connection, _KEY))

    def _ask_others(self, store: Store) -> None:
        """What the other sites have answered, now and then; while that cannot be asked, what was known last counts."""
        if self._feed is None or time.monotonic() < self._ask_at:
            return
        now, away = self._clock(), ""
        try:
            keep(store, now, ask(self._feed, self._site, now, {30, *spans(self._folder)}))
            self._ask_at = time.monotonic() + _OTHERS
        except FeedError as error:
            away = str(error)
        if away != self._away:
            log.warning("abandoned=%s", f"others-unknown why={away}" if away else "others-known again")
        self._away = away

    def _note(self, new: list[Rate], over: list[str]) -> None:
        with closing(Store(self._path)) as store, store.writing() as connection:
            for one in new:
                state.put(connection, _KEY + name_of(one), f"{one.percent:.2f}")
            for name in over:
                state.drop(connection, _KEY + name)
                log.warning("abandoned=below-again campaign=%s", name.replace(" ", " country="))

    async def _tell(self, one: Rate) -> None:
        log.error("abandoned=above %s", " ".join(f"{key}={value}" for key, value in told_of(one).items()))
        for send in self._senders():
            answer = await send(announcement(one))
            if isinstance(answer, NotSent):
                log.warning("abandoned=not-announced why=%s", answer.reason)
        if self._webhook:
            await deliver(self._webhook, {"event": "abandoned", "at": self._clock().isoformat(), **told_of(one)})


def changes(found: list[Rate], told: set[str]) -> tuple[list[Rate], list[str]]:
    """PURE: what is above its limit and was not told, and what was told and is above no longer."""
    above = {name_of(one): one for one in found if one.above}
    return [one for name, one in above.items() if name not in told], sorted(told - set(above))


def name_of(one: Rate) -> str:
    """PURE: campaign and country."""
    return f"{one.campaign} {one.country}"


def announcement(one: Rate) -> Headers:
    """PURE: the AMI action that tells others (needs write=user)."""
    told = {key.capitalize(): str(value) for key, value in told_of(one).items()}
    return {"Action": "UserEvent", "UserEvent": ANNOUNCED, **told}
