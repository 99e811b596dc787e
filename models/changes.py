"""Has anybody committed since? From the shared memory of SQLite's write-ahead log, without a question to SQLite.

The first 48 bytes of the file `-shm` are the header of the log's index (sqlite.org/walformat.html): counter, length and
checksums, written by each commit before it returns. The same bytes: nothing was committed. Where there is no such log,
`PRAGMA data_version` is asked.
"""

from __future__ import annotations

import mmap
import os
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

_HEADER = 48  # bytes, and a copy of them
_VERSION = 3_007_000
_START = struct.Struct("=IIIBB")

# Never closed: to close any descriptor of a file lets go of all locks that the process has on it, SQLite's among them.
_mapped: dict[tuple[int, int], mmap.mmap] = {}
_descriptors: list[int] = []


class Changes:
    """What has been committed, as a value to compare. `connection` has the file open and is the only one asked."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Raises sqlite3.Error."""
        self._connection = connection
        memory = _shared(connection)
        self.now: Callable[[], object] = self._ask if memory is None else lambda: memory[:_HEADER]

    def _ask(self) -> object:
        return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def check(self) -> None:
        """Let SQLite have a look at the file. Raises sqlite3.Error."""
        self._ask()


def _shared(connection: sqlite3.Connection) -> mmap.mmap | None:
    """The shared memory of the log; None when there is none, or none that we know."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        return None
    connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # makes it
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    try:
        memory = _map(f"{path}-shm")
    except (OSError, ValueError):
        return None
    if memory is None:
        return None
    version, _, _, begun, _ = _START.unpack(memory[: _START.size])
    known = version == _VERSION and begun == 1 and memory[:_HEADER] == memory[_HEADER : 2 * _HEADER]
    return memory if known else None


def _map(path: str) -> mmap.mmap | None:
    found = os.stat(path)  # noqa: PTH116
    key = found.st_dev, found.st_ino
    if not is_mapped(found.st_ino):  # another than SQLite has: it was removed meanwhile
        return None
    if key not in _mapped:
        descriptor = os.open(path, os.O_RDONLY)
        _descriptors.append(descriptor)
        opened = os.fstat(descriptor)
        if (opened.st_dev, opened.st_ino) != key:
            return None
        _mapped[key] = mmap.mmap(descriptor, 2 * _HEADER, prot=mmap.PROT_READ)
    return _mapped[key]


def is_mapped(inode: int) -> bool:
    """Does this process have a log's shared memory with that inode?"""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    return any(f" {inode} " in line and line.rstrip().endswith("-shm") for line in maps.splitlines())
