"""Looks one number up during a call: the kept cursor of one connection, tens of microseconds, never a wait.

Everything that can go wrong becomes `Unavailable`; nothing is raised. The file is looked at before each answer, so
that a database which was removed or replaced is noticed at once.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, func, literal, select, true

from models.contact import History
from models.errors import StoreBusy, StoreError
from models.index import Building, Index
from models.policy import Knowledge, Listed, NotListed, Unavailable
from models.query import Query
from models.rows import entry_from_row
from models.store import check_schema, explain
from models.suppression import Entry
from models.tables import DONE, batch, call_check, entry, from_micros, is_contact, to_micros
from models.wal import Former, check_own_log, former

_MONTH = 30 * 86_400 * 1_000_000  # microseconds
_LONG_AGO = datetime(1970, 3, 1, tzinfo=UTC)
NO_HISTORY = History()
_BUILD_EVERY = 10.0  # seconds
_REOPEN_EVERY = 0.2  # seconds; a broken database must not cost each call a new attempt


_allowed = (call_check.c.number == bindparam("n")) & is_contact()
_nothing = select(literal(1).label("one")).subquery("one_row")  # so that a number without entries is a row too
_last = select(call_check.c.at, call_check.c.campaign).where(_allowed).order_by(call_check.c.at.desc()).limit(1)
_last_row = _last.subquery("last_row")
_recent = select(func.count()).select_from(call_check).where(_allowed & (call_check.c.at >= bindparam("t")))
_SHORTER = ("n1", "n2", "n3")
_numbers: list[Any] = [bindparam(name) for name in ("n", *_SHORTER)]
_single = entry.c.number.in_(_numbers) & (entry.c.last == 0)
_range = (entry.c.last > 0) & (entry.c.number <= bindparam("n")) & (entry.c.last >= bindparam("n"))
_import_done = exists().where(batch.c.id == entry.c.batch, batch.c.state == DONE)
_in_force = (entry.c.batch == "") | _import_done
_KNOW = Query(
    select(*entry.c, _last_row.c.at, _last_row.c.campaign, _recent.scalar_subquery()).select_from(
        _nothing.outerjoin(entry, (_single | _range) & _in_force).outerjoin(_last_row, true())
    )
)
_ENTRY_COLUMNS = len(entry.c)
_SHORTEST = 10_000_000  # fewer digits than eight are no subscriber's


class Known(NamedTuple):
    """What one look into the store gives."""

    entries: Knowledge
    history: History


_NOTHING = Known(NotListed(), NO_HISTORY)


class Reader:
    """Answers from the file itself, so that what another process has committed holds at once.

    Used from one thread. `look_up` and `history` never raise and never wait for a lock. `indexed`: keep an index in
    memory, for a process that answers many questions.
    """

    def __init__(self, path: Path, *, indexed: bool = False) -> None:
        self.path = path
        self._text = str(path)
        self._indexed = indexed
        self._index: Index | None = None
        self._building: Building | None = None
        self._build_again = 0.0
        self._connection: sqlite3.Connection | None = None
        self._inode = (0, 0)
        self._former = Former()
        self._broken_until = 0.0
        self._why: StoreError | None = None

    def know(self, number: int, at: datetime) -> Known:
        """The entries of a number (E.164), or why they cannot be said; and its earlier allowed calls.

        Entries of numbers that this one begins with, up to three digits shorter, are among them: an exchange ignores
        digits that are dialled too many, so the caller has to judge whether this one exists.
        """
        try:
            connection, shorter = self._connect(), _shorter(number)
            if self._indexed and self._has_nothing(connection, number, shorter):
                return _NOTHING
            values = dict(zip(_SHORTER, shorter, strict=True))
            rows = _KNOW.rows(connection, t=to_micros(at) - _MONTH, n=number, **values)
            entries: tuple[Entry, ...] = tuple(
                entry_from_row(row[:_ENTRY_COLUMNS]) for row in rows if row[0] is not None
            )
        except (sqlite3.Error, OSError, StoreError) as error:
            return Known(self._unavailable(error), History())
        except ValueError as error:  # this row only
            return Known(Unavailable(str(explain(self.path, f"malformed: {error}"))), History())
        return Known(Listed(entries) if entries else NotListed(), _history(*rows[0][_ENTRY_COLUMNS:]))

    def look_up(self, number: int) -> Knowledge:
        """The entries alone."""
        return self.know(number, _LONG_AGO).entries

    def history(self, number: int, at: datetime) -> History:
        """The history alone; empty when it cannot be read (it decides nothing)."""
        return self.know(number, at).history

    def begin_index(self) -> Callable[[], None]:
        """Open the file and begin to build. Call what is returned, in any thread, to wait until that is over."""
        with contextlib.suppress(sqlite3.Error, OSError, StoreError):
            self._connect()
        building = self._building
        return building.wait if building is not None else lambda: None

    def _has_nothing(self, connection: sqlite3.Connection, number: int, shorter: tuple[int, ...]) -> bool:
        """Is it certain that no row is about this number?"""
        if self._index is None:
            self._index = self._built()
            if self._index is None:
                return False
        self._index.catch_up(connection)
        return self._index.knows_nothing_of(number, *shorter)

    def _built(self) -> Index | None:
        if self._building is None or not self._building.over:
            return None
        if self._building.index is None and time.monotonic() > self._build_again:
            self._build()
            return None
        return self._building.index

    def _build(self) -> None:
        self._building = Building(self._open)
        self._build_again = time.monotonic() + _BUILD_EVERY

    def close(self) -> None:
        """Let go of the file."""
        self._index = self._building = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._former = former(self.path, self._inode)

    def _connect(self) -> sqlite3.Connection:
        found = os.stat(self._text)  # noqa: PTH116 - half the time, at each call
        if self._connection is not None and self._inode == (found.st_dev, found.st_ino):
            return self._connection
        if self._why is not None and time.monotonic() < self._broken_until:
            raise self._why
        self.close()
        check_own_log(self.path, self._former)
        self._connection = self._open()
        self._inode = (found.st_dev, found.st_ino)
        self._why = None
        if self._indexed:
            self._build()
        return self._connection

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

    def _unavailable(self, error: Exception) -> Unavailable:
        known = error if isinstance(error, StoreError) else explain(self.path, _words(error))
        passing = isinstance(known, StoreBusy)
        if not passing and not isinstance(error, StoreError):
            self.close()
        if not passing and known is not self._why:  # the same again is no new attempt, and puts none off
            self._why, self._broken_until = known, time.monotonic() + _REOPEN_EVERY
        return Unavailable(str(known), passing)


def _shorter(number: int) -> tuple[int, ...]:
    """One to three digits less, never fewer than eight."""
    one = number // 10 if number >= 10 * _SHORTEST else number
    two = one // 10 if one >= 10 * _SHORTEST else one
    return one, two, two // 10 if two >= 10 * _SHORTEST else two


def _history(last_at: Any, campaign: Any, recent: Any) -> History:
    try:
        return NO_HISTORY if last_at is None else History(from_micros(last_at), campaign, recent)
    except (TypeError, OverflowError):  # a time that this program never wrote
        return NO_HISTORY


def _words(error: Exception) -> str:
    """Without the path, which may hold any word."""
    return (isinstance(error, OSError) and error.strerror) or str(error)
