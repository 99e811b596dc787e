"""XLSX through openpyxl, which is imported when a workbook is met (extra `xlsx`: most sites never need it)."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from models.exchange.delimited import HEADER, Layout, cells_of, read_cells
from models.exchange.kinds import FileRefused, Item, Listed, Refused

MOST_UNPACKED = 4 << 30  # bytes
MOST_ROWS = 1_048_576
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
    """The rows of one sheet. Raises FileRefused."""
    yield from read_cells(_records(stream, layout.sheet), layout)


def _records(stream: BinaryIO, name: str | None) -> Iterator[tuple[int, list[str]]]:
    for line, values in raw_rows(stream, name):
        cells = [text_of(value, line) for value in values]
        if any(cells):
            yield line, cells


def raw_rows(stream: BinaryIO, name: str | None = None) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """(line, values) of the sheet of that name, or of the only one that has any.

    Raises FileRefused for what is no workbook, and where the sheet has to be chosen.
    """
    library = openpyxl()
    try:
        with zipfile.ZipFile(stream) as archive:
            if sum(one.file_size for one in archive.infolist()) > MOST_UNPACKED:
                raise FileRefused(f"the workbook unpacks to more than {MOST_UNPACKED >> 30} GiB")
        stream.seek(0)
        book = library.load_workbook(stream, read_only=True, data_only=True)
        sheet = _chosen(book.worksheets, name)
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


def _chosen(sheets: Sequence[Any], name: str | None) -> Any:
    """The sheet that is meant. Raises FileRefused."""
    if name is not None:
        found = [one for one in sheets if one.title.casefold() == name.casefold()]
        if not found:
            raise FileRefused(f"no sheet is called {name!r}; there are: {', '.join(one.title for one in sheets)}")
        return found[0]
    if len(sheets) < 2:
        return sheets[0]
    filled = [one for one in sheets if _is_filled(one)]
    if len(filled) > 1:
        names = ", ".join(repr(one.title) for one in filled)
        raise FileRefused(f"several sheets have rows ({names}), and one is read; choose with --sheet NAME")
    return filled[0] if filled else sheets[0]


def _is_filled(sheet: Any) -> bool:
    """Does any cell have a value? Read to the first one."""
    sheet.reset_dimensions()
    return any(value not in (None, "") for row in sheet.iter_rows(values_only=True) for value in row)


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
