"""That registries were added is kept in the list itself, as SQLite's `user_version`, which each copy takes along.

So their folder is missed when it is lost, or when a backup of the list is put back without it: none of their numbers
would be refused.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from models.errors import StoreError

_PATIENCE = 5.0  # seconds


def are_expected(store: Path) -> bool:
    """Has this list had a registry since the last one was removed? False when it cannot be read, which others tell."""
    if not store.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True, timeout=0)) as connection:
            return bool(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error:
        return False


def expect(store: Path, wanted: bool) -> None:
    """Note it. Nothing when there is no list yet. Raises StoreError."""
    if not store.is_file() or are_expected(store) is wanted:
        return
    try:
        with closing(sqlite3.connect(store, timeout=_PATIENCE)) as connection:
            connection.execute(f"PRAGMA user_version={int(wanted)}")
    except sqlite3.Error as error:
        raise StoreError(
            f"{store}: {error}; the registries are as you wanted, but their loss would not be noticed"
        ) from error
