"""A statement that SQLAlchemy has compiled once, for the driver's own cursor: a call does not wait for its compiler."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import CompoundSelect, Select
from sqlalchemy.dialects.sqlite import dialect


class Query:
    """A SELECT with named parameters; the values that are part of the statement are kept with it."""

    def __init__(self, query: Select[Any] | CompoundSelect[Any]) -> None:
        compiled = query.compile(dialect=dialect(paramstyle="named"))
        self._sql = str(compiled)
        self._constants = {key: value for key, value in compiled.params.items() if value is not None}

    def cursor(self, connection: sqlite3.Connection, **values: int | str) -> sqlite3.Cursor:
        """For results of any size."""
        return connection.execute(self._sql, self._constants | values)

    def rows(self, connection: sqlite3.Connection, **values: int | str) -> list[Any]:
        """All rows, so that no read lock is kept."""
        return self.cursor(connection, **values).fetchall()
