"""How far long work has come, on one line of a terminal; nothing when nobody is watching."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_EVERY = 0.2  # seconds


class Progress:
    """`at(count)` as often as one likes."""

    def __init__(self, what: str, total: int = 0) -> None:
        self._what = what
        self._total = total
        self._shown = sys.stderr.isatty()
        self._next = 0.0
        self._started = time.monotonic()

    def at(self, done: int, of: int = 0) -> None:
        """`of`: where the whole is known in other units, how much of it."""
        now = time.monotonic()
        if not self._shown or now < self._next:
            return
        self._next = now + _EVERY
        share = f" {100 * of // self._total} %" if self._total and of else ""
        rate = done / max(now - self._started, 0.001)
        sys.stderr.write(f"\r{self._what}: {done:,}{share}, {rate:,.0f}/s \x1b[K")
        sys.stderr.flush()

    def over(self) -> None:
        """Take the line away."""
        if self._shown and self._next:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@contextmanager
def progress(what: str, total: int = 0) -> Iterator[Progress]:
    """A line that goes when the work is over."""
    shown = Progress(what, total)
    try:
        yield shown
    finally:
        shown.over()
