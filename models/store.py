"""The list, its events and the checks in one SQLite file: what is written, and how it is read in bulk.

Looking one number up during a call is `models.reader`; batching off the path of an answer is `models.journal`.
"""

from __future__ import annotations

import logging
import sqlite3
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, or_, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from models import turn
from models.contact import Answer
from models.errors import StoreBusy, StoreError, StoreMissing, StoreOutdated, StoreTooNew
from models.evidence.seal import Sealer
from models.evidence.sources import CHECK, EVENT, FACT, IMPORT
from models.rows import (
    check_row,
    entry_from_row,
    entry_row,
    event_from_row,
    event_from_values,
    event_row,
    inserts_of,
)
from models.statements import (
    ENTRIES_OF_SOME,
    EVENT_KNOWN,
    EVENTS_OF_SOME,
    INSERT_ENTRY,
    INSERT_EVENT,
    UNDONE_OF_SOME,
    UPDATE_ENTRY,
    driver_of,
    json_of,
    put,
)
from models.suppression import NO_BATCHES, Entry, Key, Kind, ListEvent, fold, taking_back
from models.tables import (
    LOADING,
    SCHEMA,
    batch,
    call_check,
    entry,
    evidence_link,
    fact,
    from_micros,
    list_event,
    to_micros,
)
from models.wal import check_log_in_place, inode_of

log = logging.getLogger("concierge.store")

PATIENCE = 5.0  # seconds that a writer waits for another one
_LOCK = "UPDATE entry SET id = id WHERE id = -1"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an event: `new` is False when it had been recorded before; `entry` is what holds after it."""

    new: bool
    entry: Entry | None


def open_engine(path: Path, *, create: bool = False, timeout: float = PATIENCE) -> Engine:
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
        kind = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise StoreMissing(f"{path}: there is no database here; `concierge db upgrade` makes one") from None
    except OSError as error:
        raise explain(path, error.strerror or str(error)) from error
    if not stat.S_ISREG(kind):
        what = "a folder; name a file in it" if stat.S_ISDIR(kind) else "no file; name one"
        raise StoreError(f"{path}: this is {what} (store.path)")


def _set_pragmas(connection: Any, _record: Any) -> None:
    """WAL: readers never wait for a writer. FULL: a recorded opt-out survives a power cut."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _without_waiting(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns the driver's errors into a StoreError that says what, where and what to do."""
    try:
        yield
    except DBAPIError as error:
        raise explain(path, str(error.orig)) from error
    except sqlite3.Error as error:
        raise explain(path, str(error)) from error
    except SQLAlchemyError as error:
        raise StoreError(f"{path}: {error}") from error
    except ValueError as error:
        raise explain(path, f"malformed: {error}") from error


def explain(path: Path, why: str) -> StoreError:
    """The driver's words -> our error."""
    if "locked" in why or "busy" in why:
        return StoreBusy(f"{path}: {why}; another process holds the database, see `fuser {path}`")
    if "unable to open" in why:
        return StoreMissing(
            f"{path}: {why}; check that folder and file exist and belong to the service's user, and can be written"
        )
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

    def __init__(self, path: Path, *, durable: bool = True, notes_later: bool = False) -> None:
        """Raises StoreError when the file is missing, unreadable, older or newer than this program.

        Not `durable`: a power cut may take back the last transactions, whole and in order; for what can be had again,
        and lets others write first.
        `notes_later`: where the chain of evidence ends is noted by `settle` only, so that no commit waits for it.
        """
        self.path = path
        self._engine = open_engine(path)
        self._sealer = Sealer(path)
        self._durable = durable
        self._notes_later = notes_later
        if not durable:
            event.listen(self._engine, "connect", _without_waiting)
        self.inode = inode_of(path)
        try:
            with explained(path), self._engine.connect() as connection:
                check_schema(read_revision(connection), path)
        except StoreError:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for questions. Raises StoreError."""
        with explained(self.path), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction. Raises StoreError; then nothing of it is written."""
        with self._transaction() as connection:
            if not self._durable:
                turn.stand_back(str(self.path))
            lock_for_writing(connection)
            check_log_in_place(self.path)
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with explained(self.path), self._engine.begin() as connection:
                yield connection
            if self._durable:  # else a power cut could take back what the checkpoint has
                self._sealer.committed(self._chain_at, later=self._notes_later)
        finally:
            self._sealer.forget()

    def settle(self) -> None:
        """What a busy process has put off for a moment. Never raises for a file that cannot be written."""
        self._sealer.settle(self._chain_at)

    def _chain_at(self, position: int) -> bytes | None:
        query = select(evidence_link.c.chain).where(evidence_link.c.position == position)
        with self.reading() as connection:
            found: bytes | None = connection.execute(query).scalar()
            return found

    def seal(self, connection: Connection, source: str, count: int) -> None:
        """The newest `count` rows of a source (`models.evidence.sources`) are evidence; in their transaction."""
        self._sealer.seal(driver_of(connection), source, count)

    def seal_written(self, connection: Connection, source: str, rows: Sequence[Sequence[object]]) -> None:
        """The same of rows that are at hand: all columns but the sequence number."""
        self._sealer.seal_written(driver_of(connection), source, rows)

    def seal_row(self, connection: Connection, source: str, seq: int) -> None:
        """A row of a mutable source is evidence, as it is now; in the transaction that has changed it."""
        self._sealer.seal_row(driver_of(connection), source, seq)

    def seal_import(self, connection: Connection, identity: str) -> None:
        """An import is evidence, as it is now."""
        seq = connection.execute(select(batch.c.seq).where(batch.c.id == identity)).scalar()
        if seq is not None:
            self.seal_row(connection, IMPORT, seq)

    def remove_rows(self, connection: Connection, source: str, seqs: Sequence[int], why: str, actor: str) -> int:
        """Delete rows of evidence; a signed link of the chain says that, why and by whom. Returns how many."""
        return self._sealer.remove(driver_of(connection), source, seqs, why, actor)

    def compact_evidence(self, why: str, actor: str) -> int:
        """Replace links none of whose rows is left by one that stands for them. Returns how many. Raises StoreError."""
        with self.writing() as connection:
            return self._sealer.compact(driver_of(connection), why, actor)

    def is_current(self) -> bool:
        """Is the file at the path still the one that was opened?"""
        return inode_of(self.path) == self.inode

    def close(self) -> None:
        """Let go of the file."""
        with suppress(StoreError):
            self.settle()
        self._engine.dispose()

    def record(self, happened: ListEvent) -> Recorded:
        """Append one event, durably. Idempotent by `event_id`. Raises StoreError."""
        with self.writing() as connection:
            return self.append(connection, happened)

    def append(self, connection: Connection, happened: ListEvent) -> Recorded:
        """One event in the caller's transaction (`writing`). Idempotent by `event_id`."""
        driver = driver_of(connection)
        known = bool(EVENT_KNOWN.rows(driver, e=str(happened.event_id)))
        if not known:
            if happened.kind is Kind.REMOVE:
                happened = taking_back(happened, events_of(connection, happened.key))
            put(driver, INSERT_EVENT, event_row(happened, to_micros(datetime.now(UTC))))
            self.seal(connection, EVENT, 1)
            self._withdraw(connection, happened)
        return Recorded(not known, refold(connection, happened.key))

    def _withdraw(self, connection: Connection, happened: ListEvent) -> None:
        """With the consents that the person takes back; consents that cannot be read keep no opt-out from the list."""
        from models.withdrawal import BY_PERSON, withdraw

        if happened.source in BY_PERSON:
            try:
                self.seal(connection, FACT, int(withdraw(connection, happened)))
            except ValueError as error:
                log.error("consent=not-withdrawn event=%s why=%s", happened.event_id, type(error).__name__)

    def put_back(self, connection: Connection, source: str, values: Mapping[str, object]) -> None:
        """A row of evidence in place of one that was removed in the same transaction of `writing`."""
        table = {EVENT: list_event, CHECK: call_check, FACT: fact}[source]
        connection.execute(insert(table).values(dict(values)))
        self.seal(connection, source, 1)

    def write_checks(self, answers: Sequence[Answer]) -> None:
        """Append rows of evidence in one transaction. Raises StoreError; then none is written."""
        now = to_micros(datetime.now(UTC))
        rows = [check_row(answer, now) for answer in answers]
        with self.writing() as connection:
            for statement, values in inserts_of(rows):
                connection.exec_driver_sql(statement, values)
            self.seal_written(connection, CHECK, rows)

    def check_writable(self) -> None:
        """Take the write lock and let go. Raises StoreError."""
        with explained(self.path), self._engine.connect() as connection:
            lock_for_writing(connection)
            connection.rollback()

    def entries(self, number: int | None = None) -> list[Entry]:
        """All entries, or those about one number (ranges included), oldest first. Raises StoreError."""
        query = select(*entry.c, batch.c.undone_at).outerjoin(batch, batch.c.id == entry.c.batch).order_by(entry.c.id)
        query = query.where(or_(entry.c.batch == "", batch.c.state != LOADING))
        if number is not None:
            query = query.where(or_(entry.c.number == number, (entry.c.number <= number) & (entry.c.last >= number)))
        with explained(self.path), self._engine.connect() as connection:
            return [_with_batch(entry_from_row(row[:-1]), row.undone_at) for row in connection.execute(query)]

    def events(self, number: int | None = None) -> list[ListEvent]:
        """All events, or those about one number (ranges included), in the order of recording. Raises StoreError."""
        query = select(list_event).order_by(list_event.c.seq)
        if number is not None:
            within = (list_event.c.number <= number) & (list_event.c.last >= number)
            query = query.where(or_(list_event.c.number == number, within))
        with explained(self.path), self._engine.connect() as connection:
            return [event_from_row(row) for row in connection.execute(query)]

    def event(self, event_id: UUID) -> ListEvent | None:
        """The event of this id, if it has been recorded. Raises StoreError."""
        with explained(self.path), self._engine.connect() as connection:
            row = connection.execute(select(list_event).where(list_event.c.event_id == str(event_id))).first()
            return None if row is None else event_from_row(row)

    def checks(self, number: int | None = None, limit: int = 1000) -> list[dict[str, Any]]:
        """The newest rows of evidence first, as columns. Raises StoreError."""
        query = select(call_check).order_by(call_check.c.seq.desc()).limit(limit)
        if number is not None:
            query = query.where(call_check.c.number == number)
        with explained(self.path), self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]


def lock_for_writing(connection: Connection) -> None:
    """Before anything is read: two writers must not fold from the same state."""
    driver = driver_of(connection)
    driver.execute("PRAGMA busy_timeout=0")
    try:
        turn.take(lambda: driver.execute(_LOCK), connection.engine.url.database or "", PATIENCE)
    except sqlite3.OperationalError:
        connection.exec_driver_sql(_LOCK)  # once more, for SQLAlchemy's error
    finally:
        driver.execute(f"PRAGMA busy_timeout={int(1000 * PATIENCE)}")


def read_revision(connection: Connection) -> str | None:
    """The revision that alembic left in the database; None when there is none."""
    tables = connection.execute(text("SELECT name FROM sqlite_master WHERE name = 'alembic_version'")).first()
    if tables is None:
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def events_of(connection: Connection, key: Key) -> list[ListEvent]:
    """The events of one entry, without those of an import that is not finished."""
    return _events(connection, [key]).get(key, [])


def _events(connection: Connection, keys: Sequence[Key]) -> dict[Key, list[ListEvent]]:
    found: dict[Key, list[ListEvent]] = {key: [] for key in keys}
    rows = EVENTS_OF_SOME.rows(driver_of(connection), some=json_of({key.number for key in keys}))
    for happened in map(event_from_values, rows):
        if happened.key in found:
            found[happened.key].append(happened)
    return found


def refold(connection: Connection, key: Key) -> Entry | None:
    """Write what the events of one entry add up to, and return it."""
    return refold_many(connection, [key])[key]


def refold_many(
    connection: Connection, keys: Sequence[Key], leaving: Mapping[str, datetime] = NO_BATCHES
) -> dict[Key, Entry | None]:
    """The same for some hundred entries; as they will be without the imports that are `leaving`.

    What only a leaving import holds up stays as that import's alone, and goes with it.
    """
    events = _events(connection, keys)
    undone = _undone(connection, {one.batch for some in events.values() for one in some} - {""})
    before = _entries(connection, keys)
    after = {key: _leave(events[key], undone, leaving) for key in keys}
    return {key: _write_entry(connection, before.get(key), after[key]) for key in keys}


def _leave(
    events: Sequence[ListEvent], undone: Mapping[str, datetime], leaving: Mapping[str, datetime]
) -> Entry | None:
    entry_now = fold(events, undone)
    if not leaving or entry_now is None or entry_now.revoked_at is not None:
        return entry_now
    without = fold(events, {**undone, **leaving})
    if without is not None and without.revoked_at is None:
        return without
    return replace(entry_now, batch=next(iter(leaving)))


def _undone(connection: Connection, batches: set[str]) -> dict[str, datetime]:
    if not batches:
        return {}
    rows = UNDONE_OF_SOME.rows(driver_of(connection), some=json_of(batches))
    return {identity: from_micros(micros) for identity, micros in rows}


def _entries(connection: Connection, keys: Sequence[Key]) -> dict[Key, Entry]:
    rows = ENTRIES_OF_SOME.rows(driver_of(connection), some=json_of({key.number for key in keys}))
    return {found.key: found for found in map(entry_from_row, rows)}


def _write_entry(connection: Connection, before: Entry | None, after: Entry | None) -> Entry | None:
    if after is None:
        return before
    if before is None:
        return replace(after, id=put(driver_of(connection), INSERT_ENTRY, entry_row(after)))
    after = replace(after, id=before.id)
    if before != after:
        put(driver_of(connection), UPDATE_ENTRY, {**entry_row(after), "own_id": before.id})
    return after


def _with_batch(found: Entry, undone_at: int | None) -> Entry:
    """An entry that went with its import."""
    return found if undone_at is None else replace(found, revoked_at=from_micros(undone_at))
