"""One registry in one immutable file: a sealed header, then the numbers.

    concierge-registry 1 SHA-256-of-the-next-line
    {"name": …, "country": …, "as_of": …, "count": …, "size": …, "sha256": … of the numbers, …}
    numbers

A bit that is flipped anywhere, a byte too few or too many is found when it is loaded.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from models.registry.blocks import (
    Building,
    Membership,
    Numbers,
    Single,
    Unusable,
    read_blocks,
    read_sorted,
    table_of,
)

_MAGIC = "concierge-registry 1"
_LONGEST = 65_536  # bytes of a header
_PIECE = 1 << 20


class Damaged(Exception):
    """The file is not what was written: which, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a registry besides its numbers. `as_of`: the day of the official list."""

    name: str
    format: str
    country: str
    as_of: date
    made_at: datetime
    version: str
    kind: str = ""
    count: int = 0
    size: int = 0
    sha256: str = ""
    table: str = ""  # SHA-256 of where the blocks are


@dataclass(frozen=True, slots=True)
class Registry:
    """A file that was found whole; or a header, and numbers that are checked as they are asked for."""

    header: Header
    numbers: Membership


def facts_of(header: Header) -> dict[str, Any]:
    """The header as JSON has it."""
    return asdict(header) | {"as_of": header.as_of.isoformat(), "made_at": header.made_at.isoformat()}


def header_of(facts: dict[str, Any]) -> Header:
    """From JSON. Raises ValueError, KeyError or TypeError."""
    header = Header(**facts)
    return replace(
        header,
        as_of=date.fromisoformat(str(facts["as_of"])),
        made_at=datetime.fromisoformat(str(facts["made_at"])).astimezone(UTC),
    )


def sealed(magic: str, facts: object, *, align: int = 1) -> bytes:
    """Two lines: the seal, and the facts as JSON; with blanks so that what follows stands at a multiple of `align`."""
    line = json.dumps(facts, sort_keys=True).encode()
    first = len(magic) + 1 + 64 + 1
    line += b" " * (-(first + len(line) + 1) % align) + b"\n"
    return f"{magic} {hashlib.sha256(line).hexdigest()}\n".encode() + line


def unsealed(magic: str, file: BinaryIO, longest: int = _LONGEST) -> Any:
    """The facts. Raises Damaged."""
    first = file.readline(len(magic) + 66)
    line = file.readline(longest)
    if first != f"{magic} {hashlib.sha256(line).hexdigest()}\n".encode():
        raise Damaged("its first lines are not what was written")
    try:
        return json.loads(line)
    except ValueError as error:
        raise Damaged(f"its header is no JSON: {error}") from None


def write(path: Path, header: Header, numbers: Building) -> Header:
    """Write, flush to the disk, then rename to `path`. Returns the header as written. Raises OSError."""
    payload = hashlib.sha256()
    size = 0
    pieces: list[bytes] = []

    def count(piece: bytes) -> None:
        nonlocal size
        payload.update(piece)
        size += len(piece)
        pieces.append(piece)

    numbers.write(count)
    table = hashlib.sha256(b"".join(pieces[:2])).hexdigest()
    header = replace(header, kind=numbers.kind, count=len(numbers), size=size, sha256=payload.hexdigest(), table=table)
    with replacing(path) as write_piece:
        write_piece(sealed(_MAGIC, facts_of(header), align=8))
        for piece in pieces:
            write_piece(piece)
    return header


@contextmanager
def replacing(path: Path) -> Iterator[Callable[[bytes], object]]:
    """A temporary file beside `path` that takes its place when all is on the disk. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """A rename is only kept when its folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load(path: Path, expected: str | None = None, *, single: bool = False) -> Registry:
    """The registry, found whole. `expected`: the SHA-256 that the manifest tells.

    `single`: for one question; asking may raise Unusable and OSError. Raises Damaged, OSError.
    """
    with path.open("rb") as file:
        try:
            header = header_of(unsealed(_MAGIC, file))
        except (ValueError, KeyError, TypeError) as error:
            raise Damaged(f"{path.name}: its header is incomplete: {error}") from None
        except Damaged as error:
            raise Damaged(f"{path.name}: {error}") from None
        if expected is not None and header.sha256 != expected:
            raise Damaged(f"{path.name}: another file than the one that was added")
        try:
            if single and header.kind == "roaring":
                return Registry(header, _single(path, file, header))
            return Registry(header, _numbers(file, header))
        except Unusable as error:
            raise Damaged(f"{path.name}: {error}") from None


def _numbers(file: IO[bytes], header: Header) -> Numbers:
    """Read twice: what has not been found whole is never handed to a library."""
    start = file.tell()
    _check(file, header)
    file.seek(start)
    if header.kind == "roaring":
        found: Numbers = read_blocks(cast(BinaryIO, file), header.size)
    elif header.kind == "sorted":
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        found = read_sorted(memoryview(mapped)[start:])
    else:
        raise Unusable(f"its numbers are kept as {header.kind!r}, which this version does not know")
    if len(found) != header.count:
        raise Unusable(f"it has {len(found)} numbers, its header says {header.count}")
    return found


def _single(path: Path, file: IO[bytes], header: Header) -> Single:
    start = file.tell()
    if os.fstat(file.fileno()).st_size != start + header.size:
        raise Unusable("it was cut or written to")
    table = table_of(cast(BinaryIO, file))
    if hashlib.sha256(table).hexdigest() != header.table:
        raise Unusable("its numbers are not those that were written (SHA-256 differs)")
    return Single(path, start, table)


def _check(file: IO[bytes], header: Header) -> None:
    payload = hashlib.sha256()
    size = 0
    while piece := file.read(_PIECE):
        payload.update(piece)  # lets other threads run
        size += len(piece)
    if size != header.size:
        raise Unusable(f"{size} bytes of numbers, not {header.size}: it was cut or written to")
    if payload.hexdigest() != header.sha256:
        raise Unusable("its numbers are not those that were written (SHA-256 differs)")
