"""The national registries of the USA (FTC) and Canada (DNCL) as flat text: `AAA,NNNNNNN` or ten digits, or a zip."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

from models.exchange.kinds import FileRefused, Item, Listed, Refused, Row, shown

_CHUNK = 1 << 20
_LONGEST = 200  # bytes of a line
_CLEAN = re.compile(rb"(?:[2-9][0-9]{2},?[2-9][0-9]{6}\r?\n)*")
_LINE = re.compile(rb"\"?([2-9][0-9]{2})\"?,?\"?([2-9][0-9]{6})\"?")
_ZIP = b"PK\x03\x04"
MOST_UNPACKED = 8 << 30  # bytes


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
    for member in _members(stream):
        line = 1
        for block in whole_lines(member):
            count = block.count(b"\n")
            if _CLEAN.fullmatch(block):
                yield line, [10_000_000_000 + int(word) for word in block.replace(b",", b"").split()]
            else:
                yield from _line_by_line(block, line)
            line += count


def whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Blocks that end with a line. Raises FileRefused for what has no lines."""
    rest = b""
    while data := stream.read(_CHUNK):
        head, newline, tail = (rest + data).rpartition(b"\n")
        if len(tail) > _LONGEST:
            raise FileRefused("a line without end; this is no flat list of numbers")
        rest = tail
        if newline:
            yield head + newline
    if rest:
        yield rest + b"\n"


def _line_by_line(block: bytes, line: int) -> Iterator[tuple[int, list[int] | Refused]]:
    for place, text in enumerate(block.split(b"\n")[:-1], line):
        text = text.strip().removeprefix(b"\xef\xbb\xbf") if place == 1 else text.strip()
        if not text or text == b"\x1a":  # the end of a DOS text
            continue
        found = _LINE.fullmatch(text)
        if found:
            yield place, [10_000_000_000 + int(found[1] + found[2])]
        elif text.count(b",") > 1:
            raise FileRefused(f"line {place}: several fields, as in a list of changes; download the full list")
        elif place > 1 or any(48 <= byte < 58 for byte in text):  # the first line may be a header
            yield place, Refused(place, shown(text), "no North American number: area code and seven digits")


def _members(stream: BinaryIO) -> Iterator[BinaryIO]:
    """The stream itself, or each file of a zip."""
    if not stream.seekable():
        yield stream
        return
    head = stream.read(4)
    stream.seek(0)
    if head != _ZIP:
        yield stream
        return
    yield from unzipped(stream)


class _Member(io.RawIOBase):
    """A packed file whose damage is told in our words."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes. Raises FileRefused."""
        with _unpacking():
            return self._file.read(size)


@contextmanager
def _unpacking() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise FileRefused(f"the zip is damaged or encrypted: {error}") from None


def unzipped(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Each file of a zip. Raises FileRefused when it is damaged or unpacks to more than is sensible."""
    with _unpacking():
        archive = zipfile.ZipFile(stream)
    with archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        if sum(one.file_size for one in members) > MOST_UNPACKED:
            raise FileRefused(f"the zip unpacks to more than {MOST_UNPACKED >> 30} GiB")
        for member in members:
            with _unpacking():
                file = archive.open(member)
            with file:
                yield cast(BinaryIO, _Member(file))


def write(entries: Iterable[Listed], stream: BinaryIO) -> Iterator[Refused]:
    """`AAA,NNNNNNN` and LF. What the format cannot hold is refused."""
    for entry in entries:
        if (refused := not_american(entry)) is not None:
            yield refused
        else:
            stream.write(f"{str(entry.number)[1:4]},{str(entry.number)[4:]}\n".encode())


_AMERICAN = re.compile(r"1[2-9]\d{2}[2-9]\d{6}", re.ASCII)


def not_american(entry: Listed) -> Refused | None:
    """Why such an entry cannot be in a North American registry file."""
    if (refused := only_number(entry)) is not None:
        return refused
    if _AMERICAN.fullmatch(str(entry.number)) is None:
        return Refused(0, f"+{entry.number}", "not in the numbering plan of +1")
    return None


def only_number(entry: Listed) -> Refused | None:
    """Why an entry cannot be in a file of bare numbers: it would hold for more, or for less."""
    what = f"+{entry.number}"
    if entry.allow:
        return Refused(0, what, "it allows calls; the format holds refusals only")
    if entry.last is not None:
        return Refused(0, what, "a range; the format holds single numbers only")
    if entry.campaign:
        return Refused(0, what, f"for campaign {entry.campaign} only; choose it with --campaign")
    if entry.until is not None:
        return Refused(0, what, "it ends some day; the format knows no end")
    return None
