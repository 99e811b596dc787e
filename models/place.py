"""Is the file that was opened still the one at its path? Asked before each answer, so it must cost less than a stat.

A handle of the file itself (O_PATH, which takes part in no lock) tells its links and when anything was last done to
it; a rename or an unlink changes that. A folder that was moved does not: the path is looked up again every 20 ms.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

_LOOK = 0.02  # seconds
_HANDLE: int | None = getattr(os, "O_PATH", None)


class Place:
    """One file at one path. Every method raises OSError when nothing is there."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._descriptor = -1
        self._touched = (0, 0, 0)
        self._until = 0.0
        found = os.stat(self._path)  # noqa: PTH116 - half the time of Path.stat
        self.inode = found.st_dev, found.st_ino
        if _HANDLE is not None:
            self._descriptor = os.open(self._path, _HANDLE)

    def untouched(self) -> bool:
        """Nothing at all was done to the file since `holds` was asked, and it is still there."""
        if self._descriptor < 0:
            return False
        found = os.fstat(self._descriptor)
        return (found.st_ctime_ns, found.st_nlink, found.st_size) == self._touched and time.monotonic() < self._until

    def holds(self) -> bool:
        """Is it still this file that stands at the path?"""
        if self._descriptor >= 0:
            mine = os.fstat(self._descriptor)
            self._touched = mine.st_ctime_ns, mine.st_nlink, mine.st_size
        found = os.stat(self._path)  # noqa: PTH116
        self._until = time.monotonic() + _LOOK
        return self.inode == (found.st_dev, found.st_ino)

    def doubt(self) -> None:
        """Ask `holds` again, next time."""
        self._until = 0.0

    def close(self) -> None:
        """Let go of the handle."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
