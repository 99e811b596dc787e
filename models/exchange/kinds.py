"""What a reader yields and a writer takes."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Row(NamedTuple):
    """One number of a file. `line` counts from 1; `number` is the text as written, or E.164 when the format says so.

    `last` is the end of a range, in the same form. Empty fields were not given.
    """

    line: int
    number: str | int
    last: str | int | None = None
    campaign: str = ""
    until: str = ""
    reason: str = ""
    source: str = ""
    at: str = ""
    allow: str = ""


class Refused(NamedTuple):
    """A row that cannot be taken: where, what stands there, why. `line` is 0 for an entry that cannot be written."""

    line: int
    what: str
    why: str


Item = Row | Refused


class FileRefused(Exception):
    """The file as a whole cannot be trusted: what is wrong, where, what to do."""


class Listed(NamedTuple):
    """One entry for a writer. `last` is the end of a range; `campaign` `""` is every campaign."""

    number: int
    last: int | None = None
    campaign: str = ""
    until: datetime | None = None
    reason: str = ""
    source: str = ""
    at: datetime | None = None
    allow: bool = False


def shown(text: str | bytes, most: int = 60) -> str:
    """What stands in a row, short enough for a report."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return text if len(text) <= most else text[: most - 1] + "…"
