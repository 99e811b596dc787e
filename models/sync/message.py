"""PURE: rows of this host's tables <-> rows of the shared feed.

An event travels as its row in `list_event`, an import as its begin, its rows and its end. The body is JSON in ASCII, so
that no database has an opinion on its characters; `version` says who can read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import NAMESPACE_URL, UUID, uuid5

from models.suppression import Kind

VERSION = 1  # of the body; a host that does not know it stops there and says so

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBERS = ("number", "at", "last", "allow")
_TEXTS = ("campaign", "reason", "source", "actor", "evidence", "batch", "removes")
_IMPORT_NUMBERS = ("at", "listings", "refused")
_IMPORT_TEXTS = ("id", "content", "name", "format", "actor")


class Row(Protocol):
    """A row of a table, by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any: ...


class ImportNews(StrEnum):
    """What is said about an import."""

    BEGIN = "begin"
    DONE = "done"
    UNDONE = "undone"


class Unreadable(Exception):
    """A row of the feed that this program cannot read."""


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the feed without its position. `recorded_at`: microseconds, by the clock of the recording host."""

    event_id: str
    site: str
    kind: str
    recorded_at: int
    body: str
    number: int | None = None
    version: int = VERSION

    @property
    def about_import(self) -> bool:
        """Is it about an import as a whole?"""
        return self.kind in set(ImportNews)


def of_event(row: Row, site: str) -> Message:
    """A row of `list_event`; `site` is the name of this host, for what was recorded here."""
    names = ("kind", *_NUMBERS, *_TEXTS, "expires_at")
    body = json.dumps({name: row[name] for name in names})
    return Message(row["event_id"], row["site"] or site, row["kind"], row["recorded_at"], body, row["number"])


def to_event(message: Message) -> dict[str, Any]:
    """The row of `list_event`. Raises Unreadable."""
    values = read_body(message)
    _check(message, values, _NUMBERS, int)
    _check(message, values, _TEXTS, str)
    if values.get("expires_at") is not None:
        _check(message, values, ("expires_at",), int)
    try:
        UUID(message.event_id)
        Kind(message.kind)
        evidence, removes = json.loads(values["evidence"]), json.loads(values["removes"])
        for moment in (values["at"], values.get("expires_at") or 0):
            _EPOCH + timedelta(microseconds=moment)
        if not isinstance(evidence, dict) or [str(UUID(one)) for one in removes] != removes:
            raise ValueError("evidence or removes")
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise Unreadable(f"event {message.event_id} of {message.site}: {error}") from error
    row = {name: values[name] for name in (*_NUMBERS, *_TEXTS)}
    row["expires_at"] = values.get("expires_at")
    own = {"event_id": message.event_id, "kind": message.kind, "site": message.site}
    return row | own | {"recorded_at": message.recorded_at}


def of_import(row: Row, news: ImportNews, site: str) -> Message:
    """What the feed is told about a row of `batch`. The same news has the same id, whoever tells it."""
    names = (*_IMPORT_NUMBERS, *_IMPORT_TEXTS, *(("undone_at", "undone_by") if news is ImportNews.UNDONE else ()))
    identity = uuid5(NAMESPACE_URL, f"concierge:import:{row['id']}:{news.value}")
    moment = row["undone_at"] if news is ImportNews.UNDONE else row["at"]
    body = json.dumps({name: row[name] for name in names})
    return Message(str(identity), row["site"] or site, news.value, moment, body)


def to_import(message: Message) -> dict[str, Any]:
    """Columns of `batch`. Raises Unreadable."""
    values = read_body(message)
    _check(message, values, _IMPORT_NUMBERS, int)
    _check(message, values, _IMPORT_TEXTS, str)
    if message.kind == ImportNews.UNDONE:
        _check(message, values, ("undone_at",), int)
        _check(message, values, ("undone_by",), str)
    known = {*_IMPORT_NUMBERS, *_IMPORT_TEXTS, "undone_at", "undone_by"}
    return {name: value for name, value in values.items() if name in known} | {"site": message.site}


def check_version(message: Message, known: int = VERSION) -> None:
    """Raises Unreadable for what a later program has written."""
    if message.version > known:
        raise Unreadable(
            f"event {message.event_id} of {message.site} is of version {message.version}, this program knows "
            f"{known}; upgrade Concierge on this host"
        )


def read_body(message: Message, known: int = VERSION) -> dict[str, Any]:
    """What it says. Raises Unreadable."""
    check_version(message, known)
    try:
        values = json.loads(message.body)
    except ValueError as error:
        raise Unreadable(f"event {message.event_id} of {message.site}: no JSON: {error}") from error
    if not isinstance(values, dict):
        raise Unreadable(f"event {message.event_id} of {message.site}: no JSON object")
    return values


def _check(message: Message, values: Mapping[str, Any], names: tuple[str, ...], wanted: type) -> None:
    for name in names:
        if type(values.get(name)) is not wanted:
            raise Unreadable(f"event {message.event_id} of {message.site}: {name} is no {wanted.__name__}")
