"""Bytes -> text: byte order marks, encodings, lines that are no lines."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from models.exchange.kinds import FileRefused

MAX_LINE = 1_000_000  # characters
_HEAD = 4096
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def head_of(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes, and a stream that still has them."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(_Raw(stream))
    return buffered.peek(_HEAD)[:_HEAD], buffered


class _Raw(io.RawIOBase):
    """Any object with `read` as a raw stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """At most what the buffer holds."""
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def encoding_of(head: bytes, encoding: str | None) -> str:
    """The named encoding, or what a byte order mark says, or UTF-8. Raises FileRefused."""
    if encoding is not None:
        try:
            found = codecs.lookup(encoding)
        except LookupError:
            raise FileRefused(f"{encoding!r} is no encoding; known are utf-8, cp1250, iso8859-2, utf-16 …") from None
        if not found._is_text_encoding:
            raise FileRefused(f"{encoding!r} is no encoding of text")
        return "utf-8-sig" if found.name == "utf-8" else found.name
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is None and b"\0" in head:
        raise FileRefused(
            "zero bytes stand in it: no text, or UTF-16 without its mark; name it with --encoding utf-16-le"
        )
    return marked or "utf-8-sig"


@contextmanager
def decoding(line: Callable[[], int] = lambda: 1) -> Iterator[None]:
    """Turns the decoder's error into one that says what to do. `line`: of the first character that is not read yet."""
    try:
        yield
    except UnicodeError as error:
        raise FileRefused(
            f"not {_name(error)}{_where(error, line())}; name its encoding, e.g. --encoding cp1250"
        ) from None


def _where(error: UnicodeError, line: int) -> str:
    """The decoder counts the bytes of a block that it was given, not of the file."""
    if not isinstance(error, UnicodeDecodeError):
        return ""
    before = error.object[: error.start].decode(error.encoding, "replace")
    return f" in line {line + before.count(chr(10))}"


def _name(error: UnicodeError) -> str:
    return error.encoding.upper() if isinstance(error, UnicodeDecodeError) else "text of the named encoding"


def open_text(stream: BinaryIO, encoding: str | None = None, newline: str | None = "") -> io.TextIOWrapper:
    """The stream as text. Raises FileRefused; while it is read, see `decoding`."""
    head, stream = head_of(stream)
    return io.TextIOWrapper(stream, encoding_of(head, encoding), newline=newline)


def lines_of(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines with their ends. Raises FileRefused for one without end."""
    count = 1
    try:
        with decoding(lambda: count):
            for line in iter(lambda: text.readline(MAX_LINE), ""):
                if len(line) == MAX_LINE:
                    raise FileRefused(f"a line of more than {MAX_LINE} characters; this is no list of numbers")
                count += 1
                yield line
    finally:
        with suppress(ValueError):  # the file is its opener's to close
            text.detach()
