"""Writes behind the answers: one thread, batches, a bounded queue; opt-outs go before everything else.

A row of evidence is committed within `delay` seconds of its answer. When the queue is full or the last write failed,
`ready` says so, and the gate refuses until a write has succeeded. Opt-outs are awaited; those that wait at the same
time share a commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from models.contact import Answer
from models.errors import StoreBusy, StoreError
from models.store import Recorded, Store
from models.suppression import ListEvent
from models.turns import Turns
from models.wal import Former, check_own_log, former
from models.witness import Report
from models.witness import record as record_witness

log = logging.getLogger("concierge.journal")

_Done = TypeVar("_Done")
_Reported = tuple[ListEvent, Report]
_SETTLE = 0.2  # seconds
_TOGETHER = 200  # key presses in one commit
_RETRY = 0.5  # seconds between attempts while the store cannot be written


class Journal:
    """The only writer of this process. Its methods belong to one event loop; SQL runs in its thread."""

    def __init__(
        self,
        path: Path,
        *,
        delay: float = 0.03,
        most: int = 10_000,
        recorded: Callable[[], None] | None = None,
    ) -> None:
        """`delay`: seconds a row may wait for company; `most`: rows that may wait; `recorded` is told, in the
        journal's thread, that an event is durable."""
        self._path = path
        self._delay = delay
        self._most = most
        self._recorded = recorded
        self._rows: list[Answer] = []
        self._store: Store | None = None
        self._turns = Turns("journal")
        self._pressed: deque[tuple[Sequence[_Reported], Future[list[Recorded]]]] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._written: asyncio.Future[bool] | None = None
        self._flushing: asyncio.Task[bool] | None = None
        self._former = Former()
        self._settling: asyncio.TimerHandle | None = None
        self._closing = False
        self._stopped = False
        self.trouble: str = ""

    def start(self) -> None:
        """Begin to write what is added."""
        self._task = asyncio.get_running_loop().create_task(self._work(), name="journal")
        self._task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Write what is left (one attempt) and stop."""
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._flushing is not None:  # its commit cannot be called back; a second one would double the rows
            await asyncio.gather(self._flushing, return_exceptions=True)
        while self._rows and not self._stopped and await self._flush():
            pass
        if self._rows:
            log.error("evidence=lost rows=%d why=%s", len(self._rows), self.trouble)
        await self._turn(self._close_store)
        self._turns.shutdown()

    @property
    def waiting(self) -> int:
        """Rows that are not yet committed."""
        return len(self._rows)

    @property
    def ready(self) -> bool:
        """Can evidence of one more call be kept?"""
        return not self.trouble and len(self._rows) < self._most

    def add(self, answer: Answer) -> bool:
        """Queue a row of evidence; False when there is no room (the row is then in the log line only)."""
        if len(self._rows) >= self._most:
            return False
        self._rows.append(answer)
        self._wake.set()
        return True

    async def write(self, answer: Answer) -> bool:
        """Queue a row and wait until it is committed; False when it could not be."""
        if not self.add(answer) or self._stopped:
            return False
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._written)

    def amend(self, answer: Answer, instead: Answer) -> None:
        """Replace a row that is still waiting: the answer that was given is the one to keep."""
        self._rows = [instead if row is answer else row for row in self._rows]

    async def record(self, happened: ListEvent) -> Recorded:
        """Commit one event before returning. Raises StoreError."""
        return await self._turn(lambda: self._record(happened), urgent=True)

    async def witness(self, *reported: _Reported) -> list[Recorded]:
        """Commit witnesses' reports of key presses before returning, all or none. Raises StoreError.

        Those of several callers are one commit where that is possible; one that cannot be written costs the others
        nothing.
        """
        answer: Future[list[Recorded]] = Future()
        self._pressed.append((reported, answer))
        self._turns.submit(self._commit_pressed, urgent=True)
        try:
            return await asyncio.wrap_future(answer)
        finally:
            self._settle_soon()

    async def do(self, work: Callable[[Store], _Done]) -> _Done:
        """Something else with the store, in its turn, behind the opt-outs. Raises StoreError."""
        return await self._turn(lambda: work(self._open_store()))

    async def tell(self, work: Callable[[Store], _Done]) -> _Done:
        """The same of what the other sites are to hear soon."""

        def told() -> _Done:
            done = work(self._open_store())
            if self._recorded is not None:
                self._recorded()
            return done

        return await self._turn(told)

    async def _turn(self, work: Callable[[], _Done], *, urgent: bool = False) -> _Done:
        try:
            return await asyncio.wrap_future(self._turns.submit(work, urgent=urgent))
        finally:
            self._settle_soon()

    def _commit_pressed(self) -> None:
        """What waits at this moment; nothing when another turn has taken it along."""
        taken, count = [], 0
        while self._pressed and count < _TOGETHER:
            reported, answer = self._pressed.popleft()
            if answer.set_running_or_notify_cancel():
                taken.append((reported, answer))
                count += len(reported)
        if self._pressed:
            self._turns.submit(self._commit_pressed, urgent=True)
        if taken:
            self._commit_together(taken)

    def _commit_together(self, taken: Sequence[tuple[Sequence[_Reported], Future[list[Recorded]]]]) -> None:
        try:
            done = record_witness(self._open_store(), [one for reported, _ in taken for one in reported])
        except Exception as error:  # noqa: BLE001 - each caller is told what became of its own
            if len(taken) == 1 or isinstance(error, StoreBusy):
                for _, answer in taken:
                    answer.set_exception(error)
                return
            for one in taken:
                self._commit_together([one])
            return
        for reported, answer in taken:
            answer.set_result(done[: len(reported)])
            done = done[len(reported) :]
        if self._recorded is not None:
            self._recorded()

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            if self._written is None:
                await asyncio.sleep(self._delay)
            self._wake.clear()
            self._flushing = asyncio.get_running_loop().create_task(self._flush(), name="journal-flush")
            if not await asyncio.shield(self._flushing):
                await asyncio.sleep(_RETRY)
                self._wake.set()

    def _settle_soon(self) -> None:
        """Where the chain of evidence ends is noted a few times a second, and no commit waits for it."""
        if self._settling is None and not self._closing:
            self._settling = asyncio.get_running_loop().call_later(_SETTLE, self._settle)

    def _settle(self) -> None:
        self._settling = None
        if not self._closing:
            self._turns.submit(self._settle_store)

    def _settle_store(self) -> None:
        if self._store is not None:
            self._store.settle()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Nothing writes any more: then nothing may be allowed."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("evidence=unavailable why=our bug", exc_info=error)
            self._stopped = True
            self.trouble = f"the writer has stopped ({error!r}); restart the service and report the lines in its log"

    async def _flush(self) -> bool:
        """One transaction with all that waits. Rows stay queued when it fails."""
        batch, waiter, self._written = list(self._rows), self._written, None
        written = False
        try:
            if batch:
                await self._turn(lambda: self._write_checks(batch))
        except StoreError as error:
            self._note(str(error))
        else:
            del self._rows[: len(batch)]
            self._note("")
            written = True
        finally:
            if waiter is not None and not waiter.done():
                waiter.set_result(written)
        return written

    def _note(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            log.error("evidence=unavailable why=%s", trouble)
        elif self.trouble and not trouble:
            log.warning("evidence=available again")
        self.trouble = trouble

    def _write_checks(self, batch: list[Answer]) -> None:
        self._open_store().write_checks(batch)

    def _record(self, happened: ListEvent) -> Recorded:
        done = self._open_store().record(happened)
        if self._recorded is not None:
            self._recorded()
        return done

    def _open_store(self) -> Store:
        """A file that was removed or replaced is never written through an old handle."""
        if self._store is not None and not self._store.is_current():
            inode = self._store.inode
            self._close_store()
            self._former = former(self._path, inode)
        if self._store is None:
            check_own_log(self._path, self._former)
            self._store = Store(self._path, notes_later=True)
        return self._store

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
