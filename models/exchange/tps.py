"""The UK's Telephone Preference Service: twelve characters and CR LF, in national format.

Either area code (5, left-justified) and the rest (7, right-justified), or all digits left-justified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from models.exchange.flat import only_number, whole_lines
from models.exchange.kinds import Item, Listed, Refused, Row, shown

_TWELVE = re.compile(rb"(?:[0-9 ]{12}\r?\n)*")  # no line can be read in two ways, or a bad one costs hours
_NUMBERS = re.compile(rb"(?:0[1-9][0-9]{8,9}\r?\n)*")
_DIGITS = re.compile(rb"0([1-9][0-9]{8,9})")


def read(stream: BinaryIO) -> Iterator[Item]:
    """The rows, as E.164. Raises FileRefused."""
    for line, numbers in read_blocks(stream):
        if isinstance(numbers, Refused):
            yield numbers
        else:
            for place, number in enumerate(numbers, line):
                yield Row(place, number)


def read_blocks(stream: BinaryIO) -> Iterator[tuple[int, list[int] | Refused]]:
    """(first line, the numbers of that line and those below it), or a refused line. Raises FileRefused."""
    line = 1
    for block in whole_lines(stream):
        digits = block.replace(b" ", b"")
        if _TWELVE.fullmatch(block) and _NUMBERS.fullmatch(digits):
            yield line, [int(b"44" + word[1:]) for word in digits.split()]
        else:
            yield from _line_by_line(block, line)
        line += block.count(b"\n")


def _line_by_line(block: bytes, line: int) -> Iterator[tuple[int, list[int] | Refused]]:
    for place, text in enumerate(block.split(b"\n")[:-1], line):
        text = text.removesuffix(b"\r")
        if not text.strip(b" \x1a"):
            continue
        found = _DIGITS.fullmatch(text.replace(b" ", b""))
        if found is None:
            yield place, Refused(place, shown(text), "no UK number in national format: 0 and nine or ten digits")
        elif len(text.rstrip()) > 12:
            yield place, Refused(place, shown(text), "more than twelve characters")
        else:
            yield place, [int(b"44" + found[1])]


def write(entries: Iterable[Listed], stream: BinaryIO) -> Iterator[Refused]:
    """Left-justified digits in twelve characters and CR LF. What the format cannot hold is refused."""
    for entry in entries:
        number = str(entry.number)
        if (refused := only_number(entry)) is not None:
            yield refused
        elif re.fullmatch(r"44[1-9]\d{8,9}", number) is None:
            yield Refused(0, f"+{number}", "not in the numbering plan of +44")
        else:
            stream.write(f"{'0' + number[2:]:<12}\r\n".encode())
