"""The write lock of a store: tried every millisecond, and an import lets everybody pass who waits for it.

SQLite's own attempts become as rare as one in 100 ms, and an import lets go for a few milliseconds between two
transactions. Whoever waits holds a shared lock on a file beside the store; the kernel takes it back with the process.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress

_PAUSE = 0.001  # seconds
_COURTESY = 0.25  # seconds that an import stands back for others, at most, before each transaction


def take(attempt: Callable[[], object], store: str, patience: float) -> None:
    """Call `attempt` until it does not find the store locked. Raises its last error after `patience` seconds."""
    until = time.monotonic() + patience
    mark: int | None = None
    try:
        while True:
            try:
                attempt()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() >= until:
                    raise
            else:
                return
            mark = _mark(store) if mark is None else mark
            time.sleep(_PAUSE)
    finally:
        if mark is not None:
            os.close(mark)


def begin(connection: sqlite3.Connection, store: str, patience: float) -> None:
    """BEGIN IMMEDIATE on a connection without transactions of the driver's own. Raises sqlite3.Error."""
    before = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute("PRAGMA busy_timeout=0")
    try:
        take(lambda: connection.execute("BEGIN IMMEDIATE"), store, patience)
    finally:
        connection.execute(f"PRAGMA busy_timeout={before}")


def stand_back(store: str) -> None:
    """Return when nobody waits, or after a while."""
    try:
        mark = os.open(_path(store), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return  # nobody has ever waited
    until = time.monotonic() + _COURTESY
    try:
        while time.monotonic() < until:
            with suppress(OSError):
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(_PAUSE)
    finally:
        os.close(mark)


def _mark(store: str) -> int | None:
    """Open as long as one waits; None where that is not possible, and an import will not know."""
    try:
        mark = os.open(_path(store), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return None
    try:
        fcntl.flock(mark, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # an import looks at this very moment
        os.close(mark)
        return None
    return mark


def _path(store: str) -> str:
    return f"{store}.turn"
