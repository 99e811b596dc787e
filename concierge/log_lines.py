"""Log lines that reach the stream together: under load a write for each costs as much as looking the number up."""

from __future__ import annotations

import asyncio
import logging
from typing import TextIO

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_SOON = 0.02  # seconds


class Together(logging.StreamHandler[TextIO]):
    """Writes what was logged within a fiftieth of a second at once; a warning, and what comes outside of the event
    loop, without waiting. Lines keep their order."""

    def __init__(self, stream: TextIO) -> None:
        """`stream` is not closed; one without a file descriptor is written to as it is."""
        super().__init__(_buffered(stream))
        self._due: asyncio.TimerHandle | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record."""
        super().emit(record)
        if record.levelno >= logging.WARNING:
            self._write()

    def flush(self) -> None:
        """Soon, in an event loop; else now. The base class calls it after each record."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write()
            return
        if self._due is None:
            self._due = loop.call_later(_SOON, self._write)

    def close(self) -> None:
        """Write what is left."""
        self._write()
        super().close()

    def _write(self) -> None:
        self._due = None
        super().flush()


def _buffered(stream: TextIO) -> TextIO:
    try:
        return open(stream.fileno(), "w", 65_536, "utf-8", "backslashreplace", closefd=False)
    except OSError:
        return stream
