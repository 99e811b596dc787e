"""FreePBX's blacklist in Asterisk's own database, as `asterisk -rx "database show blacklist"` prints it.

The family also holds FreePBX's settings `dest` and `blocked`, which are no numbers. A value is 1 or a description, with
HTML entities; the add-on SMS Plus puts /Call, /Sms or /Both behind it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from models.bridge import FAMILY, SETTINGS
from models.exchange.flat import only_number
from models.exchange.kinds import FileRefused, Item, Listed, Refused, Row, shown
from models.exchange.texts import decoding, lines_of, open_text

_KEY = re.compile(r"/([^/\s]+)/(\S.*?)\s*: ?(.*?)\s*")
_COUNT = re.compile(r"(\d+) results? found\.\s*")
_WORDS = re.compile(r"(.*?)/(call|sms|both)", re.IGNORECASE)


def read(stream: BinaryIO, encoding: str | None = None) -> Iterator[Item]:
    """The rows. Raises FileRefused, also after some rows: a dump that is cut says at its end how many there were."""
    seen = 0
    counted = None
    for line, text in enumerate(lines_of(open_text(stream, encoding)), 1):
        if not text.strip():
            continue
        if count := _COUNT.fullmatch(text):
            counted = int(count[1])
            continue
        found = _KEY.fullmatch(text.rstrip("\r\n"))
        if found is None:
            yield Refused(line, shown(text.strip()), "no line of `database show`, such as /blacklist/NUMBER : 1")
            continue
        seen += 1
        if found[1] == FAMILY and found[2] not in SETTINGS:
            yield row_of(line, found[2], found[3])
    if counted is not None and counted > seen:
        raise FileRefused(f"the dump says {counted} results and has {seen}; it was cut, make it again")


def row_of(line: int, number: str, value: str) -> Item:
    """What a key and its value say."""
    words = _WORDS.fullmatch(value)
    if words and words[2].lower() == "sms":
        return Refused(line, shown(number), "it blocks text messages only, no calls")
    reason = html.unescape(words[1] if words else value)
    return Row(line, number, reason="" if reason == "1" else reason)


def write(entries: Iterable[Listed], stream: BinaryIO, encoding: str | None = None) -> Iterator[Refused]:
    """The same form as the dump. What the family cannot hold is refused."""
    written = 0
    for entry in entries:
        if (refused := only_number(entry)) is not None:
            yield refused
            continue
        key = f"/{FAMILY}/+{entry.number}"
        with decoding():
            stream.write(f"{key:<50}: {_value(entry.reason):<25}\n".encode(encoding or "utf-8"))
        written += 1
    stream.write(f"{written} results found.\n".encode(encoding or "utf-8"))


def _value(reason: str) -> str:
    """One line, with the entities that FreePBX's own form leaves."""
    plain = " ".join(reason.split())
    return html.escape(plain) if plain else "1"
