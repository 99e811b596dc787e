"""The run folder of one private PBX, and the sweep of those whose owner died.

Below the engine's base every PBX has a folder of its own. Its owner holds a lock on it for as long as it lives,
and writes down every process it starts. A folder whose lock is free was left behind: its processes are killed,
the folder is removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

OWNER = "owner.lock"
PROCESSES = "processes"


class RunFolder:
    """A locked folder `path` below `base`; `name` is in the command line of every process that belongs to it."""

    def __init__(self, base: Path) -> None:
        with _only_one(base):
            sweep(base)
            self.path = Path(tempfile.mkdtemp(prefix="run-", dir=base))
            self._lock = (self.path / OWNER).open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.name = self.path.name

    def note_process(self, pid: int) -> None:
        """Write down a process that must not outlive this folder."""
        with (self.path / PROCESSES).open("a") as notes:
            notes.write(f"{pid}\n")

    def remove(self) -> None:
        """Kill what still runs, remove the folder, free the lock."""
        _remove(self.path)
        self._lock.close()


def sweep(base: Path) -> list[Path]:
    """Remove the run folders below `base` that no living process owns; returns them. Call with the base locked."""
    dead = [folder for folder in sorted(base.glob("run-*")) if _is_left_behind(folder)]
    for folder in dead:
        _remove(folder)
    return dead


def _is_left_behind(folder: Path) -> bool:
    try:
        lock = (folder / OWNER).open("r")
    except FileNotFoundError:
        return True
    with lock:
        return _can_lock(lock)


def _can_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove(folder: Path) -> None:
    for pid in _noted(folder):
        if belongs_to(pid, folder.name):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def _noted(folder: Path) -> list[int]:
    try:
        return [int(line) for line in (folder / PROCESSES).read_text().split()]
    except FileNotFoundError:
        return []


def belongs_to(pid: int, name: str) -> bool:
    """True when process `pid` lives and names run folder `name` on its command line (process ids are reused)."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return name.encode() in command


@contextmanager
def _only_one(base: Path) -> Iterator[None]:
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
