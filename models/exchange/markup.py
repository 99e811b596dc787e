"""The registries of Canada and the USA as XML: `<ac val='416'><ph val='1234567'/></ac>`, with or without a root."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import BinaryIO
from xml.parsers import expat

from models.exchange.flat import not_american
from models.exchange.kinds import FileRefused, Item, Listed, Refused, Row, shown

_CHUNK = 1 << 16
_DECLARATION = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}\?>)?")
_AREA = re.compile(r"[2-9]\d{2}", re.ASCII)
_NUMBER = re.compile(r"[2-9]\d{6}", re.ASCII)


class _Handler:
    """Collects rows while expat reads."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.CharacterDataHandler = self._text
        self.found: list[Item] = []
        self._area: str | None = None

    def _text(self, text: str) -> None:
        if text.strip():
            line = self.parser.CurrentLineNumber
            raise FileRefused(f"line {line}: no XML of a registry: {shown(text.strip())!r} stands between the elements")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        line = self.parser.CurrentLineNumber
        if name == "ph":
            self._number(line, value)
        elif name == "ac":
            self._area = value if _AREA.fullmatch(value) else None
            if self._area is None:
                self.found.append(Refused(line, shown(value), "no North American area code"))
        elif name == "list" and attributes.get("type", "full") != "full":
            raise FileRefused(f"line {line}: a list of type {shown(attributes['type'])!r}; download the full list")
        elif name != "list" and "val" in map(str.lower, attributes):
            self.found.append(Refused(line, shown(f"<{name}>"), "no element of a registry: list, ac and ph are known"))

    def _number(self, line: int, value: str) -> None:
        if self._area is None:
            self.found.append(Refused(line, shown(value), "no area code stands above it"))
        elif _NUMBER.fullmatch(value) is None:
            self.found.append(Refused(line, shown(value), "no seven digits of a North American number"))
        else:
            self.found.append(Row(line, int(f"1{self._area}{value}")))


def read(stream: BinaryIO) -> Iterator[Item]:
    """The rows, as E.164. Raises FileRefused, also after some rows."""
    handler = _Handler()
    head = stream.read(_CHUNK)
    if b"<!DOCTYPE" in head:
        raise FileRefused("it declares a document type; no registry's file does")
    data = head[_DECLARATION.match(head).end() :]  # type: ignore[union-attr]
    try:
        handler.parser.Parse(b"<files>")
        while data:
            handler.parser.Parse(data)
            yield from handler.found
            handler.found.clear()
            data = stream.read(_CHUNK)
        handler.parser.Parse(b"</files>", True)
    except expat.ExpatError as error:
        raise FileRefused(f"line {error.lineno}: no XML, or cut: {expat.ErrorString(error.code)}") from None


def write(entries: Iterable[Listed], stream: BinaryIO) -> Iterator[Refused]:
    """One element per area code as they come. What the format cannot hold is refused."""
    stream.write(b"<?xml version='1.0' encoding='utf-8'?>\n<list type='full' level='ac'>\n")
    for area, group in groupby(entries, key=lambda entry: None if not_american(entry) else str(entry.number)[1:4]):
        if area is None:
            yield from filter(None, map(not_american, group))
            continue
        stream.write(f"<ac val='{area}'>\n".encode())
        stream.writelines(f"<ph val='{str(entry.number)[4:]}'/>\n".encode() for entry in group)
        stream.write(b"</ac>\n")
    stream.write(b"</list>\n")
