"""A write-ahead log outlives its database: SQLite lays it over whatever file has the name next, and says nothing.

So whoever holds a database open remembers, when it finds another file in its place, which log the former one has left,
and opens the new one only when that log is gone. Nobody else removes it: SQLite leaves it when its file has moved.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from models.changes import is_mapped
from models.errors import StoreError

_HEADER = 32  # bytes, with two salts that change whenever a log begins anew


@dataclass(frozen=True, slots=True)
class Former:
    """A file that had the name: its device and inode, and the head of the log that it has left (empty: none)."""

    inode: tuple[int, int] = (0, 0)
    log: bytes = b""


def inode_of(path: Path) -> tuple[int, int]:
    """Device and inode; (0, 0) when there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_dev, found.st_ino


def former(path: Path, inode: tuple[int, int]) -> Former:
    """What the file with this inode has left. Call it right after its connection was closed."""
    return Former(inode, _head_of_log(path))


def check_own_log(path: Path, before: Former) -> None:
    """Raises StoreError while the log beside the file belongs to the former one."""
    if not before.log or inode_of(path) in (before.inode, (0, 0)) or _head_of_log(path) != before.log:
        return
    raise StoreError(
        f"{path}: the file was replaced while the former one is in use, and {path.name}-wal holds changes of the "
        f"former one; stop what has it open (see `fuser {path}-wal`), remove {path}-wal and {path}-shm, start again"
    )


_memory: dict[Path, tuple[str, tuple[int, int]]] = {}  # the log's shared memory that was found in use: name, inode


def check_log_in_place(path: Path) -> None:
    """Call it with a connection that is open and has read. Raises StoreError when somebody has removed the log.

    SQLite goes on then with a log that has no name any more, and other processes begin another one: neither sees what
    the other one commits, and what is written last is lost.
    """
    name, known = _memory.get(path) or (f"{os.path.realpath(path)}-shm", (0, 0))
    try:
        found = os.stat(name)  # noqa: PTH116 - half the time of Path.stat
        inode = found.st_dev, found.st_ino
        if inode == known:
            return
        if is_mapped(found.st_ino):
            _memory[path] = name, inode
            return
    except FileNotFoundError:
        pass
    except OSError:
        return
    if known != (0, 0):  # else it has no log, or none has been begun
        raise StoreError(
            f"{path}: {path.name}-wal and {path.name}-shm were removed while they are in use, and what others record "
            "is not seen; restart the service, and never remove them while anything has the list open"
        )


def forget_log(path: Path) -> None:
    """The file is opened anew."""
    _memory.pop(path, None)


def _head_of_log(path: Path) -> bytes:
    try:
        with path.with_name(path.name + "-wal").open("rb") as log:
            return log.read(_HEADER)
    except OSError:
        return b""
