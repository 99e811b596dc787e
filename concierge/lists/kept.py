"""The rows of an import between reading and listing: in a file of this process, given back in the order of numbers.

An index of the database is written where its neighbours are: in order a million random numbers cost what numbers in a
row cost, otherwise each is a page of its own. Rows of one number keep the order of the file.
"""

from __future__ import annotations

import marshal
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain
from operator import itemgetter
from types import TracebackType
from typing import Any, Self

_IN_MEMORY = 32 << 20  # bytes; more go to a temporary file
_RUN = 50_000  # rows that are sorted together, in memory
_PIECE = 500  # rows of each run that are in memory while they are given back
_number = itemgetter(0)

Row = tuple[Any, ...]


class Kept:
    """Rows, as tuples of plain values that begin with a number. Used as a context; the file goes with it."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self._fresh: list[Row] = []
        self._runs: list[list[tuple[int, int]]] = []  # where the pieces of each run are, and their bytes
        self._last = 0
        self._in_order = True
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, rows: list[Row]) -> None:
        """Some more."""
        self._fresh += rows
        if len(self._fresh) >= _RUN:
            self._write()

    def _write(self) -> None:
        rows = self._fresh
        rows.sort(key=_number)
        self._in_order = self._in_order and self._last <= rows[0][0]
        self._last = rows[-1][0]
        pieces = [marshal.dumps(rows[at : at + _PIECE]) for at in range(0, len(rows), _PIECE)]
        self._runs.append([])
        for piece in pieces:
            self._file.write(piece)
            self._runs[-1].append((self._end, len(piece)))
            self._end += len(piece)
        self._fresh = []

    def rows(self) -> Iterator[Row]:
        """All of them, by number; once."""
        if self._fresh:
            self._write()
        runs = [self._pieces(run) for run in self._runs]
        return chain.from_iterable(chain.from_iterable(runs) if self._in_order else merged(runs))

    def _pieces(self, run: list[tuple[int, int]]) -> Iterator[list[Row]]:
        """What this process has written to its own file."""
        for place, size in run:
            self._file.seek(place)
            yield marshal.loads(self._file.read(size))  # noqa: S302


class _Run:
    """What is left of a run, and the piece of it that is in memory."""

    def __init__(self, pieces: Iterator[list[Row]]) -> None:
        self._pieces = pieces
        self.rows: list[Row] = next(pieces, [])

    def take(self, count: int) -> list[Row]:
        taken = self.rows[:count]
        self.rows = self.rows[count:] or next(self._pieces, [])
        return taken

    def equal(self, number: int) -> Iterator[list[Row]]:
        """The rows of this number, which no row in memory is below; piece by piece."""
        while count := bisect_right(self.rows, number, key=_number):
            yield self.take(count)


def merged(runs: Iterable[Iterator[list[Row]]]) -> Iterator[list[Row]]:
    """Sorted rows in pieces -> all of them sorted, in pieces; of equal numbers those of the earlier run first.

    What is below the last row of every piece in memory is sorted at once: many times faster than row by row.
    """
    left = [one for one in map(_Run, runs) if one.rows]
    while left:
        bound = min(one.rows[-1][0] for one in left)
        counts = [bisect_left(one.rows, bound, key=_number) for one in left]
        if any(counts):
            some = [row for one, count in zip(left, counts, strict=True) if count for row in one.take(count)]
            some.sort(key=_number)
            yield some
        else:
            for one in left:
                yield from one.equal(bound)
        left = [one for one in left if one.rows]
