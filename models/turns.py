"""One thread that works off what it is given: what is urgent first, and never for so long that the rest starves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

_Done = TypeVar("_Done")
MOST_URGENT = 8  # in a row, while something else waits


class Turns:
    """`submit` from any thread; `shutdown` waits until all is done."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, name)
        self._urgent: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._other: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._in_a_row = 0

    def submit(self, work: Callable[[], _Done], *, urgent: bool = False) -> Future[_Done]:
        """Its result or exception is the future's. Raises RuntimeError after `shutdown`."""
        future: Future[_Done] = Future()
        (self._urgent if urgent else self._other).append((work, future))
        self._pool.submit(self._next)
        return future

    def shutdown(self) -> None:
        """Nothing more is taken."""
        self._pool.shutdown()

    def _next(self) -> None:
        """As many calls as there are items, and one thread: there is always one left."""
        work, future = self._queue().popleft()
        if not future.set_running_or_notify_cancel():
            return
        try:
            done = work()
        except BaseException as error:  # noqa: BLE001 - whoever waits for it is told
            future.set_exception(error)
        else:
            future.set_result(done)

    def _queue(self) -> deque[tuple[Callable[[], Any], Future[Any]]]:
        if not self._urgent or (self._other and self._in_a_row >= MOST_URGENT):
            self._in_a_row = 0
            return self._other
        self._in_a_row += 1
        return self._urgent
