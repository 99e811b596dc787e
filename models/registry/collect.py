"""PURE: rows of any format as blocks of numbers for a registry, which holds for every campaign and without end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from models.exchange.intake import read_rows
from models.exchange.kinds import Item, Listed, Refused
from models.number import Site

_BLOCK = 50_000
_WIDEST = 10_000_000  # numbers of one range


def rows_in_blocks(items: Iterable[Item], country: str) -> Iterator[tuple[int, list[int] | Refused]]:
    """(line, numbers) or a refused row. Numbers as text are read as in their country. Raises FileRefused."""
    block: list[int] = []
    first = 1
    for found in read_rows(items, Site(country=country)):
        if isinstance(found, Refused):
            yield found.line, found
            continue
        line, entry = found
        if (refused := _no_member(line, entry)) is not None:
            yield line, refused
            continue
        first = first if block else line
        block.extend(range(entry.number, (entry.last or entry.number) + 1))
        if len(block) >= _BLOCK:
            yield first, block
            block = []
    if block:
        yield first, block


def _no_member(line: int, entry: Listed) -> Refused | None:
    what = f"+{entry.number}"
    if entry.campaign or entry.until or entry.allow:
        return Refused(line, what, "a registry holds for every campaign and without end; use `concierge list import`")
    if entry.last is not None and entry.last - entry.number >= _WIDEST:
        return Refused(line, what, f"a range of more than {_WIDEST} numbers")
    return None
