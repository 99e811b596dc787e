"""VICIDIAL's own lists: one number per line, `201XXXXXXX` for an area code; or its two tables as CSV or TSV.

vicidial_dnc has phone_number, vicidial_campaign_dnc has phone_number and campaign_id. Numbers are national ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from models.exchange import delimited
from models.exchange.delimited import Layout
from models.exchange.flat import only_number
from models.exchange.kinds import Item, Listed, Refused, Row

LAYOUT = Layout(columns=("number", "campaign"))
_WILDCARD = re.compile(r"(\d+)(X+)", re.ASCII | re.IGNORECASE)
_EVERY = frozenset({"SYSTEM_INTERNAL", "-SYSINT-", "---ALL---"})


def read(stream: BinaryIO, layout: Layout, encoding: str | None = None) -> Iterator[Item]:
    """The rows; a wildcard becomes a range. Raises FileRefused."""
    for item in delimited.read(stream, layout, encoding):
        yield item if isinstance(item, Refused) else _row(item)


def _row(row: Row) -> Row:
    if row.campaign in _EVERY:
        row = row._replace(campaign="")
    wild = _WILDCARD.fullmatch(str(row.number).strip())
    if wild is None:
        return row
    size = len(wild[2])
    return row._replace(number=wild[1] + "0" * size, last=wild[1] + "9" * size)


def write(
    entries: Iterable[Listed], stream: BinaryIO, code: str, encoding: str | None = None, *, campaigns: bool = False
) -> Iterator[Refused]:
    """National numbers of one calling code; with `campaigns` the second column. Others are refused."""

    def cells(entry: Listed) -> list[str] | Refused:
        campaign = entry.campaign
        made = _text(entry if not campaigns else _of_all(entry), code)
        return made if isinstance(made, Refused) else [made, campaign or "SYSTEM_INTERNAL"]

    if campaigns:
        yield from delimited.write(entries, stream, ("phone_number", "campaign_id"), cells, encoding=encoding)
        return
    for entry in entries:
        made = _text(entry, code)
        if isinstance(made, Refused):
            yield made
        else:
            stream.write(f"{made}\n".encode())


def _of_all(entry: Listed) -> Listed:
    return Listed(entry.number, entry.last, "", entry.until, allow=entry.allow)


def _text(entry: Listed, code: str) -> str | Refused:
    whole = Listed(entry.number, None, entry.campaign, entry.until, allow=entry.allow)
    if (refused := only_number(whole)) is not None:
        return refused
    number = str(entry.number)
    if not number.startswith(code):
        return Refused(0, f"+{number}", f"not in the numbering plan of +{code}; VICIDIAL keeps national numbers")
    if entry.last is None:
        return number[len(code) :]
    head = _wildcard(number, str(entry.last))
    if head is None or len(head) <= len(code):
        return Refused(0, f"+{number}", f"a range to +{entry.last}, which is no whole block of numbers")
    return head[len(code) :] + "X" * (len(number) - len(head))


def _wildcard(first: str, last: str) -> str | None:
    """The common head of a range that has all numbers which begin with it."""
    for size in range(1, len(first)):
        head = first[:-size]
        if first == head + "0" * size and last == head + "9" * size:
            return head
    return None
