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

from ami.aside import Aside
from ami.backoff import Pace
from ami.deaf import DeafWatch
from ami.events import Event, KeyKept
from ami.gaps import GapBook, GapStore, heard_until, why_silent
from ami.intake import Gap
from ami.keeper import KeeperStatus, OptOutKeeper, Recorded, Recorder, Retry
from ami.kept import CALLBACKS, Drain, Drained, NotRead, RecordKept
from ami.legs import DigitsOf, LegMap, NotAnOptOut, OptOut
from ami.link import Access, NotSent, Timing
from ami.second import DialplanWitness
from ami.session import AmiSession, Handler, OnGap, Status, ignore_gap
from ami.spool import Spool
from ami.wire import Headers, one_line

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
    drained: Drained | NotRead
    gaps_open: int
    gap_trouble: str
    deaf: int
    others_missed: int


@dataclass(frozen=True, slots=True)
class Witness:
    """Who records the key presses that the dialplan has kept, who keeps the gaps, is a call that hides its keys
    repaired, and who records the promises to callers that the dialplan has kept?"""

    kept: RecordKept
    gaps: GapStore
    repair: bool = True
    promised: RecordKept | None = None


class OptOutListener:
    """AMI events in, recorded opt-outs out.

    system: a name of this PBX that stays the same, part of each event id. digits_of: see ami.legs.LegMap.
    also: further handlers, each called with every event in order, beside the opt-outs and each other.
    """

    def __init__(
        self,
        access: Access,
        recorder: Recorder,
        spool: Path,
        digits_of: DigitsOf,
        *,
        system: str,
        also: Sequence[Handler | Aside] = (),
        on_gap: OnGap = ignore_gap,
        timing: Timing | None = None,
        pace: Pace | None = None,
        retry: Retry | None = None,
        witness: Witness | None = None,
    ) -> None:
        """`witness`: reads what the dialplan has kept, and keeps the gaps."""
        self._legs = LegMap(system, digits_of)
        self._keeper = OptOutKeeper(recorder, Spool(spool), on_recorded=self._announce, retry=retry)
        mark = spool.with_name(spool.name + ".heard")
        until = heard_until(mark) if witness else None
        self.session = AmiSession(
            access,
            self._handle,
            on_gap=self._gap,
            timing=timing,
            pace=pace,
            heard_until=until,
            silent=why_silent(mark),
        )
        self._on_gap = on_gap
        self._also = tuple(one if isinstance(one, Aside) else Aside(one) for one in also)
        self._second = DialplanWitness(self.session, self._legs, witness.kept) if witness else None
        self._promises: Drain | None = None
        self._book: GapBook | None = None
        self._deaf: DeafWatch | None = None
        if witness is not None and self._second is not None:
            self._book = GapBook(system, witness.gaps, mark, self._second, self._covered)
            self._deaf = DeafWatch(system, self.session, self._legs, self._book.deaf, repair=witness.repair)
            if witness.promised is not None:
                self._promises = Drain(self.session, witness.promised, family=CALLBACKS)
        self._not_opt_outs: Counter[str] = Counter()
        self._unannounced = 0

    async def run(self, grace: float = 5.0) -> None:
        """Until close() or cancellation. What was read is recorded within `grace` seconds or spooled."""
        if self._book is not None:
            await asyncio.to_thread(self._book.begin)
        keeper = asyncio.create_task(self._keeper.run(), name="opt-outs")
        session = asyncio.create_task(self.session.run(), name="ami")
        beside = self._beside()
        try:
            await asyncio.wait({keeper, session, *beside}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            covered = self._covered()
            await self.session.close()
            if not keeper.done():
                await self._keeper.settled(grace)
            await asyncio.gather(*(aside.settled(grace) for aside in self._also))
            for task in (keeper, *beside):
                task.cancel()
            await asyncio.wait({keeper, session, *beside})
            if self._book is not None:
                await self._book.leave(covered if not self._keeper.status().unsafe else None)
        for task in (session, keeper, *beside):
            if not task.cancelled():
                task.result()

    def _beside(self) -> list[asyncio.Task[None]]:
        asides = [asyncio.create_task(aside.run(), name="aside") for aside in self._also]
        return asides + self._watches()

    def _watches(self) -> list[asyncio.Task[None]]:
        if self._second is None or self._book is None:
            return []
        drain = asyncio.create_task(self._second.run(), name="kept keys")
        deaf = [asyncio.create_task(self._deaf.run(), name="deaf calls")] if self._deaf else []
        if self._promises is not None:
            deaf.append(asyncio.create_task(self._promises.run(), name="kept promises"))
        return [drain, *deaf, asyncio.create_task(self._book.run(lambda: self.session.open_gap), name="gaps")]

    def _covered(self) -> float | None:
        """Nothing that was said until then is missing, in the store or in the spool."""
        return None if self._keeper.status().unsafe else self.session.covered_at

    async def _gap(self, gap: Gap) -> None:
        if self._book is not None:
            self._book.ended(gap, len(self._legs))
        await self._on_gap(gap)

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
            self._second.drained if self._second else NotRead("not asked for"),
            self._book.unreconciled if self._book else 0,
            self._book.trouble if self._book else "",
            self._deaf.noticed if self._deaf else 0,
            sum(aside.missed for aside in self._also),
        )

    async def _handle(self, event: Event, seen_at: float) -> None:
        meaning = self._legs.apply(event, seen_at)
        if isinstance(meaning, OptOut):
            await self._keeper.keep(meaning)
            if self._second is not None:
                self._second.heard(meaning)
        elif isinstance(event, KeyKept) and self._second is not None:
            self._second.kept(event)
        elif isinstance(meaning, NotAnOptOut):
            self._ignore(meaning)
        if self._deaf is not None:
            self._deaf.hear(event)
        for aside in self._also:
            aside.take(event, seen_at)

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
        "Campaign": one_line(opt_out.campaign),
        "Scope": opt_out.scope,
        "Digit": opt_out.digit,
        "Channel": opt_out.channel,
        "Uniqueid": opt_out.uniqueid,
        "Linkedid": opt_out.linkedid,
        "At": f"{opt_out.at:.6f}",
    }
