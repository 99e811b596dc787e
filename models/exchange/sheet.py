"""XLSX through openpyxl, which is imported when a workbook is met (extra `xlsx`: most sites never need it)."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from itertools import islice
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from models.exchange.delimited import HEADER, Layout, cells_of, read_cells
from models.exchange.kinds import FileRefused, Item, Listed, Refused

MOST_UNPACKED = 4 << 30  # bytes
MOST_ROWS = 1_048_576
_SAMPLE = 1000  # rows of another sheet
_EXACT = 1 << 53  # greater floats have lost digits
_BROKEN = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    RuntimeError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
)


def openpyxl() -> Any:
    """The library. Raises FileRefused that says how to get it."""
    try:
        import openpyxl as found
    except ImportError:
        raise FileRefused(
            "workbooks need openpyxl: pip install 'asterisk-concierge[xlsx]', or save it as CSV"
        ) from None
    return found


def read(stream: BinaryIO, layout: Layout) -> Iterator[Item]:
    """The rows of the first sheet. Raises FileRefused."""
    yield from read_cells(_records(stream), layout)


def _records(stream: BinaryIO) -> Iterator[tuple[int, list[str]] | Refused]:
    others: list[str] = []
    for line, values in raw_rows(stream, others):
        cells = [text_of(value, line) for value in values]
        if any(cells):
            yield line, cells
    for name in others:
        yield Refused(
            0, name, "another sheet of the workbook, with rows that were not read; save it as a file of its own"
        )


def raw_rows(stream: BinaryIO, others: list[str] | None = None) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """(line, values) of the first sheet; `others` gets the names of further ones that are not empty.

    Raises FileRefused for what is no workbook.
    """
    library = openpyxl()
    try:
        with zipfile.ZipFile(stream) as archive:
            if sum(one.file_size for one in archive.infolist()) > MOST_UNPACKED:
                raise FileRefused(f"the workbook unpacks to more than {MOST_UNPACKED >> 30} GiB")
        stream.seek(0)
        book = library.load_workbook(stream, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a workbook says of its own size is not always true
        rows = enumerate(sheet.iter_rows(values_only=True), 1)
    except _BROKEN as error:
        raise FileRefused(f"no XLSX workbook, or a damaged one ({error}); save it again, or as CSV") from None
    while True:
        try:
            found = next(rows, None)
        except _BROKEN as error:
            raise FileRefused(f"the workbook is damaged ({error}); save it again, or as CSV") from None
        if found is None:
            break
        if found[0] > MOST_ROWS:
            raise FileRefused(f"the workbook is damaged (a row beyond {MOST_ROWS:,}); save it again, or as CSV")
        yield found
    if others is not None:
        others += _filled(book.worksheets[1:])


def _filled(sheets: Iterable[Any]) -> list[str]:
    """Names of those with a value in one of their first rows."""
    try:
        return [one.title for one in sheets if any(map(any, islice(one.iter_rows(values_only=True), _SAMPLE)))]
    except _BROKEN as error:
        raise FileRefused(f"the workbook is damaged ({error}); save it again, or as CSV") from None


def text_of(value: Any, line: int) -> str:
    """A cell as text; a whole number without a fraction. Raises FileRefused for one that has lost digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if value != value or abs(value) >= _EXACT:
            raise FileRefused(f"line {line}: {value}: more digits than a spreadsheet keeps; format the column as text")
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == value.time().min else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def write(entries: Iterable[Listed], stream: BinaryIO) -> Iterator[Refused]:
    """The columns of HEADER, all of them text."""
    with new_book("numbers") as (book, sheet):
        sheet.append(HEADER)
        for line, entry in enumerate(entries, 2):
            if line > MOST_ROWS:
                yield Refused(0, f"+{entry.number}", f"a sheet has no more than {MOST_ROWS:,} rows; write CSV")
                continue
            sheet.append([_printable(cell) for cell in cells_of(entry)])
        book.save(stream)


@contextmanager
def new_book(title: str) -> Iterator[tuple[Any, Any]]:
    """(book, sheet) to append rows to; the sheet is closed, saved or not."""
    book = openpyxl().Workbook(write_only=True)
    from openpyxl.utils.exceptions import WorkbookAlreadySaved

    sheet = book.create_sheet(title)
    try:
        yield book, sheet
    finally:
        with suppress(WorkbookAlreadySaved):
            sheet.close()


def _printable(text: str) -> str:
    """Without the control characters that the format cannot hold."""
    return "".join(char for char in text if char >= " " or char in "\t\n\r")
