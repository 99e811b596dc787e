"""Opt-outs on their way to the list: recorded, durably, each once, whatever the database does.

A press is handed to the recorder at once. When that fails, or takes longer than `patience`, everything that
waits is written to the spool and tried again until it is recorded. A press that keeps failing does not hold
up the others. The recorder must take the same event_id twice without a second entry: a press may come again
after a crash.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable
from uuid import UUID

from ami.legs import OptOut
from ami.spool import Spool
from models.backoff import delay
from models.number import masked, without_numbers

_log = logging.getLogger(__name__)


class Recorded(Protocol):
    """The recorder's answer: was the event new, and to which entry of the list did it lead."""

    @property
    def new(self) -> bool: ...

    @property
    def entry_id(self) -> object: ...


class Recorder(Protocol):
    """Makes an opt-out part of the list: durable and in force on return, not recorded after any exception."""

    async def record(self, opt_out: OptOut, /) -> Recorded: ...


@runtime_checkable
class TogetherRecorder(Protocol):
    """A recorder that can make several opt-outs durable at once: all of them, or after an exception none."""

    async def record_together(self, opt_outs: Sequence[OptOut], /) -> Sequence[Recorded]: ...


_TOGETHER = 200
OnRecorded = Callable[[OptOut, Recorded], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Retry:
    """Seconds: patience before a press is spooled, limit of one attempt, back-off of those that failed."""

    patience: float = 0.25
    attempt: float = 30.0
    first: float = 0.2
    longest: float = 5.0


@dataclass(frozen=True, slots=True)
class KeeperStatus:
    """waiting: not recorded yet; unsafe: of these, how many are not on disk either; repeated: known before.

    oldest_at: when the oldest waiting key was pressed, since the epoch; last_delay: key to record, seconds.
    """

    recorded: int
    repeated: int
    replayed: int
    failures: int
    waiting: int
    unsafe: int
    oldest_at: float | None
    last_error: str
    spool_error: str
    last_delay: float | None


async def tell_nobody(_opt_out: OptOut, _recorded: Recorded) -> None:
    """For keepers without listeners."""


class OptOutKeeper:
    """Sees to it that every opt-out given to keep() is recorded.

    on_recorded is awaited beside the work, after the record; its failures are logged and cost nothing.
    """

    def __init__(
        self,
        recorder: Recorder,
        spool: Spool,
        *,
        on_recorded: OnRecorded = tell_nobody,
        retry: Retry | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._recorder = recorder
        self._spool = spool
        self._on_recorded = on_recorded
        self._retry = retry or Retry()
        self._clock = clock
        self._waiting: dict[UUID, OptOut] = {}
        self._fresh: deque[UUID] = deque()
        self._failed: deque[UUID] = deque()
        self._spooled: set[UUID] = set()
        self._spooling = asyncio.Lock()
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._late = self._loaded = False
        self._telling: set[asyncio.Task[None]] = set()
        self._recorded = self._repeated = self._replayed = self._failures = self._failed_in_a_row = 0
        self._last_error = self._error = self._spool_error = ""
        self._last_delay: float | None = None

    async def keep(self, opt_out: OptOut) -> None:
        """Take an opt-out. While the recorder is late or failing, returns when it is on disk."""
        self._take([opt_out])
        if self._late:
            await self._spool_waiting()

    async def run(self) -> None:
        """Until cancelled: record what a former run has left, then what comes. What remains is spooled."""
        await self._replay()
        try:
            while True:
                await self._record_all([await self._next(), *self._others()])
        finally:
            await self._leave()

    async def settled(self, limit: float) -> bool:
        """Wait until all is recorded and announced, at most `limit` seconds: did it come to that?"""
        try:
            async with asyncio.timeout(limit):
                await self._idle.wait()
                if self._telling:
                    await asyncio.wait(self._telling)
        except TimeoutError:
            return False
        return True

    def status(self) -> KeeperStatus:
        """A snapshot."""
        return KeeperStatus(
            recorded=self._recorded,
            repeated=self._repeated,
            replayed=self._replayed,
            failures=self._failures,
            waiting=len(self._waiting),
            unsafe=len(self._waiting.keys() - self._spooled),
            oldest_at=min((item.at for item in self._waiting.values()), default=None),
            last_error=self._last_error,
            spool_error=self._spool_error,
            last_delay=self._last_delay,
        )

    # what waits

    def _take(self, items: list[OptOut]) -> None:
        new = {item.event_id: item for item in items if item.event_id not in self._waiting}
        self._waiting.update(new)
        self._fresh.extend(new)
        if new:
            self._idle.clear()
            self._arrived.set()

    async def _next(self) -> OptOut:
        """A press that was never tried, else, after the back-off, one that failed."""
        while not self._fresh and not self._failed:
            await self._arrival(None if self._loaded else self._retry.longest)
            if not self._loaded:  # a former process may still have the spool, or the disk comes back
                await self._replay()
        if not self._fresh:
            await self._arrival(self._pause())
        return self._waiting[(self._fresh or self._failed).popleft()]

    def _others(self) -> list[OptOut]:
        """What has never been tried either: in a flood a commit for each would take too long."""
        if self._failed_in_a_row or not isinstance(self._recorder, TogetherRecorder):
            return []
        return [self._waiting[self._fresh.popleft()] for _ in range(min(_TOGETHER, len(self._fresh)))]

    async def _arrival(self, limit: float | None) -> None:
        self._arrived.clear()
        try:
            async with asyncio.timeout(limit):
                await self._arrived.wait()
        except TimeoutError:
            return

    def _pause(self) -> float:
        roll = random.random()  # noqa: S311 - spreads retries, keeps no secret
        return delay(self._retry.first, self._retry.longest, max(0, self._failed_in_a_row - 1), roll)

    # one press, or some at once

    async def _record_all(self, items: list[OptOut]) -> None:
        """What cannot be recorded together is tried one by one: one that always fails must not hold up others."""
        together = await self._tried(items) if len(items) > 1 else None
        if together is not None:
            for item, recorded in zip(items, together, strict=True):
                await self._now_recorded(item, recorded)
            return
        for item in items:
            alone = await self._tried([item])
            if alone is None:
                await self._not_recorded(item)
            else:
                await self._now_recorded(item, alone[0])

    async def _tried(self, items: list[OptOut]) -> Sequence[Recorded] | None:
        attempt = asyncio.create_task(self._attempt(items), name="opt-out")
        try:
            await asyncio.wait({attempt}, timeout=self._retry.patience)
            if not attempt.done():
                await self._spool_waiting()
                await asyncio.wait({attempt})
        finally:
            attempt.cancel()
        return None if attempt.cancelled() else attempt.result()

    async def _attempt(self, items: list[OptOut]) -> Sequence[Recorded] | None:
        try:
            async with asyncio.timeout(self._retry.attempt):
                if len(items) > 1 and isinstance(self._recorder, TogetherRecorder):
                    return await self._recorder.record_together(items)
                return [await self._recorder.record(item) for item in items]
        except Exception as error:  # noqa: BLE001 - whatever the recorder does, the press is kept
            # further lines of a database error hold the statement and the number
            self._last_error = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            self._error = type(error).__name__
            return None

    async def _not_recorded(self, item: OptOut) -> None:
        self._failures += 1
        self._failed_in_a_row += 1
        self._failed.append(item.event_id)
        _log.error("opt-out %s is not recorded yet and will be tried again: %s", item.event_id, self._error)
        await self._spool_waiting()

    async def _now_recorded(self, item: OptOut, recorded: Recorded) -> None:
        del self._waiting[item.event_id]
        self._failed_in_a_row = 0
        self._recorded += 1
        self._repeated += not recorded.new
        self._last_delay = self._clock() - item.at
        self._tell(item, recorded)
        if not self._waiting:
            self._late = False
            await self._clear_spool()
        if not self._waiting:
            self._idle.set()

    def _tell(self, item: OptOut, recorded: Recorded) -> None:
        _log.info(
            "opt-out %s: number=%s campaign=%s key=%s scope=%s channel=%s entry=%s new=%s after_ms=%.1f",
            item.event_id,
            masked(item.number),
            item.campaign,
            item.digit,
            item.scope,
            without_numbers(item.channel),
            recorded.entry_id,
            recorded.new,
            1000 * (self._last_delay or 0),
        )
        telling = asyncio.create_task(self._told(item, recorded))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _told(self, item: OptOut, recorded: Recorded) -> None:
        try:
            await self._on_recorded(item, recorded)
        except Exception:  # noqa: BLE001 - others may fail, the record stands
            _log.exception("opt-out %s is recorded, but could not be announced", item.event_id)

    # the spool

    async def _replay(self) -> None:
        try:
            left = await asyncio.to_thread(self._spool.load)
        except OSError as error:
            self._spool_fails(error)
            return
        self._loaded, self._spool_error = True, ""
        self._replayed += len(left)
        self._spooled.update(item.event_id for item in left)
        self._take(left)
        if left:
            _log.warning("%d opt-outs of a former run are recorded now", len(left))

    async def _spool_waiting(self) -> None:
        self._late = True
        async with self._spooling:
            new = [item for item in self._waiting.values() if item.event_id not in self._spooled]
            try:
                await asyncio.to_thread(self._spool.append, new)
            except OSError as error:
                self._spool_fails(error)
                return
            self._spooled.update(item.event_id for item in new)
            self._spool_error = ""

    async def _clear_spool(self) -> None:
        """Empty the spool, but never one whose content was not read."""
        if not self._loaded:
            await self._replay()
        async with self._spooling:
            if not self._loaded or not self._spooled or self._waiting:
                return
            try:
                await asyncio.to_thread(self._spool.clear)
            except OSError as error:
                self._spool_fails(error)
                return
            self._spooled.clear()

    def _spool_fails(self, error: OSError) -> None:
        why = f"{self._spool.path}: {error.strerror or error}"
        if why != self._spool_error:
            _log.critical("the spool for opt-outs cannot be used: %s", why)
        self._spool_error = why

    async def _leave(self) -> None:
        if self._waiting:
            await self._spool_waiting()
        for item in self._waiting.values():
            if item.event_id not in self._spooled:
                # neither the database nor the disk takes it: the log is the last place where it can survive
                _log.critical("OPT-OUT NOT RECORDED, enter it by hand: %r", item)
        for telling in self._telling:
            telling.cancel()
        self._spool.close()
