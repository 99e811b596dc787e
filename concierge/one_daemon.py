"""One daemon for each part of a list: two would spool key presses in the same file, or be the same host of a feed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from concierge.errors import UserError


class Parts:
    """The parts that this process serves; held until `release`, or until the process ends, however that happens."""

    def __init__(self, path: Path) -> None:
        """`path`: of the list."""
        self._path = path
        self._held: list[int] = []

    def hold(self, parts: Iterable[str]) -> None:
        """Raises UserError when another process serves one of them; then none is held."""
        for part in parts:
            try:
                self._hold(part)
            except BaseException:
                self.release()
                raise

    def _hold(self, part: str) -> None:
        file = self._path.with_name(f"{self._path.name}.serve-{part}")
        try:
            lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UserError(f"{file}: {error.strerror}; run as the user of the list's folder") from error
        self._held.append(lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            whose = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "?"
            what = f"process {whose} serves {part} with {self._path} already"
            raise UserError(f"{what}; stop it, or give this one a store.path of its own") from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Another one may serve them."""
        for lock in self._held:
            os.close(lock)
        self._held.clear()
