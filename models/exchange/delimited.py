"""CSV and TSV, and what other systems export in that form."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO

from models.exchange.columns import check_range, delimiter_of, read_header, without_header
from models.exchange.kinds import FileRefused, Item, Listed, Refused, Row, shown
from models.exchange.texts import decoding, lines_of, open_text
from models.number import without_numbers

MOST_LINES = 50  # of one record; more means that a quote was never closed
_FEW_LINES = MOST_LINES // 4  # of one cell
_SAMPLE = 50
_ROUNDED = re.compile(r"\s*'?[-+]?\d+(?:[.,]\d*)?[eE][-+]?\d+\s*")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_MARKED = re.compile(r"'+[=+\-@\t\r]")
_TEXTS = frozenset({"reason", "source"})
_ACTIVE = frozenset({"", "a", "active", "1", "y", "yes"})


@dataclass(frozen=True, slots=True)
class Layout:
    """How a kind of delimited file differs. `columns`: fields by position when there is no header;
    `sheet`: of a workbook."""

    columns: tuple[str, ...] = ("number", "reason")
    delimiter: str | None = None
    html: bool = False
    named: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None


def read(stream: BinaryIO, layout: Layout, encoding: str | None = None) -> Iterator[Item]:
    """The rows of a delimited file. Raises FileRefused, also after some rows."""
    lines = lines_of(open_text(stream, encoding))
    first = list(islice(lines, _SAMPLE))
    delimiter = layout.delimiter or delimiter_of(first)
    return read_cells(records(chain(first, lines), delimiter), layout)


def records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]] | Refused]:
    """(line, cells) of each record that is not empty. Raises FileRefused for an open quote."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error) or "field limit" in str(error):
                raise FileRefused(f"line {before + 1}: a quote is opened and never closed") from None
            yield Refused(reader.line_num, "", f"no record: {error}")
            before = reader.line_num
            continue
        if reader.line_num - before > MOST_LINES:
            raise FileRefused(f"line {before + 1}: a quote is opened and not closed within {MOST_LINES} lines")
        if cells and (len(cells) > 1 or cells[0].strip()):
            yield before + 1, cells
        before = reader.line_num


def read_cells(found: Iterable[tuple[int, list[str]] | Refused], layout: Layout) -> Iterator[Item]:
    """Records -> rows. The first record is the header, or a row. Raises FileRefused."""
    found = iter(found)
    first = next(found, None)
    if first is None:
        return
    if isinstance(first, Refused):
        raise FileRefused(f"line {first.line}: {first.why}")
    check_range(first[1], layout.named)
    columns = read_header(first[1], layout.named)
    if columns is None:
        columns = without_header(first[1], layout.columns)
        found = chain([first], found)
    yield from _rows(found, columns, layout)


def _rows(
    found: Iterable[tuple[int, list[str]] | Refused], columns: Mapping[str, int], layout: Layout
) -> Iterator[Item]:
    at = columns["number"]
    build = _builder(columns, layout)
    for record in found:
        if isinstance(record, Refused):
            yield record
            continue
        line, cells = record
        if at >= len(cells) or not cells[at].strip():
            yield Refused(line, shown(" ".join(cells)), "no number stands in it")
            continue
        number = cells[at]
        if ("E" in number or "e" in number) and _ROUNDED.fullmatch(number):
            raise FileRefused(rounded(line, number))
        yield build(line, number, cells)


def rounded(line: int, number: str) -> str:
    """Why the whole file is refused: others may have lost their last digits without showing it."""
    return (
        f"line {line}: {number.strip()}: a spreadsheet has rounded the numbers and digits are lost; "
        "format the column as text and export it again"
    )


def _builder(columns: Mapping[str, int], layout: Layout) -> Callable[[int, str, Sequence[str]], Item]:
    """A function for these columns: most files have one or two."""
    others = [(name, column) for name, column in columns.items() if name != "number"]
    if not others:
        return lambda line, number, _cells: Row(line, number)
    if [name for name, _ in others] == ["reason"]:
        return _with_reason(others[0][1], layout)

    def build(line: int, number: str, cells: Sequence[str]) -> Item:
        values = {name: cells[column].strip() for name, column in others if column < len(cells)}
        if values.pop("status", "").casefold() not in _ACTIVE:
            return Refused(line, shown(number), "its status says that it is not in force")
        for name in _TEXTS & values.keys():
            values[name] = _text(values[name], layout)
        return Row(line, number, values.pop("last", "") or None, **values)

    return build


def _with_reason(column: int, layout: Layout) -> Callable[[int, str, Sequence[str]], Item]:
    def build(line: int, number: str, cells: Sequence[str]) -> Item:
        reason = cells[column].strip() if column < len(cells) else ""
        return Row(line, number, None, "", "", _text(reason, layout))

    return build


def _text(value: str, layout: Layout) -> str:
    if layout.html:
        value = html.unescape(value)
    return value[1:] if value[:1] == "'" and _MARKED.match(value) else value


def guarded(text: str) -> str:
    """Text that a spreadsheet would take for a formula, with an apostrophe before it; reading takes it off again.
    What is so many lines that reading would take it for a quote that was never closed becomes one.
    """
    if text.count("\n") + text.count("\r") > _FEW_LINES:
        text = " ".join(text.split())
    return "'" + text if _FORMULA.match(text) else text


HEADER = ("number", "last", "campaign", "until", "reason", "source", "added_at", "allow")


def cells_of(entry: Listed) -> list[str]:
    """An entry in the columns of HEADER; dates are ISO 8601 with their zone."""
    return [
        f"+{entry.number}",
        "" if entry.last is None else f"+{entry.last}",
        entry.campaign,
        entry.until.isoformat() if entry.until else "",
        guarded(entry.reason),
        guarded(entry.source),
        entry.at.isoformat() if entry.at else "",
        "yes" if entry.allow else "",
    ]


def named_cells(name: Callable[[int], str]) -> Callable[[Listed], list[str]]:
    """The same with names instead of numbers, also of those that somebody has written into a reason."""

    def cells(entry: Listed) -> list[str]:
        found = cells_of(entry)
        found[0] = name(entry.number)
        found[1] = "" if entry.last is None else name(entry.last)
        return [*found[:4], *map(without_numbers, found[4:6]), *found[6:]]

    return cells


def write(
    entries: Iterable[Listed],
    stream: BinaryIO,
    header: Sequence[str],
    cells: Callable[[Listed], Sequence[str] | Refused],
    delimiter: str = ",",
    encoding: str | None = None,
) -> Iterator[Refused]:
    """Write while the refusals are read. Raises FileRefused for text that the encoding does not have."""
    text = io.TextIOWrapper(stream, encoding or "utf-8", newline="", write_through=False)
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    try:
        with decoding():
            writer.writerow(header)
            for entry in entries:
                made = cells(entry)
                if isinstance(made, Refused):
                    yield made
                else:
                    writer.writerow(made)
            text.flush()
    finally:
        text.detach()
