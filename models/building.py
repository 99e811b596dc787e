"""An index that is made, brought up to date or saved in a thread, while calls are answered from the rows."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from models import snapshot
from models.errors import StoreError
from models.index import Index, OtherPast

log = logging.getLogger("concierge.index")

_WORTH = 10_000  # rows; fewer are read in a moment
_SAVE_EVERY = 60.0  # seconds, at most

Connect = Callable[[], sqlite3.Connection]


class Building:
    """From the snapshot and the rows since, or from what an index lacks; nobody else may use that index meanwhile."""

    def __init__(self, path: Path, connect: Connect, index: Index | None = None) -> None:
        self._path = path
        self._connect = connect
        self._begun = index
        self._index: Index | None = None
        self._thread = threading.Thread(target=self._build, name="index", daemon=True)
        self._started = time.monotonic()
        self._thread.start()

    @property
    def over(self) -> bool:
        """Has it come to an end, good or bad?"""
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Block until it is over."""
        self._thread.join()

    @property
    def index(self) -> Index | None:
        """The index; None when the store could not be read."""
        return self._index

    def _build(self) -> None:
        try:
            with closing(self._connect()) as connection:
                self._index = self._read(connection, self._begun or _load(self._path, connection))
        except (sqlite3.Error, OSError, StoreError) as error:
            log.warning("index=none why=%s", error)  # each call asks the rows, which say more

    def _read(self, connection: sqlite3.Connection, index: Index) -> Index:
        try:
            index.read_new(connection, index.ends(connection))
        except OtherPast:
            log.warning("index=again why=the list was put back to an earlier state, or changed by hand")
            index = Index()
            index.read_new(connection, index.ends(connection))
        took = time.monotonic() - self._started
        log.info("index=built listed=%d contacted=%d seconds=%.1f", len(index.listed), len(index.contacted), took)
        return index


def _load(path: Path, connection: sqlite3.Connection) -> Index:
    """From the snapshot, or empty."""
    try:
        index = snapshot.load(path, connection)
    except snapshot.NotBelieved as error:
        log.warning("index=again snapshot=%s why=%s", snapshot.path_of(path), error)
        return Index()
    except OSError as error:
        log.warning("index=again snapshot=%s why=%s", snapshot.path_of(path), error.strerror)
        return Index()
    if index is None:
        return Index()
    log.info("index=loaded listed=%d contacted=%d", len(index.listed), len(index.contacted))
    index.saved = index.reached
    return index


class Saving:
    """Snapshots of one index, one at a time; a failure is said and costs only time at the next start."""

    def __init__(self, path: Path, connect: Connect) -> None:
        self._path = path
        self._connect = connect
        self._thread: threading.Thread | None = None
        self._again = 0.0
        self._ending = False

    def begin(self, index: Index) -> None:
        """In a thread, unless one is under way or was tried a moment ago."""
        if time.monotonic() >= self._again and (self._thread is None or not self._thread.is_alive()):
            self._again = time.monotonic() + _SAVE_EVERY
            self._thread = threading.Thread(target=self._in_its_turn, args=(index,), name="index-snapshot", daemon=True)
            self._thread.start()

    def finish(self, index: Index | None) -> None:
        """Wait for the one under way, and write what has changed since."""
        self._ending = True
        if self._thread is not None:
            self._thread.join()
        if index is not None and index.unsaved and len(index.listed) + len(index.contacted) >= _WORTH:
            self.save(index)

    def _in_its_turn(self, index: Index) -> None:
        """Nobody waits for it: while an import or others write, it does."""
        until = time.monotonic() + _SAVE_EVERY
        self.save(index, lambda: not self._ending and time.monotonic() < until)

    def save(self, index: Index, more_time: Callable[[], bool] = lambda: False) -> None:
        """Blocks. Raises nothing."""
        started, reached = time.monotonic(), index.reached
        try:
            with closing(self._connect()) as connection:
                size = snapshot.write(self._path, index, connection, more_time)
        except (sqlite3.Error, OSError, StoreError, snapshot.NotBelieved) as error:
            log.warning("index=unsaved why=%s", error)
            return
        index.saved = reached
        log.info("index=saved bytes=%d seconds=%.1f", size, time.monotonic() - started)
