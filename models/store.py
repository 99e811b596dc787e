"""The list, its events and the checks in one SQLite file: what is written, and how it is read in bulk.

Looking one number up during a call is `models.reader`; batching off the path of an answer is `models.journal`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import URL, Connection, Engine, Row, create_engine, event, insert, select, text, update
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from models.contact import Answer
from models.errors import StoreBusy, StoreError, StoreMissing, StoreOutdated, StoreTooNew
from models.number import Number
from models.suppression import Entry, Kind, ListEvent, apply
from models.tables import SCHEMA, call_check, entry, from_micros, list_event, to_micros
from models.wal import inode_of


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an event: `new` is False when it had been recorded before; `entry` is what holds after it."""

    new: bool
    entry: Entry | None


def open_engine(path: Path, *, create: bool = False, timeout: float = 5.0) -> Engine:
    """An engine on the SQLite file; with `create` the file may be absent. `timeout`: seconds to wait for a lock.

    Raises StoreMissing. Nothing is read yet.
    """
    if not create:
        check_there(path)
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": timeout})
    event.listen(engine, "connect", _set_pragmas)
    return engine


@contextmanager
def open_alone(path: Path) -> Iterator[Connection]:
    """A connection whose one transaction, changes of the schema included, holds the write lock from its beginning."""
    engine = open_engine(path)
    event.listen(engine, "connect", _leave_transactions)
    event.listen(engine, "begin", _begin_alone)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _leave_transactions(connection: Any, _record: Any) -> None:
    """The driver would begin none for CREATE TABLE."""
    connection.isolation_level = None


def _begin_alone(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def check_there(path: Path) -> None:
    """Raises StoreMissing when there is no file, StoreError when that cannot be found out."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise StoreMissing(f"{path}: there is no database here; `concierge db upgrade` makes one") from None
    except OSError as error:
        raise explain(path, error.strerror or str(error)) from error


def _set_pragmas(connection: Any, _record: Any) -> None:
    """WAL: readers never wait for a writer. FULL: a recorded opt-out survives a power cut."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns the driver's errors into a StoreError that says what, where and what to do."""
    try:
        yield
    except DBAPIError as error:
        raise explain(path, str(error.orig)) from error
    except SQLAlchemyError as error:
        raise StoreError(f"{path}: {error}") from error
    except ValueError as error:
        raise explain(path, f"malformed: {error}") from error


def explain(path: Path, why: str) -> StoreError:
    """The driver's words -> our error."""
    if "locked" in why or "busy" in why:
        return StoreBusy(f"{path}: {why}; another process holds the database, see `fuser {path}`")
    if "unable to open" in why:
        return StoreMissing(f"{path}: {why}; check that folder and file exist and belong to the service's user")
    if "No such file" in why or "Not a directory" in why:
        return StoreMissing(f"{path}: {why}; `concierge db upgrade` makes a database, or put it back")
    if "readonly" in why or "ermission denied" in why:
        return StoreError(f"{path}: {why}; check owner and mode of the file and of its folder")
    if "full" in why:
        return StoreError(f"{path}: {why}; free some space on that file system")
    if "not a database" in why or "malformed" in why:
        return StoreError(f"{path}: {why}; restore it from a backup")
    if "no such" in why:
        return StoreError(f"{path}: {why}; somebody has changed the database, see `concierge db check`")
    return StoreError(f"{path}: {why}")


def check_schema(found: str | None, path: Path) -> None:
    """Raises StoreOutdated or StoreTooNew unless the database is at this program's revision."""
    if found == SCHEMA:
        return
    check_not_newer(found, path)
    raise StoreOutdated(f"{path}: revision {found or 'none'}, need {SCHEMA}; run `concierge db upgrade`")


def check_not_newer(found: str | None, path: Path) -> None:
    """Raises StoreTooNew for a database that a later program has made."""
    if found is None or found <= SCHEMA:
        return
    raise StoreTooNew(f"{path}: revision {found}, this program knows {SCHEMA}; upgrade Concierge on this host")


class Store:
    """The writer and the bulk reader of one SQLite file. Blocking; used from one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError when the file is missing, unreadable, older or newer than this program."""
        self.path = path
        self._engine = open_engine(path)
        self.inode = inode_of(path)
        try:
            with explained(path), self._engine.connect() as connection:
                check_schema(read_revision(connection), path)
        except StoreError:
            self.close()
            raise

    def is_current(self) -> bool:
        """Is the file at the path still the one that was opened?"""
        return inode_of(self.path) == self.inode

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def record(self, happened: ListEvent) -> Recorded:
        """Append one event, durably. Idempotent by `event_id`. Raises StoreError."""
        with explained(self.path), self._engine.begin() as connection:
            _lock_for_writing(connection)
            known = connection.execute(
                select(list_event.c.seq).where(list_event.c.event_id == str(happened.event_id))
            ).first()
            before = _entry_of(connection, happened)
            if known is not None:
                return Recorded(False, before)
            connection.execute(insert(list_event).values(_event_row(happened)))
            return Recorded(True, _write_entry(connection, before, apply(before, happened)))

    def write_checks(self, answers: Sequence[Answer]) -> None:
        """Append rows of evidence in one transaction. Raises StoreError; then none is written."""
        now = to_micros(datetime.now(UTC))
        with explained(self.path), self._engine.begin() as connection:
            connection.exec_driver_sql(_INSERT_CHECK, [_check_row(answer, now) for answer in answers])

    def check_writable(self) -> None:
        """Take the write lock and let go. Raises StoreError."""
        with explained(self.path), self._engine.connect() as connection:
            _lock_for_writing(connection)
            connection.rollback()

    def entries(self, number: int | None = None) -> list[Entry]:
        """All entries, or those of one number, oldest first. Raises StoreError."""
        query = select(entry).order_by(entry.c.id)
        if number is not None:
            query = query.where(entry.c.number == number)
        with explained(self.path), self._engine.connect() as connection:
            return [entry_from_row(row) for row in connection.execute(query)]

    def events(self, number: int) -> list[ListEvent]:
        """The events of one number in the order of recording. Raises StoreError."""
        query = select(list_event).where(list_event.c.number == number).order_by(list_event.c.seq)
        with explained(self.path), self._engine.connect() as connection:
            return [_event_from_row(row) for row in connection.execute(query)]

    def checks(self, number: int | None = None, limit: int = 1000) -> list[dict[str, Any]]:
        """The newest rows of evidence first, as columns. Raises StoreError."""
        query = select(call_check).order_by(call_check.c.seq.desc()).limit(limit)
        if number is not None:
            query = query.where(call_check.c.number == number)
        with explained(self.path), self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]


def _lock_for_writing(connection: Connection) -> None:
    """Before anything is read: two writers must not fold from the same state."""
    connection.execute(text("UPDATE entry SET id = id WHERE id = -1"))


def read_revision(connection: Connection) -> str | None:
    """The revision that alembic left in the database; None when there is none."""
    tables = connection.execute(text("SELECT name FROM sqlite_master WHERE name = 'alembic_version'")).first()
    if tables is None:
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def entry_from_row(row: Row[Any] | Sequence[Any]) -> Entry:
    """A row of `entry`, in the order of its columns. Raises ValueError for what this program never wrote."""
    id_, number, campaign, reason, source, created, expires, revoked = tuple(row)
    try:
        times = (from_micros(created), _optional(expires), _optional(revoked))
    except (TypeError, OverflowError) as error:
        raise ValueError(f"entry {id_} of the list has an unreadable time ({error})") from error
    return Entry(number, campaign, reason, source, *times, id_)


def _entry_of(connection: Connection, happened: ListEvent) -> Entry | None:
    query = select(entry).where(entry.c.number == happened.number, entry.c.campaign == happened.campaign)
    row = connection.execute(query).first()
    return None if row is None else entry_from_row(row)


def _write_entry(connection: Connection, before: Entry | None, after: Entry | None) -> Entry | None:
    if after is None or after == before:
        return after
    if before is None:
        result = connection.execute(insert(entry).values(_entry_row(after)).returning(entry))
    else:
        result = connection.execute(
            update(entry).where(entry.c.id == before.id).values(_entry_row(after)).returning(entry)
        )
    return entry_from_row(result.one())


def _entry_row(value: Entry) -> dict[str, object]:
    return {
        "number": value.number,
        "campaign": value.campaign,
        "reason": value.reason,
        "source": value.source,
        "created_at": to_micros(value.created_at),
        "expires_at": value.expires_at and to_micros(value.expires_at),
        "revoked_at": value.revoked_at and to_micros(value.revoked_at),
    }


def _event_row(happened: ListEvent) -> dict[str, object]:
    return {
        "event_id": str(happened.event_id),
        "kind": happened.kind.value,
        "number": happened.number,
        "campaign": happened.campaign,
        "at": to_micros(happened.at),
        "recorded_at": to_micros(datetime.now(UTC)),
        "expires_at": happened.expires_at and to_micros(happened.expires_at),
        "reason": happened.reason,
        "source": happened.source,
        "actor": happened.actor,
        "evidence": json.dumps(happened.evidence, sort_keys=True),
    }


def _event_from_row(row: Row[Any]) -> ListEvent:
    return ListEvent(
        UUID(row.event_id),
        Kind(row.kind),
        row.number,
        row.campaign,
        from_micros(row.at),
        row.reason,
        row.source,
        row.actor,
        _optional(row.expires_at),
        json.loads(row.evidence),
    )


def _check_row(answer: Answer, now: int) -> tuple[object, ...]:
    """In the order of `_CHECK_COLUMNS`."""
    asked, decision = answer.question, answer.decision
    return (
        to_micros(answer.at),
        now,
        _clean(asked.dialled, 100),
        answer.destination.e164 if isinstance(answer.destination, Number) else None,
        _clean(asked.campaign, 64),
        decision.verdict.value,
        decision.reason.value,
        _clean(decision.detail, 1000),
        decision.entry.id if decision.entry else None,
        asked.via,
        _clean(asked.caller, 100),
        _clean(asked.channel, 200),
        _clean(asked.uniqueid, 150),
    )


# compiled once: the insert of a batch is most of what a call's evidence costs
_CHECK_COLUMNS = [column for column in call_check.c if column.name != "seq"]
_INSERT_CHECK = str(insert(call_check).compile(dialect=dialect(), column_keys=[one.name for one in _CHECK_COLUMNS]))


def _clean(value: str, most: int) -> str:
    """What came from a telephone may hold anything; the database takes well-formed text of a bounded length."""
    if len(value) <= most and value.isascii() and "\0" not in value:
        return value
    return value[:most].encode("utf-8", "replace").decode().replace("\0", "?")


def _optional(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
