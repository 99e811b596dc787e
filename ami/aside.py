"""Other handlers of the events, beside the opt-outs: one that is slow or fails delays neither them nor the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from ami.events import Event
from ami.session import Handler

Together = Callable[[Sequence[Event]], Awaitable[None]]

MOST = 10_000
_BATCH = 1_000
_log = logging.getLogger(__name__)


def _nothing() -> None:
    """Nobody wants to know."""


class Aside:
    """One handler with a bounded queue of its own; what has no room is counted and said. `kinds`: what it wants;
    `without`: is told of each that has no room."""

    def __init__(
        self,
        handler: Handler,
        most: int = MOST,
        *,
        kinds: type | tuple[type, ...] = object,
        without: Callable[[], object] = _nothing,
    ) -> None:
        self._handler = handler
        self._without = without
        self._kinds = kinds
        self._queue: asyncio.Queue[tuple[Event, float]] = asyncio.Queue(most)
        self.missed = 0
        self.failures = 0

    def take(self, event: Event, seen_at: float) -> None:
        """Never waits."""
        if not isinstance(event, self._kinds):
            return
        try:
            self._queue.put_nowait((event, seen_at))
        except asyncio.QueueFull:
            self.missed += 1
            self._without()
            if self.missed % 1_000 == 1:
                _log.error("%d events found no room: %r is too slow", self.missed, self._handler)

    async def run(self) -> None:
        """Until cancelled: every event in its turn."""
        while True:
            taken = await self._next()
            try:
                await self._handle(taken)
            except Exception:  # noqa: BLE001 - one event's failure is not the next one's
                self.failures += 1
                _log.exception("an event could not be handled (%d so far)", self.failures)
            finally:
                for _ in taken:
                    self._queue.task_done()

    async def _next(self) -> list[tuple[Event, float]]:
        return [await self._queue.get()]

    async def _handle(self, taken: Sequence[tuple[Event, float]]) -> None:
        for event, seen_at in taken:
            await self._handler(event, seen_at)

    async def settled(self, limit: float) -> None:
        """Until all is handled, at most `limit` seconds."""
        try:
            async with asyncio.timeout(limit):
                await self._queue.join()
        except TimeoutError:
            _log.error("%d events were left unhandled at the end", self._queue.qsize())


class Gathering(Aside):
    """The same for a handler of many events at once: what comes within `pause` seconds is handled together."""

    def __init__(
        self,
        together: Together,
        most: int = MOST,
        *,
        kinds: type | tuple[type, ...] = object,
        without: Callable[[], object] = _nothing,
        pause: float = 0.05,
    ) -> None:
        super().__init__(self._alone, most, kinds=kinds, without=without)
        self._together = together
        self._pause = pause

    async def _alone(self, event: Event, _seen_at: float) -> None:
        await self._together([event])

    async def _next(self) -> list[tuple[Event, float]]:
        first = await super()._next()
        await asyncio.sleep(self._pause)
        return first + [self._queue.get_nowait() for _ in range(min(_BATCH, self._queue.qsize()))]

    async def _handle(self, taken: Sequence[tuple[Event, float]]) -> None:
        await self._together([event for event, _ in taken])
