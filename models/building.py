"""An index that is made, or brought up to date, in a thread, while calls are answered from the rows."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing

from models.errors import StoreError
from models.index import Index, OtherPast

log = logging.getLogger("concierge.index")


class Building:
    """From the whole store, or from what an index does not have yet; nobody else may use that index meanwhile."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], index: Index | None = None) -> None:
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
                self._index = self._read(connection)
        except (sqlite3.Error, OSError, StoreError) as error:
            log.warning("index=none why=%s", error)  # each call asks the rows, which say more

    def _read(self, connection: sqlite3.Connection) -> Index:
        index = self._begun or Index()
        try:
            index.read_new(connection, index.ends(connection))
        except OtherPast:
            log.warning("index=again why=the store was put back to an earlier state")
            index = Index()
            index.read_new(connection, index.ends(connection))
        took = time.monotonic() - self._started
        log.info("index=built listed=%d contacted=%d seconds=%.1f", len(index.listed), len(index.contacted), took)
        return index
