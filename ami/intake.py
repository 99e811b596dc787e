"""Between the socket and the one consumer: a bounded queue that counts what it had to refuse.

The socket's side only takes and never waits: a listener that makes Asterisk wait is cut off (`writetimeout`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ami.events import RawEvent

GapKind = Literal["disconnected", "overflow", "stopped"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of which events may be missing, seconds since the epoch.

    'disconnected': no link, or one that no longer answered; Asterisk replays nothing, so what the dialplan
    kept itself is all there is. 'overflow': `missed` events came faster than they could be handled. 'stopped': nobody
    was there to listen.
    """

    kind: GapKind
    began: float
    ended: float
    reason: str
    missed: int | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A raw event and when it was read, seconds since the epoch."""

    raw: RawEvent
    at: float


class Intake:
    """At most `limit` events wait; further ones are counted and become one Gap once half are handled."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._queue: asyncio.Queue[Heard | Gap] = asyncio.Queue()
        self._refused: list[float] = []
        self.seen = 0
        self.missed = 0
        self.high_water = 0

    @property
    def depth(self) -> int:
        """How many items wait."""
        return self._queue.qsize()

    def event(self, raw: RawEvent) -> None:
        """Take an event, or count it as missed."""
        now = self._clock()
        self.seen += 1
        if self._queue.qsize() >= self._limit:
            self._refuse(now)
            return
        self._queue.put_nowait(Heard(raw, now))
        self.high_water = max(self.high_water, self._queue.qsize())

    def gap(self, gap: Gap) -> None:
        """Take a gap; there is always room for one."""
        self._queue.put_nowait(gap)

    async def take(self) -> Heard | Gap:
        """The next item in order. The taker calls done() when it has dealt with it."""
        item = await self._queue.get()
        if self._refused and self._queue.qsize() <= self._limit // 2:
            self._close_overflow()
        return item

    def done(self) -> None:
        """The item taken last has been dealt with."""
        self._queue.task_done()

    async def settled(self) -> None:
        """Until everything taken in has been dealt with."""
        await self._queue.join()

    def _refuse(self, now: float) -> None:
        self.missed += 1
        if not self._refused:
            self._refused = [now, now, 0]
        self._refused[1] = now
        self._refused[2] += 1

    def _close_overflow(self) -> None:
        began, ended, missed = self._refused
        self._refused = []
        self.gap(Gap("overflow", began, ended, f"more than {self._limit} events waited", int(missed)))
