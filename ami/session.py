"""The listener's standing connection to Asterisk: logged in, watched, made again, every gap reported.

Events reach the handler one at a time, in order; an exception there costs that event's handling and no more.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ami.backoff import Backoff, Pace
from ami.events import Event, RawEvent, event_of
from ami.intake import Gap, GapKind, Heard, Intake
from ami.link import Access, Link, LinkFailure, LoginRefused, NotSent, Reply, Timing, Unreachable, open_link
from ami.wire import Headers, refuse_unsafe

Handler = Callable[[Event, float], Awaitable[None]]
OnGap = Callable[[Gap], Awaitable[None]]

_LIST_SECONDS = 30.0  # for a list of a hundred thousand lines
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Status:
    """The session as `doctor` and the health page show it; times in seconds since the epoch.

    since: of the present state (linked or not). failure: why the last attempt failed, None when linked.
    """

    connected: bool
    authenticated: bool
    since: float
    greeting: str
    events_seen: int
    events_missed: int
    handler_failures: int
    queue_depth: int
    queue_high_water: int
    logins: int
    gaps: int
    last_gap: Gap | None
    failure: LinkFailure | None
    next_attempt_at: float | None


@dataclass(frozen=True, slots=True)
class _Lost:
    reason: str
    stood: float


async def ignore_gap(_gap: Gap) -> None:
    """For sessions whose owner reads the gaps from status()."""


class AmiSession:
    """handler(event, seen_at) is awaited for each event; on_gap(gap) in its place in the order of events."""

    def __init__(
        self,
        access: Access,
        handler: Handler,
        *,
        on_gap: OnGap = ignore_gap,
        timing: Timing | None = None,
        pace: Pace | None = None,
        queue_limit: int = 10_000,
        drain: float = 5.0,
        clock: Callable[[], float] = time.time,
        roll: Callable[[], float] = random.random,
        heard_until: float | None = None,
        silent: str = "the daemon was not running",
    ) -> None:
        """`heard_until`: when a former run last knew that nothing was missing; from there the first gap counts, and
        `silent` is its reason.
        """
        self._access = access
        self._handler = handler
        self._on_gap = on_gap
        self._timing = timing or Timing()
        self._backoff = Backoff(pace or Pace())
        self._drain = drain
        self._clock = clock
        self._roll = roll
        self._intake = Intake(queue_limit, clock)
        self._closing = asyncio.Event()
        self._finished = asyncio.Event()
        self._running = self._handling = False
        self._link: Link | None = None
        self._since = clock()
        self._gap_began = heard_until
        self._gap_reason = "" if heard_until is None else silent
        self._gap_kind: GapKind = "disconnected" if heard_until is None else "stopped"
        self._why_on = False  # the reason of the gap says why it goes on
        self._gaps = self._logins = self._handler_failures = 0
        self._last_gap: Gap | None = None
        self._failure: LinkFailure | None = None
        self._next_attempt_at: float | None = None

    async def run(self) -> None:
        """Until close(): keep the link, handle the events. Returns when all that was read is handled."""
        self._running = True
        consumer = asyncio.create_task(self._consume(), name="ami events")
        keeper = asyncio.create_task(self._keep_linked(), name="ami link")
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({keeper, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancelled(closing)
            await _cancelled(keeper)
            await self._settle()
            await _cancelled(consumer)
            self._finished.set()
        if keeper.done() and not keeper.cancelled():
            keeper.result()

    async def close(self) -> None:
        """Close the link for good and wait until run() has returned."""
        self._closing.set()
        if self._running:
            await self._finished.wait()

    async def send(self, headers: Headers) -> Reply | NotSent:
        """Send one action, at most once. Raises UnsafeHeaderError for what would be more than one action."""
        refuse_unsafe(headers)
        if self._link is None:
            return NotSent(f"not connected to Asterisk at {self._access.where}")
        return await self._link.ask(headers)

    async def send_for_list(self, headers: Headers) -> list[RawEvent] | Reply | NotSent:
        """The same for an action whose answer is a list; a Reply is a refusal."""
        refuse_unsafe(headers)
        if self._link is None:
            return NotSent(f"not connected to Asterisk at {self._access.where}")
        return await self._link.ask_for_list(headers, _LIST_SECONDS)

    @property
    def open_gap(self) -> Gap | None:
        """The gap that goes on now; `ended` is now."""
        if self._gap_began is None:
            return None
        return Gap(self._gap_kind, self._gap_began, self._clock(), self._gap_reason or str(self._failure or "starting"))

    @property
    def covered_at(self) -> float | None:
        """Until when everything that Asterisk said has been heard and handled; None: there is no link."""
        if self._link is None or self._link.lost.done() or self._intake.depth or self._handling:
            return None
        return self._link.covered_at

    def status(self) -> Status:
        """A snapshot."""
        linked = self._link is not None and not self._link.lost.done()
        return Status(
            connected=linked,
            authenticated=linked,
            since=self._since,
            greeting=self._link.greeting if self._link else "",
            events_seen=self._intake.seen,
            events_missed=self._intake.missed,
            handler_failures=self._handler_failures,
            queue_depth=self._intake.depth,
            queue_high_water=self._intake.high_water,
            logins=self._logins,
            gaps=self._gaps,
            last_gap=self._last_gap,
            failure=self._failure,
            next_attempt_at=self._next_attempt_at,
        )

    # the link

    async def _keep_linked(self) -> None:
        while True:
            ended = await self._one_link()
            wait = self._wait_after(ended)
            self._next_attempt_at = self._clock() + wait
            _log.warning("%s; next attempt in %.0f s", _story(ended), wait)
            await asyncio.sleep(wait)

    def _wait_after(self, ended: LinkFailure | _Lost) -> float:
        if isinstance(ended, LoginRefused):
            return self._backoff.after_refusal(self._roll())
        return self._backoff.after_loss(ended.stood if isinstance(ended, _Lost) else 0.0, self._roll())

    async def _one_link(self) -> LinkFailure | _Lost:
        opened = await open_link(self._access, self._timing, self._intake.event)
        if not isinstance(opened, Link):
            self._not_linked(opened)
            return opened
        self._linked(opened)
        try:
            await opened.until_lost()
        finally:
            opened.close("closed by the listener")
            lost = self._unlinked(opened)
        return lost

    def _not_linked(self, failure: LinkFailure) -> None:
        self._failure = failure
        if self._gap_began is None:
            self._gap_began, self._gap_reason = self._since, str(failure)
        elif not isinstance(failure, Unreachable) and str(failure) not in self._gap_reason and not self._why_on:
            self._gap_reason, self._why_on = f"{self._gap_reason}; {failure}", True  # somebody must mend it

    def _linked(self, link: Link) -> None:
        self._link, self._failure, self._next_attempt_at = link, None, None
        self._logins += 1
        self._since = self._clock()
        _log.info("listening to %s at %s", link.greeting, self._access.where)
        if self._gap_began is not None:
            self._intake.gap(Gap(self._gap_kind, self._gap_began, self._since, self._gap_reason))
            self._gap_began, self._gap_kind, self._why_on = None, "disconnected", False

    def _unlinked(self, link: Link) -> _Lost:
        now = self._clock()
        lost = _Lost(link.lost.result(), now - self._since)
        # a dead link is noticed late, and a daemon that was frozen reads old events before it notices
        self._gap_began, self._gap_reason = min(now, link.covered_at), lost.reason
        self._link, self._since = None, now
        return lost

    # the events

    async def _consume(self) -> None:
        while True:
            item = await self._intake.take()
            self._handling = True
            try:
                await self._deal_with(item)
            except Exception:  # noqa: BLE001 - one event's failure is not the next one's
                self._handler_failures += 1
                _log.exception("an event could not be handled (%d so far)", self._handler_failures)
            finally:
                self._handling = False
                self._intake.done()

    async def _deal_with(self, item: Heard | Gap) -> None:
        if isinstance(item, Gap):
            self._gaps, self._last_gap = self._gaps + 1, item
            _log.warning("events may be missing for %.3f s: %s", item.ended - item.began, item.reason)
            await self._on_gap(item)
        elif event := event_of(item.raw):
            await self._handler(event, item.at)

    async def _settle(self) -> None:
        try:
            async with asyncio.timeout(self._drain):
                await self._intake.settled()
        except TimeoutError:
            _log.error("%d events were left unhandled at the end", self._intake.depth)


def _story(ended: LinkFailure | _Lost) -> str:
    return f"the link to Asterisk is lost ({ended.reason})" if isinstance(ended, _Lost) else str(ended)


async def _cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait({task})
