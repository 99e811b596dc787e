"""Writes behind the answers: one thread, batches, a bounded queue.

A row of evidence is committed within `delay` seconds of its answer. When the queue is full or the last write failed,
`ready` says so, and the gate refuses until a write has succeeded. Opt-outs are awaited and never batched.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from models.contact import Answer
from models.errors import StoreError
from models.store import Recorded, Store
from models.suppression import ListEvent
from models.wal import Former, check_own_log, former
from models.witness import Report
from models.witness import record as record_witness

log = logging.getLogger("concierge.journal")

_Done = TypeVar("_Done")
_SETTLE = 0.3  # seconds
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
        self._thread = ThreadPoolExecutor(1, "journal")
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
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close_store)
        self._thread.shutdown()

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
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._record, happened)

    async def witness(self, *reported: tuple[ListEvent, Report]) -> list[Recorded]:
        """Commit witnesses' reports of key presses before returning, all or none. Raises StoreError."""
        return await self.do(lambda store: record_witness(store, reported), news=True)

    async def do(self, work: Callable[[Store], _Done], *, news: bool = False) -> _Done:
        """Something else with the store, in its turn; `news`: an event of the list. Raises StoreError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work, news)

    def _do(self, work: Callable[[Store], _Done], news: bool) -> _Done:
        done = work(self._open_store())
        if news and self._recorded is not None:
            self._recorded()
        return done

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
            elif self._settling is None:
                self._settling = asyncio.get_running_loop().call_later(_SETTLE, self._settle)

    def _settle(self) -> None:
        """A burst is over: where the chain of evidence ends is noted."""
        self._settling = None
        if self._store is not None and not self._closing:
            self._thread.submit(self._store.settle)

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
        loop, written = asyncio.get_running_loop(), False
        try:
            if batch:
                await loop.run_in_executor(self._thread, self._write_checks, batch)
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
            self._store = Store(self._path)
        return self._store

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
