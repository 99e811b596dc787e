"""The gaps of one session on their way to the store: opened, closed, reconciled, or reported as what they are.

Two things bring back what a gap has hidden: the dialplan's own copies in AstDB (key presses), and the channels that
are up now (whose leg is whose). Until a gap is written, the file that says how far all has been heard stays behind, so
that a daemon that is killed finds the same gap again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid5

from ami.intake import Gap
from ami.kept import Drained, NotRead
from models.errors import StoreError
from models.gap import GapKind, GapState, ListeningGap

CLEAN = "clean\n"
STOPPED, KILLED = "the daemon was not running", "the daemon was killed"
GAPS = UUID("0d1c5e7a-51f0-5b6e-9e0a-8f3a6d0b2c11")
LONGEST_CALL = timedelta(hours=2)  # a call that began earlier was not up in the gap
_log = logging.getLogger(__name__)


class GapStore(Protocol):
    """Durable on return. Methods raise StoreError."""

    async def put(self, gap: ListeningGap, /) -> None: ...

    async def unfinished(self, system: str, /) -> list[ListeningGap]: ...

    async def campaign_calls(self, began: datetime, ended: datetime, /) -> int: ...


class Reconciler(Protocol):
    """What can be had from the PBX after a gap."""

    async def drain(self) -> Drained | NotRead: ...

    async def rebuild(self) -> int | None:
        """How many called legs of campaigns are up now; None: could not be asked."""

    async def doubt(self) -> str | None:
        """Why the dialplan may not have kept the key presses of the gap; empty when it has; None: that cannot be said
        yet."""


def gap_of(gap: Gap, system: str, legs: int) -> ListeningGap:
    """PURE: the row of a gap that the session has noticed; the same for the same gap."""
    began = datetime.fromtimestamp(gap.began, UTC)
    name = uuid5(GAPS, f"{system}|{gap.kind}|{gap.began:.6f}")
    ended = datetime.fromtimestamp(gap.ended, UTC)
    return ListeningGap(
        name, system, GapKind(gap.kind), began, gap.reason, ended, gap.missed, how=f"{legs} legs were up"
    )


def outcome(
    drained: Drained | NotRead, doubt: str, legs: int | None, calls: int, *, killed: bool = False
) -> tuple[GapState, str]:
    """PURE: what became of a gap that is over. `calls`: campaign calls that may have been up in it; a daemon that was
    `killed` may have let more of them pass than it had the time to put on record.
    """
    if isinstance(drained, Drained) and not doubt and not drained.left:
        kept = f"AstDB read, {drained.recorded} key presses that the dialplan had kept are recorded"
        return GapState.RECONCILED, f"{kept}; {legs or 0} called legs are up"
    if isinstance(drained, Drained) and drained.left:
        return GapState.OPEN, f"{drained.left} key presses that the dialplan kept are not recorded yet"
    if calls == 0 and legs == 0 and not killed:
        return GapState.RECONCILED, "no call of a campaign was up"
    why = drained.reason if isinstance(drained, NotRead) else doubt
    most = "and those of the last moment" if killed else "at most"
    return GapState.UNRECONCILED, f"key presses may be missing, of {calls} campaign calls {most}: {why}"


class GapBook:
    """Keeps the gaps of the PBX `system`. `mark`: the file whose time says until when all has been heard."""

    def __init__(
        self, system: str, store: GapStore, mark: Path, reconciler: Reconciler, covered: Callable[[], float | None]
    ) -> None:
        self._system = system
        self._store = store
        self._mark = mark
        self._reconciler = reconciler
        self._covered = covered
        self._unwritten: dict[UUID, ListeningGap] = {}
        self._over: dict[UUID, ListeningGap] = {}
        self._noted: tuple[UUID, str] | None = None
        self._loaded = False
        self._wake = asyncio.Event()
        self.trouble = self._mark_trouble = ""
        self._clean = False

    @property
    def unreconciled(self) -> int:
        """Gaps that are over and not yet looked into."""
        return len(self._over)

    def ended(self, gap: Gap, legs: int) -> None:
        """The session has noticed a gap, and it is over."""
        row = gap_of(gap, self._system, legs)
        self._over[row.gap_id] = self._unwritten[row.gap_id] = row
        self._wake.set()

    def deaf(self, gap: ListeningGap) -> None:
        """The keys of one call cannot be heard, or could not be."""
        self._unwritten[gap.gap_id] = gap
        self._wake.set()

    def begin(self) -> None:
        """From now on nothing is missed unsaid: the first start of all leaves a mark too."""
        until = heard_until(self._mark)
        with suppress(OSError):
            self._mark.touch(mode=0o600)
            os.truncate(self._mark, 0)  # no longer a clean end
        self._note_heard(time.time() if until is None else until)

    async def run(self, open_gap: Callable[[], Gap | None], every: float = 1.0) -> None:
        """Until cancelled: write, reconcile, and note how far all has been heard."""
        while True:
            await self.step(open_gap())
            try:
                async with asyncio.timeout(every):
                    await self._wake.wait()
            except TimeoutError:
                continue
            self._wake.clear()

    async def step(self, open_gap: Gap | None) -> None:
        """One round. What the store does not take now is tried in the next one."""
        if open_gap is not None:
            row = replace(gap_of(open_gap, self._system, 0), ended=None, how="")
            if (row.gap_id, row.reason) != self._noted:
                self._noted = row.gap_id, row.reason
                self._unwritten[row.gap_id] = row
        try:
            await self._load(open_gap)
            await self._write()
            if open_gap is None and self._over:
                await self._reconcile()
                await self._write()
        except StoreError as error:
            if str(error) != self.trouble:
                _log.error("gap=unwritten why=%s", error)
            self.trouble = str(error)
            return
        self.trouble = ""
        if open_gap is None and not self._unwritten:
            await asyncio.to_thread(self._note_heard, self._covered())

    async def _load(self, open_gap: Gap | None) -> None:
        """What a former run has left open ends when this one listens."""
        if self._loaded or open_gap is not None:
            return
        now = datetime.now(UTC)
        for left in await self._store.unfinished(self._system):
            if left.gap_id not in self._over:
                ended = left if left.ended else replace(left, ended=now)
                self._over[left.gap_id] = self._unwritten[left.gap_id] = ended
        self._loaded = True

    async def _write(self) -> None:
        for name, gap in list(self._unwritten.items()):
            await self._store.put(gap)
            if self._unwritten.get(name) is gap:
                del self._unwritten[name]

    async def _reconcile(self) -> None:
        doubt = await self._reconciler.doubt()
        if doubt is None:
            return
        legs = await self._reconciler.rebuild()
        drained = await self._reconciler.drain()
        if self._covered() is None and isinstance(drained, NotRead):
            return  # the link is lost again: what is known of this gap is known when there is one
        for name, gap in list(self._over.items()):
            if gap.kind is GapKind.DEAF:
                self._settled(gap, GapState.UNRECONCILED, "the daemon was not there when the call ended")
                del self._over[name]
                continue
            calls = await self._store.campaign_calls(gap.began - LONGEST_CALL, gap.ended or datetime.now(UTC))
            state, how = outcome(drained, doubt, legs, calls, killed=gap.reason.startswith(KILLED))
            if state is not GapState.OPEN:
                self._settled(gap, state, how)
                del self._over[name]

    def _settled(self, gap: ListeningGap, state: GapState, how: str) -> None:
        self._unwritten[gap.gap_id] = replace(gap, state=state, how=how, settled_at=datetime.now(UTC))
        seconds = ((gap.ended or gap.began) - gap.began).total_seconds()
        level = logging.INFO if state is GapState.RECONCILED else logging.ERROR
        what = (state, gap.system, gap.kind, gap.began.isoformat(), seconds, how)
        _log.log(level, "gap=%s system=%s kind=%s began=%s seconds=%.3f how=%s", *what)

    def _note_heard(self, covered: float | None) -> None:
        if covered is None:
            return
        try:
            self._mark.touch(mode=0o600)
            if self._clean:
                self._mark.write_text(CLEAN, encoding="ascii")
            os.utime(self._mark, (covered, covered))
        except OSError as error:
            if str(error) != self._mark_trouble:
                _log.error("gap=unmarked file=%s why=%s", self._mark, error.strerror)
            self._mark_trouble = str(error)
        else:
            self._mark_trouble = ""

    async def leave(self, covered: float | None) -> None:
        """At the end, when all until `covered` is safe. What the store does not take now is found again by the mark."""
        try:
            await self._write()
        except StoreError as error:
            _log.error("gap=unwritten why=%s", error)
            return
        self._clean = covered is not None
        await asyncio.to_thread(self._note_heard, covered)


def why_silent(mark: Path) -> str:
    """Why a former run heard no more: was it told to stop?"""
    try:
        clean = mark.read_text(encoding="ascii") == CLEAN
    except (OSError, ValueError):
        clean = False
    return STOPPED if clean else KILLED


def heard_until(mark: Path) -> float | None:
    """What a former run has noted, seconds since the epoch; None when there was none."""
    try:
        return mark.stat().st_mtime
    except OSError:
        return None
