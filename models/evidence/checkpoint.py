"""Where the chain ended last, in a file beside the database: what was cut off at the chain's end is missed there.

One line a day, of one length, the last one overwritten in place after each commit. A line that the chain of the
database does not contain is never overwritten: it stays as a witness.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.evidence.chain import sign

_LINE = 20 + 1 + 64 + 1 + 20 + 1 + 64 + 1
_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The chain at a position. `at`: microseconds since 1970."""

    position: int
    chain: bytes
    at: int


def checkpoint_path(store: Path) -> Path:
    """Of a database."""
    return store.with_name(store.name + ".checkpoint")


def written(key: bytes, point: Checkpoint) -> bytes:
    """The signed line."""
    head = f"{point.position:020d} {point.chain.hex():<64} {point.at:020d}"
    return f"{head} {sign(key, head.encode()).hex()}\n".encode()


def read_line(line: bytes, key: bytes | None) -> Checkpoint | None:
    """None: no line that was written with this key (any, when there is none)."""
    try:
        head, _, mac = line.decode("ascii").rstrip("\n").rpartition(" ")
        position, chain, at = head.split()
        point = Checkpoint(int(position), bytes.fromhex(chain), int(at))
        signed = sign(key, head.encode()).hex() if key is not None else mac
    except ValueError:
        return None
    return point if signed == mac and len(point.chain) == 32 else None


def lines(path: Path) -> list[bytes]:
    """All lines; none when there is no file. May raise OSError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    return [data[start : start + _LINE] for start in range(0, len(data), _LINE)]


class Notes:
    """Writes the checkpoints of one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = b""
        self._own_point: Checkpoint | None = None

    def write(self, key: bytes, point: Checkpoint, before: bytes, chain_at: Callable[[int], bytes | None]) -> None:
        """`before`: the chain before what is noted; `chain_at` asks the database. May raise OSError."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            start = self._place(file, key, point, before, chain_at)
            if start is not None:
                line = written(key, point)
                os.pwrite(file, line, start)
                self._own, self._own_point = line, point
        finally:
            os.close(file)

    def _place(
        self, file: int, key: bytes, point: Checkpoint, before: bytes, chain_at: Callable[[int], bytes | None]
    ) -> int | None:
        """Where its line goes; None: another process was later and faster."""
        size = os.fstat(file).st_size
        start = size - _LINE
        last = self._read(os.pread(file, _LINE, start), key) if start >= 0 and size % _LINE == 0 else None
        if last is None:
            return size + -size % _LINE
        if last.position >= point.position and last.chain == chain_at(last.position):
            return None
        if last.at // _DAY == point.at // _DAY and (last.chain == before or last.chain == chain_at(last.position)):
            return start
        return size

    def _read(self, line: bytes, key: bytes) -> Checkpoint | None:
        return self._own_point if line == self._own else read_line(line, key)
