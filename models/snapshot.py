"""The index in a file beside the list, so that a start reads only what has been written since.

    concierge-index 1 SHA-256-of-the-next-line
    {"token": …, "schema": …, "as_of": …, "reached": […], "listed": …, "size": …, "sha256": … of the rest, …}
    the listed numbers, the contacted numbers, the ranges

It is believed only when it is whole, and when the list says that it was made from it: with each snapshot a new token is
committed to the list, so that a list with that token has every row that the snapshot was made from. A list that was put
back to an earlier state has an earlier token; another list has none. Whatever is not believed is said and made anew.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import struct
import sys
from array import array
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast
from uuid import uuid4

from models import turn
from models.index import Index, Numbers, Reached, SortedNumbers, numbers
from models.ranges import Ranges
from models.registry.blocks import Blocks
from models.registry.file import Damaged, sealed, sync_folder, unsealed
from models.tables import SCHEMA

_MAGIC = "concierge-index 1"
_HEADER = 4096  # bytes
_PIECE = 1 << 20
_KEY = "snapshot"  # of sync_state: the tokens of the last snapshots, the newest first
_KEPT = 2  # a crash between the commit and the rename leaves the former file
_PATIENCE = 2.0  # seconds that the writing of a token waits for other writers
_BLOCK = struct.Struct("<QQ")  # place, bytes


class NotBelieved(Exception):
    """Why a snapshot is not used."""


def path_of(store: Path) -> Path:
    """Beside the list."""
    return store.with_name(store.name + ".index")


def write(
    store: Path, index: Index, connection: sqlite3.Connection, more_time: Callable[[], bool] = lambda: False
) -> int:
    """Write the index, commit its token on `connection`, rename; bytes. Raises OSError, sqlite3.Error, NotBelieved.

    Others may add to the index meanwhile: a snapshot may hold more than it says. `more_time`: asked every two seconds
    that others write, whether there is time to wait for its turn.
    """
    token, reached = str(uuid4()), index.reached
    beside = path_of(store).with_name(f".{path_of(store).name}.new")  # what a kill leaves is overwritten
    try:
        beside.touch(mode=0o600)
        with beside.open("wb") as file:
            size = _write(file, index, reached, token, _position(connection))
            file.flush()
            os.fsync(file.fileno())
        _commit(store, connection, token, reached, more_time)
        beside.replace(path_of(store))
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(store.absolute().parent)
    return size


def _write(file: BinaryIO, index: Index, reached: Reached, token: str, position: str) -> int:
    digest, size = hashlib.sha256(), 0
    file.seek(_HEADER)

    def add(piece: bytes) -> None:
        nonlocal size
        digest.update(piece)
        size += len(piece)
        file.write(piece)

    counts = [_write_numbers(index.listed, add), _write_numbers(index.contacted, add), _write_ranges(index.ranges, add)]
    facts = {
        "token": token,
        "schema": SCHEMA,
        "kind": index.listed.kind,
        "as_of": datetime.now(UTC).isoformat(),
        "reached": reached,
        "position": position,
        "listed": counts[0],
        "contacted": counts[1],
        "ranges": counts[2],
        "size": size,
        "sha256": digest.hexdigest(),
    }
    file.seek(0)
    file.write(sealed(_MAGIC, facts, align=_HEADER))
    return size


def _write_numbers(found: Numbers, add: Callable[[bytes], None]) -> int:
    """How many; block by block, so that other threads run in between."""
    if isinstance(found, SortedNumbers):
        data = found.settled()
        _to_little(data)
        add(len(data).to_bytes(8, "little"))
        add(data.tobytes())
        return len(data)
    blocks = cast(Blocks, found).packed()
    add(len(blocks).to_bytes(8, "little"))
    count = 0
    for place, pack in blocks:
        members, data_ = pack()
        count += members
        add(_BLOCK.pack(place, len(data_)))
        add(data_)
    return count


def _write_ranges(ranges: Ranges, add: Callable[[bytes], None]) -> int:
    data = array("Q", [end for one in ranges for end in one])
    _to_little(data)
    add(len(data).to_bytes(8, "little"))
    add(data.tobytes())
    return len(data) // 2


def _to_little(data: array[int]) -> None:
    if sys.byteorder == "big":
        data.byteswap()


def _position(connection: sqlite3.Connection) -> str:
    """How far the list has read the feed of the sites."""
    row = connection.execute("SELECT value FROM sync_state WHERE key = 'position'").fetchone()
    return "" if row is None else str(row[0])


def _begin(store: Path, connection: sqlite3.Connection, more_time: Callable[[], bool]) -> None:
    while True:
        try:
            return turn.begin(connection, str(store), _PATIENCE)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or not more_time():
                raise


def _commit(
    store: Path, connection: sqlite3.Connection, token: str, reached: Reached, more_time: Callable[[], bool]
) -> None:
    """Only to the list that the index was made from."""
    connection.execute("PRAGMA synchronous=FULL")
    _begin(store, connection, more_time)
    try:
        _check_last(connection, reached)
        tokens = [token, *_tokens(connection)][:_KEPT]
        connection.execute("REPLACE INTO sync_state (key, value) VALUES (?, ?)", (_KEY, " ".join(tokens)))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _check_last(connection: sqlite3.Connection, reached: Reached) -> None:
    query = "SELECT id, number, last, created_at FROM entry WHERE id = ?"
    if reached.entry and connection.execute(query, (reached.entry,)).fetchone() != reached[:4]:
        raise NotBelieved("its last entry is not in the list: the list was put back to an earlier state")


def _tokens(connection: sqlite3.Connection) -> list[str]:
    row = connection.execute("SELECT value FROM sync_state WHERE key = ?", (_KEY,)).fetchone()
    return [] if row is None else str(row[0]).split()


def load(store: Path, connection: sqlite3.Connection) -> Index | None:
    """The index as it was; None when there is no snapshot. Raises NotBelieved, OSError, sqlite3.Error."""
    try:
        file = path_of(store).open("rb")
    except FileNotFoundError:
        return None
    with closing(file):
        try:
            facts = unsealed(_MAGIC, file, _HEADER)
            reached = Reached._make(facts["reached"])
            _check_whose(connection, facts, reached)
            _check_whole(file, facts)
            return _read(file, facts, reached)
        except (Damaged, ValueError, KeyError, TypeError, struct.error, MemoryError) as error:
            raise NotBelieved(f"it is damaged: {error}") from None


def _check_whose(connection: sqlite3.Connection, facts: dict[str, Any], reached: Reached) -> None:
    if facts["schema"] != SCHEMA:
        raise NotBelieved(f"it is of revision {facts['schema']}, the list of {SCHEMA}")
    if facts["kind"] != numbers().kind:
        raise NotBelieved(f"its numbers are kept as {facts['kind']!r}, here it is {numbers().kind!r}")
    if facts["token"] not in _tokens(connection):
        raise NotBelieved("it was made from another list, or from a later state of this one")
    _check_last(connection, reached)


def _check_whole(file: IO[bytes], facts: dict[str, Any]) -> None:
    """Before any library gets to see it."""
    start, payload, size = file.tell(), hashlib.sha256(), 0
    while piece := file.read(_PIECE):
        payload.update(piece)  # lets other threads run
        size += len(piece)
    if size != facts["size"]:
        raise Damaged(f"{size} bytes of numbers, not {facts['size']}")
    if payload.hexdigest() != facts["sha256"]:
        raise Damaged("its numbers are not those that were written (SHA-256 differs)")
    file.seek(start)


def _read(file: IO[bytes], facts: dict[str, Any], reached: Reached) -> Index:
    index = Index()
    read = _read_sorted if facts["kind"] == SortedNumbers.kind else _read_blocks
    index.listed, index.contacted = read(file), read(file)
    ends = _read_array(file)
    index.ranges = Ranges(zip(ends[::2], ends[1::2], strict=True))
    index.reached = reached
    found = [len(index.listed), len(index.contacted), len(index.ranges)]
    if found != [facts["listed"], facts["contacted"], facts["ranges"]]:
        raise Damaged(f"it has {found} numbers, and says another count")
    return index


def _read_blocks(file: IO[bytes]) -> Numbers:
    from pyroaring import BitMap

    blocks = {}
    for _ in range(_count(file)):
        place, size = _BLOCK.unpack(file.read(_BLOCK.size))
        blocks[place] = BitMap.deserialize(file.read(size))
    return Blocks(blocks)


def _read_sorted(file: IO[bytes]) -> Numbers:
    return SortedNumbers(_read_array(file))


def _read_array(file: IO[bytes]) -> array[int]:
    data = array("Q")
    data.frombytes(file.read(8 * _count(file)))
    _to_little(data)
    return data


def _count(file: IO[bytes]) -> int:
    return int.from_bytes(file.read(8), "little")
