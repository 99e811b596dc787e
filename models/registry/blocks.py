"""Numbers of a registry in memory: compressed sets of ten million each, or one sorted array on the file itself.

One set of all would be read back in one piece: 0.5 s for 10^8 numbers in which no other thread of Python runs. Block by
block it is some milliseconds.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol

WIDTH = 10_000_000
MOST_BLOCKS = 100_000_000  # E.164 has no more
_NEEDS_PYROARING = "it was made with pyroaring, which is not installed here; add the registry again"
_COUNT = struct.Struct("<Q")
_PLACE = struct.Struct("<QQ16s")  # block, bytes, beginning of their SHA-256


class Unusable(Exception):
    """The payload is not what this program can read; the words say why."""


class Membership(Protocol):
    """Is a number among them?"""

    def __contains__(self, number: int, /) -> bool: ...


class Numbers(Membership, Protocol):
    """E.164 numbers that do not change."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[int]: ...


class Building(Protocol):
    """E.164 numbers that are being collected, and how they are written."""

    kind: str

    def add(self, numbers: list[int]) -> None:
        """The list is the builder's from now on."""

    def __contains__(self, number: int, /) -> bool: ...
    def __len__(self) -> int: ...
    def write(self, write: Any) -> None:
        """Call `write` with pieces of the payload."""


class Blocks:
    """Block -> the numbers in it, as pyroaring's BitMap."""

    kind = "roaring"

    def __init__(self, blocks: dict[int, Any] | None = None) -> None:
        self._blocks: dict[int, Any] = blocks if blocks is not None else {}
        self._count = sum(map(len, self._blocks.values()))

    def __contains__(self, number: int) -> bool:
        block = self._blocks.get(number // WIDTH)
        return block is not None and number % WIDTH in block

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        for place in sorted(self._blocks):
            yield from (place * WIDTH + one for one in self._blocks[place])

    def near(self, number: int) -> list[int]:
        """Of the number and of those with one to three digits less, never fewer than eight, the ones in the set."""
        blocks = self._blocks
        found = [number] if (block := blocks.get(number // WIDTH)) is not None and number % WIDTH in block else []
        for _ in range(3):
            number //= 10
            if number < WIDTH:
                break
            if (block := blocks.get(number // WIDTH)) is not None and number % WIDTH in block:
                found.append(number)
        return found

    def among(self, asked: Sequence[int]) -> set[int]:
        """See `among`; ten times faster than one by one."""
        get = self._blocks.get
        found = set()
        places = set()
        for number in asked:
            place = number // WIDTH
            places.add(place)
            block = get(place)
            if block is not None and number % WIDTH in block:
                found.add(number)
        near = {one for one in places if {one // 10, one // 100, one // 1000} & self._blocks.keys()}
        if near:
            candidates = (number for number in asked if number // WIDTH in near)
            found.update(one for one in candidates if any(less in self for less in shorter(one)))
        return found

    def add(self, numbers: list[int]) -> None:
        """Take them in."""
        from pyroaring import BitMap

        numbers.sort()
        at = 0
        while at < len(numbers):
            place = numbers[at] // WIDTH
            base = place * WIDTH
            end = bisect_left(numbers, base + WIDTH, at)
            fresh = BitMap(array("I", [number - base for number in numbers[at:end]]))
            known = self._blocks.get(place)
            before = 0 if known is None else len(known)
            if known is None:
                self._blocks[place] = known = fresh
            else:
                known |= fresh
            self._count += len(known) - before
            at = end

    def packed(self) -> list[tuple[int, Callable[[], tuple[int, bytes]]]]:
        """Block -> a function that gives the count of its numbers and their bytes, as of when it is called."""

        def pack(block: Any) -> tuple[int, bytes]:
            copy = block.copy()  # others may add
            copy.run_optimize()
            return len(copy), copy.serialize()

        return [(place, partial(pack, self._blocks[place])) for place in sorted(self._blocks)]

    def write(self, write: Any) -> None:
        """How many blocks, where each is, and the blocks."""
        packed = []
        for place in sorted(self._blocks):
            self._blocks[place].run_optimize()
            packed.append((place, self._blocks[place].serialize()))
        write(_COUNT.pack(len(packed)))
        write(b"".join(_PLACE.pack(place, len(data), _digest(data)) for place, data in packed))
        for _place, data in packed:
            write(data)


def read_blocks(file: BinaryIO, size: int) -> Blocks:
    """What `Blocks.write` has written, `size` bytes of it. Raises Unusable."""
    try:
        from pyroaring import BitMap
    except ImportError:
        raise Unusable(_NEEDS_PYROARING) from None
    try:
        count = _COUNT.unpack(file.read(_COUNT.size))[0]
        if count * _PLACE.size > size:
            raise Unusable("its table of blocks is larger than the file")
        places = list(_PLACE.iter_unpack(file.read(count * _PLACE.size)))
        return Blocks({place: BitMap.deserialize(file.read(length)) for place, length, _ in places})
    except (struct.error, ValueError) as error:
        raise Unusable(f"its blocks cannot be read: {error}") from None


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:16]


def table_of(file: BinaryIO) -> bytes:
    """Where the blocks are, as it was written. Raises Unusable."""
    count = file.read(_COUNT.size)
    if len(count) < _COUNT.size:
        raise Unusable("it was cut")
    return count + file.read(min(_COUNT.unpack(count)[0], MOST_BLOCKS) * _PLACE.size)


class Single:
    """The same numbers for a process of one question: the block that it needs is read and checked, no other."""

    def __init__(self, path: Path, start: int, table: bytes) -> None:
        """`start`: where the table begins in the file; it has been checked."""
        self._path = path
        self._blocks: dict[int, tuple[int, int, bytes]] = {}
        at = start + len(table)
        for place, length, digest in _PLACE.iter_unpack(table[_COUNT.size :]):
            self._blocks[place] = at, length, digest
            at += length

    def __contains__(self, number: int) -> bool:
        """Raises Unusable, OSError."""
        found = self._blocks.get(number // WIDTH)
        if found is None:
            return False
        at, length, digest = found
        with self._path.open("rb") as file:
            file.seek(at)
            data = file.read(length)
        if _digest(data) != digest:
            raise Unusable("its numbers are not those that were written (SHA-256 differs)")
        try:
            from pyroaring import BitMap
        except ImportError:
            raise Unusable(_NEEDS_PYROARING) from None
        return number % WIDTH in BitMap.deserialize(data)


class Sorted:
    """Eight bytes a number, in order: for where pyroaring cannot be installed. `data` may be a mapped file."""

    kind = "sorted"

    def __init__(self, data: memoryview | None = None) -> None:
        self._fresh = array("Q")
        self._sorted: Any = self._fresh if data is None else data.cast("Q")

    def __contains__(self, number: int) -> bool:
        at = bisect_left(self._sorted, number)
        return at < len(self._sorted) and self._sorted[at] == number

    def __len__(self) -> int:
        return len(self._sorted)

    def __iter__(self) -> Iterator[int]:
        return iter(self._sorted)

    def add(self, numbers: list[int]) -> None:
        """Take them in; they are put in order when they are written."""
        self._fresh.extend(numbers)

    def settle(self) -> None:
        """In order, each once."""
        self._fresh = array("Q", sorted(set(self._fresh)))
        self._sorted = self._fresh

    def write(self, write: Any) -> None:
        """Little-endian, whatever this machine is."""
        self.settle()
        data = array("Q", self._fresh)
        if sys.byteorder == "big":
            data.byteswap()
        write(data.tobytes())


def read_sorted(data: memoryview) -> Sorted:
    """The array on these bytes. Raises Unusable."""
    if sys.byteorder == "big":
        copy = array("Q", data.tobytes())
        copy.byteswap()
        data = memoryview(copy.tobytes())
    if len(data) % 8:
        raise Unusable("its length is no multiple of eight")
    return Sorted(data)


def among(numbers: Any, asked: Sequence[int]) -> set[int]:
    """Those that are in the set, or begin with one in it that is up to three digits shorter."""
    if not isinstance(numbers, Blocks):
        return {one for one in asked if one in numbers or any(less in numbers for less in shorter(one))}
    return numbers.among(asked)


def shorter(number: int) -> list[int]:
    """One to three digits less, never fewer than eight: what an exchange may ring that ignores surplus digits."""
    found = []
    for _ in range(3):
        number //= 10
        if number < WIDTH:
            break
        found.append(number)
    return found


def builder() -> Building:
    """Compressed where pyroaring is installed."""
    try:
        import pyroaring  # noqa: F401 - only whether it is there
    except ImportError:
        return Sorted()
    return Blocks()
