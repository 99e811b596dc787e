"""The listener: key presses on campaign calls become entries of the list, and others are told.

Build it once, `run()` it as a task, `close()` it to stop. What it needs from outside comes as an argument.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ami.backoff import Pace
from ami.events import Event
from ami.keeper import KeeperStatus, OptOutKeeper, Recorded, Recorder, Retry
from ami.legs import DigitsOf, LegMap, NotAnOptOut, OptOut
from ami.link import Access, NotSent, Timing
from ami.session import AmiSession, Handler, OnGap, Status, ignore_gap
from ami.spool import Spool
from ami.wire import Headers

__all__ = ["ListenerStatus", "OptOut", "OptOutListener", "Recorded", "Recorder", "announcement"]

ANNOUNCED = "ConciergeOptOut"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ListenerStatus:
    """legs: called legs in progress; not_opt_outs: key presses without effect, by reason of ami.legs."""

    session: Status
    keeper: KeeperStatus
    legs: int
    legs_dropped: int
    not_opt_outs: dict[str, int]
    unannounced: int


class OptOutListener:
    """AMI events in, recorded opt-outs out.

    system: a name of this PBX that stays the same, part of each event id. digits_of: see ami.legs.LegMap.
    also: further handlers, each awaited with every event after the opt-outs.
    """

    def __init__(
        self,
        access: Access,
        recorder: Recorder,
        spool: Path,
        digits_of: DigitsOf,
        *,
        system: str,
        also: Sequence[Handler] = (),
        on_gap: OnGap = ignore_gap,
        timing: Timing | None = None,
        pace: Pace | None = None,
        retry: Retry | None = None,
    ) -> None:
        self._legs = LegMap(system, digits_of)
        self._keeper = OptOutKeeper(recorder, Spool(spool), on_recorded=self._announce, retry=retry)
        self.session = AmiSession(access, self._handle, on_gap=on_gap, timing=timing, pace=pace)
        self._also = tuple(also)
        self._not_opt_outs: Counter[str] = Counter()
        self._unannounced = 0

    async def run(self, grace: float = 5.0) -> None:
        """Until close() or cancellation. What was read is recorded within `grace` seconds or spooled."""
        keeper = asyncio.create_task(self._keeper.run(), name="opt-outs")
        session = asyncio.create_task(self.session.run(), name="ami")
        try:
            await asyncio.wait({keeper, session}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self.session.close()
            if not keeper.done():
                await self._keeper.settled(grace)
            keeper.cancel()
            await asyncio.wait({keeper, session})
        for task in (session, keeper):
            if not task.cancelled():
                task.result()

    async def close(self) -> None:
        """Stop listening; run() returns when what was read is safe."""
        await self.session.close()

    def status(self) -> ListenerStatus:
        """A snapshot."""
        return ListenerStatus(
            self.session.status(),
            self._keeper.status(),
            len(self._legs),
            self._legs.dropped,
            dict(self._not_opt_outs),
            self._unannounced,
        )

    async def _handle(self, event: Event, seen_at: float) -> None:
        meaning = self._legs.apply(event, seen_at)
        if isinstance(meaning, OptOut):
            await self._keeper.keep(meaning)
        elif isinstance(meaning, NotAnOptOut):
            self._ignore(meaning)
        for handler in self._also:
            await handler(event, seen_at)

    def _ignore(self, meaning: NotAnOptOut) -> None:
        self._not_opt_outs[meaning.reason] += 1
        if meaning.reason == "no-number":
            _log.error(
                "key %s on %s: opt-out of nobody, the call has no CONCIERGE_NUMBER; did it pass the gate?",
                meaning.pressed.digit,
                meaning.pressed.channel,
            )

    async def _announce(self, opt_out: OptOut, recorded: Recorded) -> None:
        answer = await self.session.send(announcement(opt_out, recorded))
        if isinstance(answer, NotSent) or not answer.success:
            self._unannounced += 1
            why = answer.reason if isinstance(answer, NotSent) else answer.message
            _log.warning("opt-out %s is recorded, but not announced over AMI: %s", opt_out.event_id, why)


def announcement(opt_out: OptOut, recorded: Recorded) -> Headers:
    """The AMI action that tells other listeners of a recorded opt-out (needs write=user)."""
    return {
        "Action": "UserEvent",
        "UserEvent": ANNOUNCED,
        "EventId": str(opt_out.event_id),
        "EntryId": str(recorded.entry_id),
        "New": "1" if recorded.new else "0",
        "Number": str(opt_out.number),
        "Campaign": opt_out.campaign,
        "Scope": opt_out.scope,
        "Digit": opt_out.digit,
        "Channel": opt_out.channel,
        "Uniqueid": opt_out.uniqueid,
        "Linkedid": opt_out.linkedid,
        "At": f"{opt_out.at:.6f}",
    }
