"""Looks one number up during a call: the kept connection of one process, microseconds, never a wait.

Everything that can go wrong becomes `Unavailable`; nothing is raised. The file is looked at before each answer, so
that a database which was removed or replaced is noticed at once.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from models.asking import Found, ask_entries, ask_history, ask_rows
from models.building import Building, Saving
from models.changes import Changes
from models.contact import NO_HISTORY, History
from models.errors import StoreBusy, StoreError
from models.index import Index, OtherPast
from models.place import Place
from models.policy import Knowledge, Listed, NotListed, Unavailable
from models.query import Query
from models.store import check_schema, explain
from models.wal import Former, check_log_in_place, check_own_log, forget_log, former, inode_of

_LONG_AGO = datetime(1970, 3, 1, tzinfo=UTC)
_BUILD_EVERY = 10.0  # seconds
_REOPEN_EVERY = 0.2  # seconds; a broken database must not cost each call a new attempt
_AT_ONCE = 3_000  # new rows that a call may wait for; more are read in a thread
_UNSAVED = 100_000  # rows that a start may have to read besides the snapshot
_ATTEMPTS = 3  # at an answer from one state of the store, while others write


class Known(NamedTuple):
    """What one look into the store gives."""

    entries: Knowledge
    history: History


_NOTHING = Known(NotListed(), NO_HISTORY)
_NO_ROWS: Found = ((), NO_HISTORY)


class Reader:
    """Answers from the file itself, so that what another process has committed holds at once.

    Used from one thread. `look_up` and `history` never raise and never wait for a lock. `indexed`: keep an index in
    memory, for a process that answers many questions.
    """

    def __init__(self, path: Path, *, indexed: bool = False) -> None:
        self.path = path
        self._indexed = indexed
        self._index: Index | None = None
        self._building: Building | None = None
        self._saving = Saving(path, self._open_same)
        self._build_again = 0.0
        self._seen: object = None  # the last commit that the index knows of
        self._connection: sqlite3.Connection | None = None
        self._changes: Changes | None = None
        self._place: Place | None = None
        self._former = Former()
        self._broken_until = 0.0
        self._why: StoreError | None = None

    def know(self, number: int, at: datetime) -> Known:
        """The entries of a number (E.164), or why they cannot be said; and its earlier allowed calls.

        Entries of numbers that this one begins with, up to three digits shorter, are among them: an exchange ignores
        digits that are dialled too many, so the caller has to judge whether this one exists.
        """
        try:
            connection = self._connect()
            found = self._by_index(connection, number, at) if self._indexed else None
            if found is _NO_ROWS:
                return _NOTHING
            entries, history = found or ask_rows(connection, number, at)
        except (sqlite3.Error, OSError, StoreError) as error:
            return Known(self._unavailable(error), History())
        except ValueError as error:  # this row only
            return Known(Unavailable(str(explain(self.path, f"malformed: {error}"))), History())
        return Known(Listed(entries) if entries else NotListed(), history)

    def look_up(self, number: int) -> Knowledge:
        """The entries alone."""
        return self.know(number, _LONG_AGO).entries

    def history(self, number: int, at: datetime) -> History:
        """The history alone; empty when it cannot be read (it decides nothing)."""
        return self.know(number, at).history

    def rows(self, query: Query, **values: int | str) -> list[Any]:
        """Of another question, on the same connection. Raises what the driver raises, OSError, StoreError."""
        return query.rows(self._connect(), **values)

    def together(self, *asked: tuple[Query, Mapping[str, int | str]]) -> list[list[Any]]:
        """Of several questions, from one state of the store and for the price of one look at its locks. Raises the
        same."""
        connection = self._connect()
        connection.execute("BEGIN")
        try:
            return [query.rows(connection, **values) for query, values in asked]
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")

    def state(self) -> object:
        """Another value whenever somebody has committed; None: that is not known without a question."""
        return None if self._changes is None else self._changes.now()

    def begin_index(self) -> Callable[[], None]:
        """Open the file and begin to build. Call what is returned, in any thread, to wait until that is over."""
        with contextlib.suppress(sqlite3.Error, OSError, StoreError):
            self._connect()
        building = self._building
        return building.wait if building is not None else lambda: None

    def _by_index(self, connection: sqlite3.Connection, number: int, at: datetime) -> Found | None:
        """Only what the index leaves open is asked, of one state of the store; None: ask the rows."""
        for _ in range(_ATTEMPTS):
            index = self._current(connection)
            if index is None:
                return None
            keys, contacted = index.keys(number), number in index.contacted
            if not keys and not contacted:
                return _NO_ROWS
            entries = ask_entries(connection, keys) if keys else ()
            history = ask_history(connection, number, at) if contacted else NO_HISTORY
            if self._changes is not None and self._changes.now() == self._seen:
                return entries, history
        return None

    def _current(self, connection: sqlite3.Connection) -> Index | None:
        """The index with all that is committed; None while it is made, or has much to read."""
        index = self._index or self._built()
        if index is None or self._changes is None:
            return None
        seen = self._changes.now()
        if seen == self._seen:
            return index
        try:
            ends = index.ends(connection)
            if index.behind(ends) <= _AT_ONCE:
                index.read_new(connection, ends)
                self._index, self._seen = index, seen
                if index.unsaved > _UNSAVED:
                    self._saving.begin(index)
                return index
            self._build(index)
        except OtherPast:
            self._build()
        return None

    def _built(self) -> Index | None:
        if self._building is None or not self._building.over:
            return None
        if self._building.index is None and time.monotonic() > self._build_again:
            self._build()
            return None
        return self._building.index

    def _build(self, begun: Index | None = None) -> None:
        self._index, self._seen = None, None
        self._building = Building(self.path, self._open, begun)
        self._build_again = time.monotonic() + _BUILD_EVERY

    def save(self) -> None:
        """Leave a snapshot of the index for the next start, when there is one worth it. Blocks; raises nothing."""
        made = self._building is not None and self._building.over
        self._saving.finish(self._index or (self._building.index if made and self._building else None))

    def close(self) -> None:
        """Let go of the file."""
        self._index = self._building = self._changes = self._seen = None
        if self._connection is not None and self._place is not None:
            self._connection.close()
            self._former = former(self.path, self._place.inode)
        self._connection = None
        if self._place is not None:
            self._place.close()
            self._place = None

    def _connect(self) -> sqlite3.Connection:
        if self._connection is not None and self._place is not None:
            if self._place.untouched():
                return self._connection
            if self._place.holds():
                self._check_log(self._place)
                if self._changes is not None:
                    self._changes.check()
                return self._connection
        return self._reopen(Place(self.path))

    def _check_log(self, place: Place) -> None:
        try:
            check_log_in_place(self.path)
        except StoreError:
            place.doubt()
            raise

    def _reopen(self, place: Place) -> sqlite3.Connection:
        try:
            if self._why is not None and time.monotonic() < self._broken_until:
                raise self._why
            self.close()
            check_own_log(self.path, self._former)
            forget_log(self.path)
            connection = self._open()
            check_log_in_place(self.path)
        except BaseException:
            place.close()
            raise
        self._connection, self._place, self._why = connection, place, None
        if self._indexed:
            connection.execute("PRAGMA cache_size=-16000")
            self._changes = Changes(connection)
            self._build()
        return connection

    def _open(self) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            check_schema(row[0] if row else None, self.path)
        except sqlite3.OperationalError as error:
            connection.close()
            if "no such table" in str(error):
                check_schema(None, self.path)
            raise
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_same(self) -> sqlite3.Connection:
        """Another connection to the file that the index is of. Raises StoreError when that is no longer there."""
        place, connection = self._place, self._open()
        if place is None or inode_of(self.path) != place.inode:
            connection.close()
            raise StoreError(f"{self.path}: the file was replaced")
        return connection

    def _unavailable(self, error: Exception) -> Unavailable:
        known = error if isinstance(error, StoreError) else explain(self.path, _words(error))
        passing = isinstance(known, StoreBusy)
        if not passing and not isinstance(error, StoreError):
            self.close()
        if not passing and known is not self._why:  # the same again is no new attempt, and puts none off
            self._why, self._broken_until = known, time.monotonic() + _REOPEN_EVERY
        return Unavailable(str(known), passing)


def _words(error: Exception) -> str:
    """Without the path, which may hold any word."""
    return (isinstance(error, OSError) and error.strerror) or str(error)
