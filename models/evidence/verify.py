"""Does the evidence say what it said when it was recorded? Everything is recomputed; nothing is written.

Each finding says where: the row, or the rows of one transaction where only that can be known.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from models.errors import StoreError
from models.evidence import entries
from models.evidence.chain import LEAF, REMOVAL, START, Link, chain_of, leaves_of, payload_root, root_of, sign
from models.evidence.checkpoint import Checkpoint, checkpoint_path, lines, read_line
from models.evidence.key import load_key
from models.evidence.sources import SOURCES, Source
from models.store import check_schema, explain

_LINKS = "SELECT position, source, first, last, count, root, at, payload, leaves, chain, mac FROM evidence_link"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was recorded. `where` names rows or links."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(slots=True)
class Verified:
    """What was found, and what was looked at. `head` is the chain's end, to be kept elsewhere."""

    findings: list[Finding] = field(default_factory=list)
    links: int = 0
    rows: int = 0
    removed: int = 0
    entries: int = 0
    head: Checkpoint | None = None
    began: datetime | None = None


@dataclass(slots=True)
class _Removals:
    """What signed links say was removed: sequence numbers and digests by source, links by their first position."""

    rows: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    digests: dict[str, dict[int, bytes]] = field(default_factory=dict)
    links: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    def settle(self) -> None:
        for runs in self.rows.values():
            runs.sort()

    def within(self, source: str, first: int, last: int) -> list[tuple[int, int]]:
        """Removed runs, cut to a range."""
        runs = self.rows.get(source, [])
        at = max(0, bisect_right(runs, (first, first)) - 1)
        found = []
        while at < len(runs) and runs[at][0] <= last:
            if runs[at][1] >= first:
                found.append((max(first, runs[at][0]), min(last, runs[at][1])))
            at += 1
        return found


def verify(
    store: Path, known: Sequence[Checkpoint] = (), progress: Callable[[int], object] = lambda _rows: None
) -> Verified:
    """Recompute everything. `known`: checkpoints that were kept elsewhere. Raises StoreError when it cannot be read."""
    key = load_key(store)
    found = Verified()
    points = _checkpoints(store, key, found)  # first: the database may only be further
    try:
        with closing(_open(store)) as connection:
            _Verification(connection, key, found, progress).run([*points, *known])
    except sqlite3.Error as error:
        raise explain(store, str(error)) from error
    if key is None and found.links:
        found.findings.append(Finding(f"{store}.key", "the key is gone: no signature can be checked"))
    return found


def _open(store: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        connection.execute("BEGIN")
        there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        revision = connection.execute("SELECT version_num FROM alembic_version").fetchone() if there else None
        check_schema(revision[0] if revision else None, store)
    except sqlite3.Error as error:
        connection.close()
        raise explain(store, str(error)) from error
    except StoreError:
        connection.close()
        raise
    return connection


def _checkpoints(store: Path, key: bytes | None, found: Verified) -> list[Checkpoint]:
    path = checkpoint_path(store)
    try:
        texts = lines(path)
    except OSError as error:
        found.findings.append(Finding(str(path), f"cannot be read ({error.strerror})"))
        return []
    points = []
    for number, text in enumerate(texts, 1):
        point = read_line(text, key)
        if point is None:
            found.findings.append(Finding(f"{path}:{number}", "not a checkpoint that this host has signed"))
        else:
            points.append(point)
    return points


class _Verification:
    def __init__(
        self, connection: sqlite3.Connection, key: bytes | None, found: Verified, progress: Callable[[int], object]
    ) -> None:
        self._connection = connection
        self._key = key
        self._found = found
        self._progress = progress
        self._removals = _Removals()

    def run(self, points: Sequence[Checkpoint]) -> None:
        self._read_removals()
        self._links({point.position for point in points}, points)
        for source in SOURCES.values():
            if source.mutable:
                self._mutable(source)
            else:
                self._rows(source)
        self._entries()

    def _add(self, where: str, what: str) -> None:
        self._found.findings.append(Finding(where, what))

    # ---- links

    def _read_removals(self) -> None:
        for row in self._connection.execute(f"{_LINKS} WHERE source = ? ORDER BY position", (REMOVAL,)):
            try:
                self._read_removal(_link(row))
            except (ValueError, TypeError, KeyError, AttributeError):
                self._add(f"link {row[0]}", "a removal that cannot be read")
        self._removals.settle()

    def _read_removal(self, link: Link) -> None:
        if (self._key is not None and sign(self._key, link.chain) != link.mac) or payload_root(
            link.payload
        ) != link.root:
            return  # told with the links; nothing that it says counts
        told = json.loads(link.payload)
        for first, last, chain in told.get("links", ()):
            self._removals.links[first] = (last, bytes.fromhex(chain))
        source = told.get("source")
        if source is not None:
            runs = [(first, last) for first, last in told["rows"]]
            self._removals.rows.setdefault(source, []).extend(runs)
            known = self._removals.digests.setdefault(source, {})
            known.update({int(seq): bytes.fromhex(digest) for seq, digest in told["digests"].items()})
            self._found.removed += sum(last - first + 1 for first, last in runs)

    def _links(self, wanted: set[int], points: Sequence[Checkpoint]) -> None:
        at_position: dict[int, bytes] = {}
        chain, expected = START, 1
        for row in self._connection.execute(f"{_LINKS} ORDER BY position"):
            try:
                link = _link(row)
            except (ValueError, TypeError):
                self._add(f"link {row[0]}", "it was changed: no link looks like this")
                expected = row[0] + 1 if isinstance(row[0], int) else expected
                continue
            while expected < link.position and expected in self._removals.links:
                last, chain = self._removals.links[expected]
                at_position[last] = chain
                expected = last + 1
            if link.position != expected:
                self._add(_positions(expected, link.position - 1), f"missing before link {link.position}")
            self._check_link(link, chain)
            if link.position in wanted:
                at_position[link.position] = link.chain
            chain, expected = link.chain, link.position + 1
            self._found.links += 1
            self._found.began = self._found.began or _moment(link.at)
            self._found.head = Checkpoint(link.position, link.chain, link.at)
        self._check_points(points, at_position, expected - 1)

    def _check_link(self, link: Link, before: bytes) -> None:
        where = f"link {link.position} ({_rows_of(link)}, recorded {_time(link.at)})"
        if chain_of(before, link) != link.chain:
            self._add(where, "it does not follow from the link before: one of them was changed, moved or put in")
        elif self._key is not None and sign(self._key, link.chain) != link.mac:
            self._add(where, "its signature is not of this host's key")
        if link.source == REMOVAL and payload_root(link.payload) != link.root:
            self._add(where, "what it says of removed rows was changed")
        elif link.source != REMOVAL and (link.payload or link.source not in SOURCES):
            self._add(where, "no link of this kind is written")
        if len(link.leaves) != LEAF * link.count:
            self._add(where, "its digests were changed")

    def _check_points(self, points: Sequence[Checkpoint], at_position: dict[int, bytes], end: int) -> None:
        for point in points:
            where = f"checkpoint of {_time(point.at)} at link {point.position}"
            if point.position > end:
                self._add(where, f"the chain ends at link {end}: {_positions(end + 1, point.position)} were cut off")
            elif at_position.get(point.position) != point.chain and not self._is_removed(point.position):
                self._add(where, "the chain was another one then: it was cut off or replaced, and went on")

    def _is_removed(self, position: int) -> bool:
        """Inside of a run for which a signed link stands; its end is compared."""
        return any(first <= position < last for first, (last, _chain) in self._removals.links.items())

    # ---- rows

    def _rows(self, source: Source) -> None:
        rows = iter(self._connection.execute(f"{source.select} ORDER BY seq"))
        row, reached = next(rows, None), 0
        query = f"{_LINKS} WHERE source = ? ORDER BY first, position"
        for found in self._connection.execute(query, (source.name,)):
            try:
                link = _link(found)
            except (ValueError, TypeError):
                continue  # told with the links
            within = self._again(source, link, reached)
            reached = max(reached, link.last)
            while row is not None and row[0] <= link.last:
                if row[0] < link.first:
                    self._add(f"{source.table} {row[0]}", "no link has it: it was put in, or its link was taken out")
                else:
                    within.append(row)
                row = next(rows, None)
                self._found.rows += 1
            self._check_rows(source, link, within)
            self._progress(self._found.rows)
        while row is not None:
            self._add(f"{source.table} {row[0]}", "no link has it: it was put in, or its link was taken out")
            row = next(rows, None)

    def _again(self, source: Source, link: Link, reached: int) -> list[Sequence[Any]]:
        """Rows that a link before has too: earlier versions wrote one more in the transaction that began a chain."""
        if link.first > reached:
            return []
        query = f"{source.select} WHERE seq BETWEEN ? AND ? ORDER BY seq"
        return self._connection.execute(query, (link.first, min(link.last, reached))).fetchall()

    def _check_rows(self, source: Source, link: Link, rows: Sequence[Sequence[Any]]) -> None:
        gone = self._removals.within(source.name, link.first, link.last)
        if not gone:
            digests = source.digests(rows)
            if len(rows) == link.count and root_of(digests) == link.root and leaves_of(digests) == link.leaves:
                return
        self._locate(source, link, {row[0]: source.digest(row) for row in rows}, gone)

    def _locate(self, source: Source, link: Link, there: dict[int, bytes], gone: Sequence[tuple[int, int]]) -> None:
        """Some rows of a link are not there, or not as they were."""
        removed = [seq for first, last in gone for seq in range(first, last + 1)]
        for seq in sorted(there.keys() & set(removed)):
            self._add(f"{source.table} {seq}", "it is there, although a signed link says that it was removed")
        if not there and len(removed) == link.count:
            return
        known = self._removals.digests.get(source.name, {})
        all_known = {**{seq: known[seq] for seq in removed if seq in known}, **there}
        digests = [all_known[seq] for seq in sorted(all_known)]
        if len(digests) == link.count and root_of(digests) == link.root and leaves_of(digests) == link.leaves:
            return
        places = _places(link, all_known)
        for seq, what in places:
            self._add(f"{source.table} {seq}", what)
        if not places:
            where = f"{source.table} {_span(link.first, link.last)} (link {link.position}, {_time(link.at)})"
            self._add(where, "the rows or their digests were changed")

    def _mutable(self, source: Source) -> None:
        """Of each row the newest link counts."""
        newest: dict[int, Link] = {}
        query = f"{_LINKS} WHERE source = ? ORDER BY position"
        for found in self._connection.execute(query, (source.name,)):
            try:
                link = _link(found)
            except (ValueError, TypeError):
                continue
            newest[link.first] = link
        for row in self._connection.execute(f"{source.select} ORDER BY seq"):
            self._found.rows += 1
            known = newest.pop(row[0], None)
            digest = source.digest(row)
            if known is None:
                self._add(f"{source.table} {row[0]}", "no link has it: it was put in, or its link was taken out")
            elif root_of([digest]) != known.root or leaves_of([digest]) != known.leaves:
                self._add(f"{source.table} {row[0]}", f"it was changed after {_time(known.at)}")
            elif self._removals.within(source.name, row[0], row[0]):
                self._add(f"{source.table} {row[0]}", "it is there, although a signed link says that it was removed")
        for seq, link in newest.items():
            if not self._removals.within(source.name, seq, seq):
                self._add(f"{source.table} {seq}", f"it is missing; recorded {_time(link.at)}")

    def _entries(self) -> None:
        for where, what in entries.differences(self._connection):
            self._add(where, what)


def _link(row: Sequence[Any]) -> Link:
    """Raises ValueError, TypeError for what no link can be."""
    position, source, first, last, count, root, at, payload, leaves, chain, mac = row
    if not all(type(one) is int for one in (position, first, last, count, at)) or not 0 <= at < 1 << 62:
        raise ValueError("numbers")
    if not all(type(one) is bytes for one in (root, leaves, chain, mac)) or not isinstance(payload, str):
        raise TypeError("digests")
    return Link(position, str(source), first, last, count, root, at, payload, leaves, chain, mac)


def _places(link: Link, known: dict[int, bytes]) -> list[tuple[int, str]]:
    """PURE: which rows of a link were changed, are missing or too many, by the leaves."""
    leaves = [link.leaves[start : start + LEAF] for start in range(0, len(link.leaves), LEAF)]
    wanted = list(range(link.first, link.last + 1))
    if len(wanted) == link.count == len(leaves):
        told = []
        for seq, leaf in zip(wanted, leaves, strict=True):
            if seq not in known:
                told.append((seq, f"it is missing; recorded {_time(link.at)}"))
            elif known[seq][:LEAF] != leaf:
                told.append((seq, f"it was changed after {_time(link.at)}"))
        return told
    left = set(leaves)
    return [(seq, f"it was changed after {_time(link.at)}") for seq in sorted(known) if known[seq][:LEAF] not in left]


def _rows_of(link: Link) -> str:
    source = SOURCES.get(link.source)
    return f"{source.table} {_span(link.first, link.last)}" if source is not None else link.source


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _positions(first: int, last: int) -> str:
    return f"link {first}" if first >= last else f"links {first} to {last}"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(micros: int) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return None


def _time(micros: int) -> str:
    moment = _moment(micros)
    return f"{moment:%Y-%m-%d %H:%M:%SZ}" if moment is not None else f"at {micros}"
