"""Opt-outs that could not be recorded yet, on disk: one JSON line each, synced before the call returns.

Only one process may use a spool. What cannot be read at start is moved beside it, never thrown away.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from ami.legs import OptOut

VERSION = 1


class SpoolBusyError(OSError):
    """Another process holds the spool."""


class Spool:
    """An append-only file, readable by its owner only. Every method may raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unreadable = path.with_name(path.name + ".unreadable")
        self._file: int | None = None

    def load(self) -> list[OptOut]:
        """What a former run has left, in order; a line that cannot be read goes to the file `.unreadable`."""
        good, bad = _sorted_out(self._read().split(b"\n"))
        if bad:
            _append(_opened(self.unreadable), bad)
            self.clear()
            self.append(good)
        return good

    def append(self, opt_outs: Iterable[OptOut]) -> None:
        """Durable on return. After OSError the file is as before, or ends in a line that is ignored."""
        lines = [_line(item) for item in opt_outs]
        if lines:
            _append(self._handle(), lines)

    def clear(self) -> None:
        """Forget everything: it has all been recorded. A spool that was never written is not created."""
        if self._file is not None or self.path.exists():
            os.ftruncate(self._handle(), 0)
            os.fsync(self._handle())

    def close(self) -> None:
        """Let another process have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _handle(self) -> int:
        if self._file is None:
            self._file = _locked(_opened(self.path), self.path)
        return self._file

    def _read(self) -> bytes:
        if not self.path.exists():
            return b""
        return os.pread(self._handle(), os.fstat(self._handle()).st_size, 0)


def _opened(path: Path) -> int:
    new = not path.exists()
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if new:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
    return file


def _locked(file: int, path: Path) -> int:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise SpoolBusyError(f"{path} is in use: stop the other listener or give this one its own spool") from None
    return file


def _append(file: int, lines: list[bytes]) -> None:
    # the blank line keeps a line that was torn by a crash apart from the next one
    data = b"\n" + b"\n".join(lines) + b"\n"
    size = os.fstat(file).st_size
    try:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
    except OSError:
        if size < os.fstat(file).st_size:
            os.ftruncate(file, size)
        raise


def _sorted_out(lines: list[bytes]) -> tuple[list[OptOut], list[bytes]]:
    good: dict[UUID, OptOut] = {}
    bad = []
    for line in filter(None, lines):
        item = _opt_out(line)
        if item:
            good[item.event_id] = item
        else:
            bad.append(line)
    return list(good.values()), bad


def _line(item: OptOut) -> bytes:
    return json.dumps({"v": VERSION} | asdict(item) | {"event_id": str(item.event_id)}).encode()


def _opt_out(line: bytes) -> OptOut | None:
    try:
        found = json.loads(line)
        if found.pop("v") != VERSION or found["scope"] not in ("all", "campaign"):
            return None
        return OptOut(**_checked(found) | {"event_id": UUID(found["event_id"])})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _checked(found: dict[str, Any]) -> dict[str, Any]:
    for name, kind in (("number", int), ("campaign", str), ("digit", str), ("at", (int, float))):
        if isinstance(found[name], bool) or not isinstance(found[name], kind):
            raise TypeError(name)
    return found
