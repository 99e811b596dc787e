"""Writes links: in the transaction of the rows, with the write lock held. Removes rows so that the chain still proves.

Everything here runs on the driver's own connection: it is part of each check's cost.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from models.errors import StoreError
from models.evidence.chain import (
    REMOVAL,
    START,
    Link,
    chain_of,
    leaves_of,
    payload_root,
    root_of,
    sign,
)
from models.evidence.checkpoint import Checkpoint, Notes, checkpoint_path
from models.evidence.key import load_key, load_or_make_key
from models.evidence.sources import FACT, SOURCES, Source

log = logging.getLogger("concierge.evidence")

_OFTEN = 0.2  # seconds between two checkpoints of a busy process
_SELDOM = 3600.0  # seconds between two in the log
_CHUNK = 2_000  # rows of a link over what was there before the chain
_HEAD = "SELECT position, chain FROM evidence_link ORDER BY position DESC LIMIT 1"
_INSERT = (
    "INSERT INTO evidence_link (position, source, first, last, count, root, at, payload, leaves, chain, mac)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_NEWEST = {
    one.name: f"SELECT * FROM ({one.select} ORDER BY seq DESC LIMIT ?) ORDER BY seq"  # noqa: S608 - names of ours
    for one in SOURCES.values()
}


class Sealer:
    """Of one database; used from one thread at a time. The caller's transaction holds the write lock.

    After its commit the caller calls `committed`, else `forget`.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._key = b""
        self._head: Link | None = None
        self._before = START
        self._complained = ""
        self._notes = Notes(checkpoint_path(store))
        self._due: tuple[Checkpoint, bytes] | None = None
        self._covered: dict[str, int] = {}  # last rows, in the transaction that has begun the chain over all there are
        self._noted = self._told = float("-inf")

    def seal(self, connection: sqlite3.Connection, source: str, count: int) -> None:
        """A link over the newest `count` rows of a source: those that this transaction has inserted."""
        if count and not self._begin(connection):
            rows = connection.execute(_NEWEST[source], (count,)).fetchall()
            self._append_new(connection, SOURCES[source], rows)

    def seal_written(self, connection: sqlite3.Connection, source: str, rows: Sequence[Sequence[object]]) -> None:
        """The same, of rows that the caller has just inserted in this order and hands over as they are: all columns but
        the sequence number. The chain is over what was to be written, so rows that became others are found."""
        if rows and not self._begin(connection):
            last = _last_number(connection, SOURCES[source])
            numbers = range(last - len(rows) + 1, last + 1)
            numbered = [(seq, *row) for seq, row in zip(numbers, rows, strict=True)]
            self._append_new(connection, SOURCES[source], numbered)

    def seal_row(self, connection: sqlite3.Connection, source: str, seq: int) -> None:
        """A link over one row of a mutable source, as it is now."""
        if not self._begin(connection):
            rows = connection.execute(f"{SOURCES[source].select} WHERE seq = ?", (seq,)).fetchall()
            self._append(connection, self._over(SOURCES[source], rows))

    def remove(self, connection: sqlite3.Connection, source: str, seqs: Sequence[int], why: str, actor: str) -> int:
        """Delete rows; a link with their digests, the reason and who stands for them. Returns how many."""
        if self._begin(connection):
            self._load_head(connection)
        kind = SOURCES[source]
        removed = _removed(connection, kind, sorted(set(seqs)))
        if not removed:
            return 0
        table = kind.table
        connection.executemany(f"DELETE FROM {table} WHERE seq = ?", ((seq,) for seq in removed))  # noqa: S608
        payload = {
            "source": source,
            "rows": _runs(list(removed)),
            "digests": _still_needed(connection, kind, removed),
            "why": why,
            "actor": actor,
        }
        self._append(connection, _payload_link(payload))
        return len(removed)

    def compact(self, connection: sqlite3.Connection, why: str, actor: str) -> int:
        """Delete links none of whose rows is left; a signed link stands for each run of them. Returns how many."""
        if self._begin(connection):
            return 0
        runs = list(_empty_runs(connection))
        for first, last, _chain in runs:
            connection.execute("DELETE FROM evidence_link WHERE position BETWEEN ? AND ?", (first, last))
        if runs:
            self._append(connection, _payload_link({"links": runs, "why": why, "actor": actor}))
        return sum(last - first + 1 for first, last, _chain in runs)

    def begin(self, connection: sqlite3.Connection) -> bool:
        """Cover the rows that were there before there was a chain, or before it knew of their source. False when there
        is nothing to cover."""
        self._load_head(connection)
        if self._head is not None:
            return self._cover_new_sources(connection)
        if not any(_has_rows(connection, one) for one in SOURCES.values()):
            return False
        return self._begin(connection)

    def _cover_new_sources(self, connection: sqlite3.Connection) -> bool:
        """Of a chain that an earlier version has begun; only while the database is upgraded."""
        known = {row[0] for row in connection.execute("SELECT DISTINCT source FROM evidence_link")}
        found = [one for one in SOURCES.values() if one.name == FACT and one.name not in known]
        found = [one for one in found if _has_rows(connection, one)]
        if found and not self._key:
            self._key = self._load_key(connection)
        for one in found:
            self._cover(connection, one)
        return bool(found)

    def committed(self, chain_at: Callable[[int], bytes | None], *, later: bool = False) -> None:
        """The transaction is durable: note where the chain ends, a few times a second at most; see `settle`.

        `later`: the caller calls `settle` soon, whatever happens.
        """
        head, self._head = self._head, None
        if head is None or not head.source:
            return
        self._due = Checkpoint(head.position, head.chain, head.at), self._due[1] if self._due else self._before
        if not later and time.monotonic() - self._noted >= _OFTEN:
            self.settle(chain_at)

    def settle(self, chain_at: Callable[[int], bytes | None]) -> None:
        """Note what `committed` has put off. A file that cannot be written is logged once."""
        if self._due is None:
            return
        (point, before), self._due = self._due, None
        self._noted = time.monotonic()
        try:
            self._notes.write(self._key, point, before, chain_at)
            self._tell(point)
        except OSError as error:
            if str(error) != self._complained:
                log.error("evidence=no-checkpoint why=%s", error)
            self._complained = str(error)

    def _tell(self, point: Checkpoint) -> None:
        """The log leaves this host where it is collected: nobody here can change it there."""
        if time.monotonic() - self._told >= _SELDOM:
            self._told = time.monotonic()
            log.info("evidence=checkpoint end=%d:%s", point.position, point.chain.hex())

    def forget(self) -> None:
        """The transaction is over."""
        self._head = None
        self._covered.clear()

    def _begin(self, connection: sqlite3.Connection) -> bool:
        """The chain's end; True when this transaction has begun the chain, over all rows there are."""
        if not self._key:
            self._key = self._load_key(connection)
        if self._head is None:
            self._load_head(connection)
            self._before = self._head.chain if self._head is not None else START
        if self._head is not None:
            return False
        for one in SOURCES.values():
            self._cover(connection, one)
        return self._head is not None

    def _load_key(self, connection: sqlite3.Connection) -> bytes:
        key = load_key(self._store)
        if key is None:
            if connection.execute(_HEAD).fetchone() is not None:
                log.error(
                    "evidence=new-key why=the key that signed what is there is gone; see `concierge evidence verify`"
                )
            key = load_or_make_key(self._store)
        return key

    def _load_head(self, connection: sqlite3.Connection) -> None:
        row = connection.execute(_HEAD).fetchone()
        self._head = None if row is None else Link(row[0], "", 0, 0, 0, b"", 0, chain=row[1])

    def _cover(self, connection: sqlite3.Connection, source: Source) -> None:
        size = 1 if source.mutable else _CHUNK
        rows = iter(connection.execute(f"{source.select} ORDER BY seq"))
        while chunk := list(islice(rows, size)):
            self._append(connection, self._over(source, chunk))
            self._covered[source.name] = chunk[-1][0]

    def _append_new(self, connection: sqlite3.Connection, source: Source, rows: Sequence[Sequence[Any]]) -> None:
        """A link over those that the beginning of the chain has not covered in this very transaction."""
        if self._covered:
            rows = [row for row in rows if row[0] > self._covered.get(source.name, 0)]
        if rows or not self._covered:
            self._append(connection, self._over(source, rows))

    def _over(self, source: Source, rows: Sequence[Sequence[object]]) -> Link:
        if not rows:
            raise StoreError(f"{self._store}: rows of {source.table} that were just written are not there")
        digests = source.digests(rows)
        first, last = rows[0][0], rows[-1][0]
        if not isinstance(first, int) or not isinstance(last, int):
            raise StoreError(f"{self._store}: {source.table} has a sequence number that is no number")
        return Link(0, source.name, first, last, len(rows), root_of(digests), _now(), leaves=leaves_of(digests))

    def _append(self, connection: sqlite3.Connection, link: Link) -> None:
        before = self._head
        position = before.position + 1 if before is not None else 1
        numbered = Link(
            position, link.source, link.first, link.last, link.count, link.root, link.at, link.payload, link.leaves
        )
        chain = chain_of(before.chain if before is not None else START, numbered)
        own = (link.source, link.first, link.last, link.count, link.root, link.at, link.payload, link.leaves)
        connection.execute(_INSERT, (position, *own, chain, sign(self._key, chain)))
        self._head = Link(position, link.source, link.first, link.last, link.count, link.root, link.at, chain=chain)


def _last_number(connection: sqlite3.Connection, source: Source) -> int:
    found = connection.execute(f"SELECT max(seq) FROM {source.table}").fetchone()[0]  # noqa: S608 - names of ours
    return int(found or 0)


def _payload_link(payload: object) -> Link:
    text = json.dumps(payload, separators=(",", ":"))
    return Link(0, REMOVAL, 0, 0, 0, payload_root(text), _now(), text)


def _now() -> int:
    return time.time_ns() // 1000


def _has_rows(connection: sqlite3.Connection, source: Source) -> bool:
    return connection.execute(f"SELECT 1 FROM {source.table} LIMIT 1").fetchone() is not None  # noqa: S608


def _removed(connection: sqlite3.Connection, source: Source, seqs: Sequence[int]) -> dict[int, bytes]:
    """The digests of the rows that are there, by sequence number, in order."""
    found = {}
    for seq in seqs:
        row = connection.execute(f"{source.select} WHERE seq = ?", (seq,)).fetchone()
        if row is not None:
            found[seq] = source.digest(row)
    return found


def _runs(seqs: Sequence[int]) -> list[tuple[int, int]]:
    """PURE: ascending numbers as first and last of what follows without a gap."""
    runs: list[tuple[int, int]] = []
    for seq in seqs:
        if runs and runs[-1][1] == seq - 1:
            runs[-1] = (runs[-1][0], seq)
        else:
            runs.append((seq, seq))
    return runs


def _still_needed(connection: sqlite3.Connection, source: Source, removed: dict[int, bytes]) -> dict[str, str]:
    """The digests that prove the rest of their link; where nothing is left of a link, there is nothing to prove."""
    if source.mutable:
        return {}
    query = "SELECT first, last FROM evidence_link WHERE source = ? AND last >= ? AND first <= ? ORDER BY first"
    needed: dict[str, str] = {}
    seqs = list(removed)
    for first, last in connection.execute(query, (source.name, seqs[0], seqs[-1])).fetchall():
        left = f"SELECT 1 FROM {source.table} WHERE seq BETWEEN ? AND ? LIMIT 1"  # noqa: S608
        if connection.execute(left, (first, last)).fetchone() is not None:
            needed.update({str(seq): removed[seq].hex() for seq in _between(seqs, first, last)})
    return needed


def _between(seqs: Sequence[int], first: int, last: int) -> Iterable[int]:
    from bisect import bisect_left, bisect_right

    return seqs[bisect_left(seqs, first) : bisect_right(seqs, last)]


def _empty_runs(connection: sqlite3.Connection) -> Iterator[tuple[int, int, str]]:
    """First and last position of runs of links whose rows are gone, and the chain at their end."""
    run: list[tuple[int, bytes]] = []
    for position, name, first, last, chain in connection.execute(
        "SELECT position, source, first, last, chain FROM evidence_link ORDER BY position"
    ):
        if _is_empty(connection, name, first, last) and (not run or run[-1][0] == position - 1):
            run.append((position, chain))
            continue
        if len(run) > 1:
            yield run[0][0], run[-1][0], run[-1][1].hex()
        run = [(position, chain)] if _is_empty(connection, name, first, last) else []
    if len(run) > 1:
        yield run[0][0], run[-1][0], run[-1][1].hex()


def _is_empty(connection: sqlite3.Connection, name: str, first: int, last: int) -> bool:
    source = SOURCES.get(name)
    if source is None or source.mutable:
        return False
    query = f"SELECT 1 FROM {source.table} WHERE seq BETWEEN ? AND ? LIMIT 1"  # noqa: S608
    return connection.execute(query, (first, last)).fetchone() is None
