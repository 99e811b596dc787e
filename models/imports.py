"""Imports: many listings that come, and may be taken back, together.

Rows are written in small transactions, so that calls, opt-outs and evidence go on meanwhile; none of them counts until
the last one says that the import is done. What a killed import has left is removed by the next.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from models.errors import StoreBusy, StoreError
from models.evidence.sources import EVENT, IMPORT
from models.listings import (
    INSERT_EVENT,
    KEY,
    UPSERT_ENTRY,
    Listing,
    Repeated,
    entry_values,
    event_values,
    of_event,
    of_row,
)
from models.store import Store, refold, refold_many
from models.suppression import Key, Kind, ListEvent
from models.tables import DONE, LOADING, UNDONE, batch, entry, from_micros, list_event, to_micros

_UNFINISHED = "an import that did not come to its end"
PATIENCE = 5.0  # seconds
_PAUSE = 0.02
_OWN = ""  # the column `site` of what this host has recorded
_CHUNK = 500  # rows of one transaction, at most: some 10 ms
_HELD = 0.01  # seconds that an import keeps others from writing: on a busy machine it takes fewer rows at a time


@dataclass(frozen=True, slots=True)
class Batch:
    """One import. `content` is the SHA-256 of what was imported and how; `at` is when it began; `site`: the other
    site whose it is."""

    id: str
    content: str
    name: str
    format: str
    actor: str
    at: datetime
    state: str = LOADING
    listings: int = 0
    refused: int = 0
    undone_at: datetime | None = None
    undone_by: str = ""
    site: str = ""


class AlreadyImported(StoreError):
    """The same content is in force by an earlier import."""

    def __init__(self, earlier: Batch) -> None:
        super().__init__(
            f"{earlier.name} is listed already, by import {earlier.id} of {earlier.at:%Y-%m-%d %H:%M}Z; "
            "nothing was changed"
        )
        self.earlier = earlier


class Imports:
    """The imports of one store. Blocking."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Batch]:
        """Oldest first. Raises StoreError."""
        with self._store.reading() as connection:
            return [_batch(row._mapping) for row in connection.execute(select(batch).order_by(batch.c.seq))]

    def load(self, new: Batch, events: Iterable[ListEvent], refused: Callable[[], int] = lambda: 0) -> Batch:
        """Write the listings and put them in force together; `refused` is asked at the end.

        Raises AlreadyImported, StoreError; then nothing is in force.
        """
        return self.load_listings(new, map(_listing, events), refused)

    def load_listings(self, new: Batch, rows: Iterable[Listing], refused: Callable[[], int] = lambda: 0) -> Batch:
        """The same from rows."""
        with alone(self._store.path):
            self._remove_unfinished()
            self._begin(new)
            repeated = Repeated()
            listings = self._write(new, iter(rows), repeated)
            self._finish(new.id, {"listings": listings, "refused": refused()}, repeated)
        return self.get(new.id)

    def _finish(self, identity: str, values: Mapping[str, object], repeated: Repeated) -> None:
        """All its rows are there: from now on they count."""
        seen, touched = self._changing(identity)
        with self._store.writing() as connection:
            connection.execute(update(batch).where(batch.c.id == identity).values(state=DONE, **values))
            for key in repeated.keys:
                _hold_until_latest(connection, identity, key)
            for key in touched | _keys(connection, list_event.c.seq > seen):
                refold(connection, key)
            self._store.seal_import(connection, identity)

    def clear(self) -> None:
        """Remove what a killed import of this host has left, now and not with the next one. Raises StoreBusy while one
        runs, StoreError."""
        if any(one.state == LOADING and not one.site for one in self.all()):
            with alone(self._store.path, patience=0.0):
                self._remove_unfinished()

    def get(self, identity: str) -> Batch:
        """One import by its id. Raises StoreError."""
        found = next((one for one in self.all() if one.id == identity), None)
        if found is None:
            raise StoreError(f"no import {identity}; `concierge list batches` shows all")
        return found

    def undo(self, identity: str, actor: str, at: datetime) -> Batch:
        """Take the listings of an import back, together; what was listed otherwise too stays. Raises StoreError."""
        with alone(self._store.path):
            if self.get(identity).state != DONE:
                raise StoreError(f"import {identity} is not in force; nothing was changed")
            self._take_back(identity, actor, at)
        return self.get(identity)

    def _take_back(self, identity: str, actor: str, at: datetime) -> None:
        seen, keys = self._listed_otherwise(identity)
        self._refold(keys, {identity: at})
        with self._store.writing() as connection:
            values = {"state": UNDONE, "undone_at": to_micros(at), "undone_by": actor[:200]}
            connection.execute(update(batch).where(batch.c.id == identity).values(**values))
            for key in _keys(connection, list_event.c.seq > seen):
                refold(connection, key)
            self._store.seal_import(connection, identity)

    def take_over(self, identity: str) -> None:
        """Put an import of another host in force, whose rows are all there. Raises StoreBusy, StoreError."""
        with alone(self._store.path):
            if self.get(identity).state == LOADING:
                repeated = Repeated()
                self._write_entries(identity, repeated)
                self._finish(identity, {}, repeated)
            self._refold(self._listed_otherwise(identity)[1], {})  # whichever came first, all hosts say the same

    def take_back_over(self, identity: str, actor: str, at: datetime) -> None:
        """Take an import back as another host has. Raises StoreBusy, StoreError."""
        with alone(self._store.path):
            self._take_back(identity, actor, at)
            self._refold(self._listed_otherwise(identity)[1], {})

    def _write_entries(self, identity: str, repeated: Repeated) -> None:
        """From the events that are there."""
        query = select(list_event).where(list_event.c.batch == identity).order_by(list_event.c.seq).limit(_CHUNK)
        seen = 0
        while True:
            with self._store.writing() as connection:
                rows = connection.execute(query.where(list_event.c.seq > seen)).all()
                if not rows:
                    return
                found = [of_row(row) for row in rows]
                repeated.look(found)
                connection.exec_driver_sql(UPSERT_ENTRY, entry_values(found, identity))
                seen = rows[-1].seq

    def _refold(self, keys: Iterable[Key], leaving: Mapping[str, datetime]) -> None:
        """Sum the entries up as they will be without the imports that are `leaving`.

        What only such an import holds up stays in force, as that import's alone.
        """
        left = iter(sorted(keys))
        while some := list(islice(left, _CHUNK // 4)):
            with self._store.writing() as connection:
                refold_many(connection, some, leaving)

    def _begin(self, new: Batch) -> None:
        with self._store.writing() as connection:
            query = select(batch).where(batch.c.content == new.content, batch.c.state == DONE)
            earlier = connection.execute(query).first()
            if earlier is not None:
                raise AlreadyImported(_batch(earlier._mapping))
            connection.execute(insert(batch).values(_row(new)))
            self._store.seal_import(connection, new.id)

    def _write(self, new: Batch, rows: Iterator[Listing], repeated: Repeated) -> int:
        """All rows; how many. What a power cut takes back before the end is in force nowhere."""
        count, size = 0, _CHUNK
        with closing(Store(self._store.path, durable=False)) as store:
            while chunk := list(islice(rows, size)):
                repeated.look(chunk)
                events = event_values(chunk, new.id, new.actor, to_micros(datetime.now(UTC)))
                entries = entry_values(chunk, new.id)
                with store.writing() as connection:
                    began = time.monotonic()
                    connection.exec_driver_sql(INSERT_EVENT, events)
                    connection.exec_driver_sql(UPSERT_ENTRY, entries)
                    store.seal_written(connection, EVENT, [(*one, _OWN) for one in events])
                count += len(chunk)
                size = _next_size(size, time.monotonic() - began)
        return count

    def _changing(self, identity: str) -> tuple[int, set[Key]]:
        """Entries that were there before and do not hold for ever by themselves, as of an event: they are summed up
        at the end. Those of another site's import that broke off while it was put in force hold not at all yet."""
        same = and_(*(list_event.c[name] == entry.c[name] for name in KEY))
        mine = exists().where(same, _by_number(list_event.c.batch) == identity)
        loading = select(batch.c.id).where(batch.c.state == LOADING, batch.c.id != identity)
        weak = or_(entry.c.revoked_at.is_not(None), entry.c.expires_at.is_not(None), entry.c.batch.in_(loading))
        query = select(*(entry.c[name] for name in KEY))
        with self._store.reading() as connection:
            seen = connection.execute(select(func.max(list_event.c.seq))).scalar() or 0
            rows = connection.execute(query.where(weak, entry.c.batch != identity, mine))
            return seen, {_key(row) for row in rows}

    def _remove_unfinished(self) -> None:
        for left in self.all():
            if left.state == LOADING and not left.site:  # another host's is on its way
                self._remove(left.id)

    def _remove(self, identity: str) -> None:
        _, keys = self._listed_otherwise(identity)
        self._delete(identity)
        self._refold(keys, {})

    def _delete(self, identity: str) -> None:
        """Its entries, then its events, then itself."""
        some = select(entry.c.id).where(entry.c.batch == identity).limit(_CHUNK)
        rows = select(list_event.c.seq).where(list_event.c.batch == identity).limit(_CHUNK)
        while True:
            with self._store.writing() as connection:
                if not connection.execute(delete(entry).where(entry.c.id.in_(some))).rowcount:
                    break
        while True:
            with self._store.writing() as connection:
                seqs = connection.execute(rows).scalars().all()
                if not self._store.remove_rows(connection, EVENT, seqs, _UNFINISHED, identity):
                    break
        with self._store.writing() as connection:
            found = connection.execute(select(batch.c.seq).where(batch.c.id == identity)).scalars().all()
            self._store.remove_rows(connection, IMPORT, found, _UNFINISHED, identity)

    def _listed_otherwise(self, identity: str) -> tuple[int, set[Key]]:
        """The entries of an import that have another reason too, as of an event."""
        other = aliased(list_event)
        same = and_(*(list_event.c[name] == other.c[name] for name in KEY))
        otherwise = exists().where(same, _by_number(other.c.batch) != identity)
        with self._store.reading() as connection:
            seen = connection.execute(select(func.max(list_event.c.seq))).scalar() or 0
            return seen, _keys(connection, and_(list_event.c.batch == identity, otherwise))


def _next_size(size: int, held: float) -> int:
    """PURE: rows of the next transaction, when one of `size` rows kept the lock for so many seconds."""
    share = min(1.25, max(0.5, _HELD / max(held, 1e-6)))
    return min(_CHUNK, max(_CHUNK // 5, round(size * share), 1))


def _hold_until_latest(connection: Connection, identity: str, key: Key) -> None:
    """An entry that is an import's alone, and that it lists more than once."""
    values = key.number, key.last, key.campaign, int(key.allow)
    ends = select(list_event.c.expires_at).where(_by_number(list_event.c.batch) == identity)
    found = connection.execute(ends.where(*(list_event.c[name] == one for name, one in zip(KEY, values, strict=True))))
    all_ends = list(found.scalars())
    latest = None if None in all_ends else max(all_ends)
    mine = (entry.c.batch == identity, *(entry.c[name] == one for name, one in zip(KEY, values, strict=True)))
    connection.execute(update(entry).where(*mine).values(expires_at=latest))


def _listing(happened: ListEvent) -> Listing:
    if happened.kind is not Kind.ADD:
        raise ValueError("an import lists; it removes nothing")
    return of_event(happened)


def _by_number(column: ColumnElement[str]) -> ColumnElement[str]:
    """The same value; but an index of all rows of an import is of no use to find one number's."""
    return func.coalesce(column, "")


def _keys(connection: Connection, condition: ColumnElement[bool]) -> set[Key]:
    """The entries that these events are about."""
    query = select(*(list_event.c[name] for name in KEY)).where(condition)
    return {_key(row) for row in connection.execute(query)}


def _key(row: Row[Any]) -> Key:
    return Key(row.number, row.last, row.campaign, bool(row.allow))


@contextmanager
def alone(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """One import at a time; the end of a short one, such as another site's, is waited for. Raises StoreBusy."""
    until = time.monotonic() + patience
    with path.with_name(path.name + ".import").open("w") as lock:
        while not _locked(lock):
            if time.monotonic() >= until:
                raise StoreBusy(f"{path}: another import is under way; wait for its end")
            time.sleep(_PAUSE)
        yield


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _row(new: Batch) -> dict[str, object]:
    return {
        "id": new.id,
        "content": new.content,
        "state": new.state,
        "name": new.name[:200],
        "format": new.format,
        "actor": new.actor[:200],
        "at": to_micros(new.at),
        "listings": new.listings,
        "refused": new.refused,
        "undone_by": "",
    }


def _batch(row: RowMapping) -> Batch:
    undone = None if row["undone_at"] is None else from_micros(row["undone_at"])
    return Batch(
        id=row["id"],
        content=row["content"],
        name=row["name"],
        format=row["format"],
        actor=row["actor"],
        at=from_micros(row["at"]),
        state=row["state"],
        listings=row["listings"],
        refused=row["refused"],
        undone_at=undone,
        undone_by=row["undone_by"],
        site=row["site"],
    )
