"""PURE: a file of leads, record by record, so that each can be written again byte for byte."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import BinaryIO, NamedTuple

from models.exchange.columns import delimiter_of, is_one_column, read_header, without_header
from models.exchange.delimited import MOST_LINES
from models.exchange.kinds import FileRefused
from models.exchange.texts import MAX_LINE, decoding, encoding_of, head_of

_SAMPLE = 50
_BLOCK = 1 << 20  # characters
_PLAIN = '0123456789+,;|\t"\r\n aZ'
_MARKED = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
ADDED = ("refused_reason", "refused_entry", "refused_detail")


class Leads(NamedTuple):
    """Some records as they stand in the file, line ends and all, and the number of each; None for an empty line."""

    raws: list[str]
    numbers: list[str | None]


@dataclass(frozen=True, slots=True)
class Form:
    """How the file is written. `codec` gives the bytes back exactly; `encoding` is what people read in them."""

    codec: str
    encoding: str
    delimiter: str
    column: int
    header: str

    def text(self, raw: str) -> str:
        """As people read it."""
        return raw if self.codec == self.encoding else raw.encode(self.codec).decode(self.encoding, "replace")

    def raw(self, text: str) -> str:
        """As it stands in the file; what the encoding does not have becomes a question mark."""
        return text if self.codec == self.encoding else text.encode(self.encoding, "replace").decode(self.codec)

    def with_cells(self, raw: str, *cells: str) -> str:
        """The record with more columns at its end."""
        whole = raw.rstrip("\r\n")
        out = io.StringIO()
        delimiter = "," if is_one_column(self.delimiter) else self.delimiter
        csv.writer(out, delimiter=delimiter, lineterminator="").writerow(cells)
        return f"{whole}{delimiter}{self.raw(out.getvalue())}{raw[len(whole) :] or chr(10)}"


def read(
    stream: BinaryIO, encoding: str | None = None, delimiter: str | None = None, column: str | None = None
) -> tuple[Form, Iterator[Leads]]:
    """The form of a delimited file and its leads. `column`: name, or place (from 1) where there is no header.

    Raises FileRefused, while it is read too.
    """
    head, stream = head_of(stream)
    codec, shown = _codecs(head, encoding)
    blocks = _blocks(stream, codec)
    first = next(blocks, "")
    if not first:
        raise FileRefused("it is empty")
    sample = list(islice(io.StringIO(first, newline=""), _SAMPLE))
    delimiter = delimiter or delimiter_of(sample)
    header, _ = _records(first if len(sample) < _SAMPLE else "".join(sample), delimiter, 1)
    if not header:
        raise FileRefused("line 1: a quote is opened and not closed")
    form = _form(Form(codec, shown, delimiter, 0, ""), header[0], column)
    return form, _leads(form, chain([first[len(form.header) :]], blocks))


def _codecs(head: bytes, encoding: str | None) -> tuple[str, str]:
    """Any encoding whose digits are ASCII's is read byte by byte, so that nothing in it can be wrong."""
    for mark, codec in _MARKED.items():
        if head.startswith(mark) and encoding in (None, "utf-16"):
            return codec, codec
    shown = encoding_of(head, encoding)
    if _PLAIN.encode(shown).removeprefix(codecs.BOM_UTF8) == _PLAIN.encode("ascii"):
        return "latin-1", "utf-8" if shown == "utf-8-sig" else shown
    return shown, shown


def _blocks(stream: BinaryIO, codec: str) -> Iterator[str]:
    """About a megabyte at a time, to the end of a line. Raises FileRefused for a line that has none."""
    text = io.TextIOWrapper(stream, codec, newline="")
    line = 1
    try:
        with decoding(lambda: line):
            while block := text.read(_BLOCK):
                rest = text.readline(MAX_LINE)
                if len(rest) == MAX_LINE:
                    raise FileRefused(f"a line of more than {MAX_LINE} characters; these are no leads")
                if block.endswith("\r") and not rest.startswith("\n"):
                    rest += text.readline(MAX_LINE)
                line += block.count("\n") + rest.count("\n")
                yield block + rest
    finally:
        with suppress(ValueError):
            text.detach()


def _leads(form: Form, blocks: Iterable[str]) -> Iterator[Leads]:
    """Plain blocks are split at once, the others record by record."""
    line, open_record = 1 + form.header.count("\n"), ""
    for block in blocks:
        block = open_record + block
        open_record = ""
        if '"' not in block and block.count("\r") == block.count("\r\n"):
            raws = block.split("\n")
            raws[:] = [raw + "\n" for raw in raws[:-1]] + raws[-1:]
            records = raws if raws[-1] else raws[:-1]
        else:
            records, open_record = _records(block, form.delimiter, line)
        line += block.count("\n")
        if records:
            yield Leads(records, _numbers(form, records))
    if open_record:
        raise FileRefused(f"line {line - open_record.count(chr(10))}: a quote is opened and never closed")


def _numbers(form: Form, records: list[str]) -> list[str | None]:
    column, delimiter = form.column, form.delimiter
    try:
        if any('"' in raw for raw in records):
            raise IndexError
        found: list[str | None] = [raw.split(delimiter, column + 1)[column].strip() for raw in records]
    except IndexError:
        found = [_number(raw, delimiter, column) for raw in records]
    if not all(number is None or number.isascii() for number in found):
        found = [number and form.text(number).strip().removeprefix("\ufeff") for number in found]
    if not all(found):
        found = [None if raw.isspace() else number for raw, number in zip(records, found, strict=True)]
    return found


def _number(raw: str, delimiter: str, column: int) -> str:
    cells = cells_of(raw, delimiter) if '"' in raw else raw.split(delimiter, column + 1)
    return cells[column].strip() if column < len(cells) else ""


def _records(block: str, delimiter: str, line: int) -> tuple[list[str], str]:
    """The records, and the beginning of one that is not over. Raises FileRefused for a quote that stays open."""
    records: list[str] = []
    parts: list[str] = []
    for text in io.StringIO(block, newline=""):
        parts.append(text)
        if ('"' in text or len(parts) > 1) and _is_open("".join(parts), delimiter):
            if len(parts) > MOST_LINES:
                raise FileRefused(
                    f"line {line + len(records)}: a quote is opened and not closed within {MOST_LINES} lines"
                )
            continue
        records.append("".join(parts))
        parts = []
    return records, "".join(parts)


def _is_open(text: str, delimiter: str) -> bool:
    """Does a quoted cell go on in the next line?"""
    try:
        list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def cells_of(text: str, delimiter: str) -> list[str]:
    """The cells of one record."""
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return text.rstrip("\r\n").split(delimiter)


def _form(plain: Form, record: str, column: str | None) -> Form:
    """With the column of the number, and the first record when it is a header."""
    cells = [plain.text(cell) for cell in cells_of(record, plain.delimiter)]
    if not any(cell.strip() for cell in cells):
        raise FileRefused("its first line is empty")
    cells[0] = cells[0].removeprefix("\ufeff")
    if column is not None and column.isdigit():
        if not 1 <= int(column) <= len(cells):
            raise FileRefused(f"there is no column {column}; the first line has {len(cells)}")
        return replace(plain, column=int(column) - 1)
    found = read_header(cells, {"number": column} if column else {})
    if found is not None:
        return replace(plain, column=found["number"], header=record)
    return replace(plain, column=without_header(cells, ("number",))["number"])
