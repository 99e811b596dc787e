"""PURE: which of many ranges hold a number; they may overlap and lie in each other."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator

_ENDLESS = 10**18


class Ranges:
    """Kept apart by width, in powers of ten: of each width, only what begins that near below a number can hold it."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._all: set[tuple[int, int]] = set()
        self.by_width: dict[int, list[tuple[int, int]]] = {}
        for first, last in ranges:
            self.add(first, last)

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(sorted(self._all))

    def add(self, first: int, last: int) -> None:
        """All numbers from the first to the last."""
        if (first, last) in self._all or last < first:
            return
        self._all.add((first, last))
        width = 10 ** len(str(last - first))  # at least last - first + 1
        insort(self.by_width.setdefault(width, []), (first, last))

    def holding(self, number: int) -> list[tuple[int, int]]:
        """Those that the number is in."""
        found = []
        for width, ranges in self.by_width.items():
            at = bisect_right(ranges, (number, _ENDLESS))
            while at and ranges[at - 1][0] > number - width:
                at -= 1
                if ranges[at][1] >= number:
                    found.append(ranges[at])
        return found
