"""Ends what takes too long: a driver that waits for a frozen server waits for ever, for the kernel still acknowledges.

The socket is shut down from another thread; the driver's read then ends like that of any lost connection.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Watchdog:
    """Guards one connection. `close` it with the connection."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor`: of the connection's socket; a duplicate is kept."""
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._changed = threading.Condition()
        self._deadline: float | None = None
        self._closed = False
        self.fired = False
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """What is inside must end within that time, or the connection does."""
        with self._changed:
            asleep = self._deadline is None
            self._deadline = time.monotonic() + seconds
            if asleep:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._deadline = None

    def close(self) -> None:
        """End the thread and let go of the duplicate."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self._socket.close()

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                left = None if self._deadline is None else self._deadline - time.monotonic()
                if left is not None and left <= 0:
                    self._end()
                    left = None
                self._changed.wait(left)

    def _end(self) -> None:
        self.fired, self._deadline = True, None
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
