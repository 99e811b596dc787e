"""Other handlers of the events, beside the opt-outs: one that is slow or fails delays neither them nor the others."""

from __future__ import annotations

import asyncio
import logging

from ami.events import Event
from ami.session import Handler

MOST = 10_000
_log = logging.getLogger(__name__)


class Aside:
    """One handler with a bounded queue of its own; what has no room is counted and said."""

    def __init__(self, handler: Handler, most: int = MOST) -> None:
        self._handler = handler
        self._queue: asyncio.Queue[tuple[Event, float]] = asyncio.Queue(most)
        self.missed = 0
        self.failures = 0

    def take(self, event: Event, seen_at: float) -> None:
        """Never waits."""
        try:
            self._queue.put_nowait((event, seen_at))
        except asyncio.QueueFull:
            self.missed += 1
            if self.missed % 1_000 == 1:
                _log.error("%d events found no room: %r is too slow", self.missed, self._handler)

    async def run(self) -> None:
        """Until cancelled: every event in its turn."""
        while True:
            event, seen_at = await self._queue.get()
            try:
                await self._handler(event, seen_at)
            except Exception:  # noqa: BLE001 - one event's failure is not the next one's
                self.failures += 1
                _log.exception("an event could not be handled (%d so far)", self.failures)
            finally:
                self._queue.task_done()

    async def settled(self, limit: float) -> None:
        """Until all is handled, at most `limit` seconds."""
        try:
            async with asyncio.timeout(limit):
                await self._queue.join()
        except TimeoutError:
            _log.error("%d events were left unhandled at the end", self._queue.qsize())
