"""What is kept no longer: evidence past its time, entries that have ended, and all but the suppression of a person who
asks to be forgotten. In small transactions, so that calls and opt-outs go on meanwhile.

Never touched: an entry that holds, an event that other sites do not have yet, an import under way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, delete, func, or_, select, true, update

from models import facts
from models.callback import State as Promise
from models.consent import Act
from models.countries import all_caps
from models.errors import StoreWaiting
from models.evidence.sources import BYPASS, CHECK, EVENT, FACT, IMPORT, WITNESS
from models.forgetting import FORGET, FORGOTTEN, bare_consent, order
from models.rows import event_from_row, event_row
from models.store import Store, refold
from models.suppression import Key, Kind, ListEvent
from models.sync import state
from models.tables import (
    DONE,
    LOADING,
    UNDONE,
    astdb_key,
    batch,
    bypass,
    call_check,
    callback,
    callback_event,
    contact,
    entry,
    event_witness,
    fact,
    list_access,
    list_event,
    to_micros,
)

_ASKED = "the person asked to be forgotten"
_CHUNK = 500  # rows of one transaction
_KEYS = 100  # entries of one transaction


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """What is older goes; None: it stays for ever."""

    checks: datetime | None = None
    ended: datetime | None = None
    accesses: datetime | None = None


@dataclass(slots=True)
class Gone:
    """How many rows went, or would; `kept`: those that other sites do not have yet."""

    checks: int = 0
    bypasses: int = 0
    contacts: int = 0
    callbacks: int = 0
    facts: int = 0
    entries: int = 0
    events: int = 0
    imports: int = 0
    accesses: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Purge:
    """One store. `actor`: on whose order; `shared`: other sites have a part in the list; `dry`: only count; `laws`: the
    operator's own rule sets."""

    store: Store
    actor: str
    shared: bool = False
    dry: bool = False
    at: Callable[[int], object] = field(default=lambda _count: None)
    laws: Path | None = None

    def run(self, cutoffs: Cutoffs) -> Gone:
        """Everything past its time. Raises StoreError; what went before that is gone."""
        gone = Gone()
        if cutoffs.checks is not None:
            gone.checks = self._old(CHECK, call_check, to_micros(cutoffs.checks))
            gone.bypasses = self._old(BYPASS, bypass, to_micros(cutoffs.checks))
            gone.contacts = self._contacts(to_micros(cutoffs.checks))
            gone.callbacks = self._callbacks(callback.c.done_at < to_micros(cutoffs.checks))
        if cutoffs.ended is not None:
            self._ended(to_micros(cutoffs.ended), gone)
            gone.imports = self._imports(to_micros(cutoffs.ended))
        if cutoffs.accesses is not None:
            gone.accesses = self._delete(list_access, list_access.c.at < to_micros(cutoffs.accesses))
        if not self.dry:
            self.store.compact_evidence("past its time", self.actor)
        return gone

    def _old(self, source: str, table: Table, before: int) -> int:
        """What happened before a moment; one walk over the table."""
        seen = count = 0
        while True:
            query = select(table.c.seq).where(table.c.seq > seen, table.c.at < before).order_by(table.c.seq)
            with self.store.reading() as connection:
                seqs = list(connection.execute(query.limit(_CHUNK)).scalars())
            if not seqs:
                return count
            if not self.dry:
                with self.store.writing() as connection:
                    self.store.remove_rows(connection, source, seqs, "past its time", self.actor)
            seen, count = seqs[-1], count + len(seqs)
            self.at(count)

    def _contacts(self, before: int) -> int:
        """Those that no cap of any campaign or law looks back to, and that the other sites know the end of."""
        campaigns = facts.campaigns_of(facts.read(self.store, facts.CAMPAIGN))
        caps = [*all_caps(self.laws), *(cap for one in campaigns.values() for cap in one.all_caps)]
        longest = max((cap.longest for cap in caps), default=0)
        counted = to_micros(datetime.now(UTC) - timedelta(seconds=longest))
        old = contact.c.at < min(before, counted)
        if self.shared:
            old &= contact.c.told != ""
        return self._delete(contact, old)

    def _callbacks(self, condition: ColumnElement[bool]) -> int:
        """Promises that were kept or dropped, with their history; an open one never."""
        closed = select(callback.c.id).where(callback.c.state == Promise.DONE, condition).limit(_CHUNK)
        if self.dry:
            with self.store.reading() as connection:
                return connection.execute(select(func.count()).select_from(closed.limit(None).subquery())).scalar_one()
        count = 0
        while True:
            with self.store.writing() as connection:
                found = list(connection.execute(closed).scalars())
                _delete_callbacks(connection, found)
            count += len(found)
            if not found:
                return count

    def _delete(self, table: Table, condition: ColumnElement[bool]) -> int:
        """Rows that are no evidence of the chain."""
        if self.dry:
            with self.store.reading() as connection:
                return connection.execute(select(func.count()).select_from(table).where(condition)).scalar() or 0
        count = 0
        some = select(table.c.seq).where(condition).limit(_CHUNK)
        while True:
            with self.store.writing() as connection:
                found = connection.execute(delete(table).where(table.c.seq.in_(some))).rowcount
            count += found
            if not found:
                return count

    def _ended(self, before: int, gone: Gone) -> None:
        """Entries that ended so long ago, with their events."""
        seen = 0
        while True:
            with self.store.reading() as connection:
                rows = _ended_entries(connection, seen, before)
            if not rows:
                return
            seen = rows[-1][0]
            if self.dry:
                with self.store.reading() as connection:
                    self._remove_entries(connection, rows, before, gone)
            else:
                with self.store.writing() as connection:
                    self._remove_entries(connection, rows, before, gone)
            self.at(gone.checks + gone.entries)

    def _remove_entries(self, connection: Connection, rows: Sequence[tuple[int, Key]], before: int, gone: Gone) -> None:
        still = dict(_ended_entries(connection, rows[0][0] - 1, before, rows[-1][0]))  # listed again meanwhile?
        pushed = self._pushed(connection)
        for identity, key in rows:
            events = _rows_of(connection, key)
            if identity not in still or any(row.recorded_at >= before for row in events):
                continue
            if any(_waits(row, pushed) for row in events):
                gone.kept += 1
                continue
            gone.entries += 1
            gone.events += len(events)
            if not self.dry:
                self._remove_events(connection, events, "the entry has ended")
                connection.execute(delete(entry).where(entry.c.id == identity))

    def _remove_events(self, connection: Connection, rows: Sequence[Row[Any]], why: str) -> None:
        """With what the witnesses of a key press have reported."""
        for start in range(0, len(rows), _CHUNK):
            some = rows[start : start + _CHUNK]
            told = event_witness.c.event_id.in_([row.event_id for row in some])
            reports = connection.execute(select(event_witness.c.seq).where(told)).scalars().all()
            self.store.remove_rows(connection, WITNESS, reports, why, self.actor)
            self.store.remove_rows(connection, EVENT, [row.seq for row in some], why, self.actor)

    def _pushed(self, connection: Connection) -> int | None:
        """Up to where the other sites have what was recorded here; None: there are none."""
        return state.number(connection, state.PUSHED) if self.shared else None

    def _imports(self, before: int) -> int:
        """Undone ones of which nothing is left."""
        left = select(list_event.c.seq).where(list_event.c.batch == batch.c.id).exists()
        gone = and_(batch.c.state == UNDONE, batch.c.undone_at < before, ~left)
        if self.shared:
            gone = and_(gone, batch.c.feed_state == UNDONE)
        with self.store.reading() as connection:
            seqs = list(connection.execute(select(batch.c.seq).where(gone)).scalars())
        if seqs and not self.dry:
            with self.store.writing() as connection:
                self.store.remove_rows(connection, IMPORT, seqs, "undone, and nothing of it is left", self.actor)
        return len(seqs)

    def forget(self, number: int, before: datetime | None = None) -> Gone:
        """Everything about a person but the suppression itself. Raises StoreError; then nothing is gone.

        `before`: what was recorded until then, as another site has ordered; else the other sites are told.
        """
        gone, until = Gone(), None if before is None else to_micros(before)
        if self.dry:
            with self.store.reading() as connection:
                self._forget(connection, number, gone, until)
        else:
            with self.store.writing() as connection:
                connection.exec_driver_sql("PRAGMA secure_delete = ON")  # else the bytes stay in free pages
                self._forget(connection, number, gone, until)
                if self.shared and before is None:
                    facts.record_in(self.store, connection, [order(number, self.actor, datetime.now(UTC))])
            with self.store.reading() as connection:  # and in the log; while others read, until they have ended
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def _forget(self, connection: Connection, number: int, gone: Gone, until: int | None) -> None:
        own = (list_event.c.number == number) & (list_event.c.last == 0)
        keys = {_key(row) for row in connection.execute(select(list_event).where(own))}
        pushed = self._pushed(connection)
        for key in sorted(keys):
            rows = _rows_of(connection, key)
            if any(row.state == LOADING for row in rows):
                raise StoreWaiting(f"+{number}: an import that lists it too has not come to its end; wait for that")
            if any(_waits(row, pushed) for row in rows):
                raise StoreWaiting(f"+{number}: the other sites do not have all of it yet; see `concierge sync status`")
            self._forget_key(connection, key, gone, until)
        known = _until(call_check.c.recorded_at, until)
        mine = select(call_check.c.seq).where(call_check.c.number == number, known)
        checks = list(connection.execute(mine).scalars())
        calls = connection.execute(select(call_check).where(_by(number), known)).all()
        gone.checks = len(checks) + len(calls)
        known = _until(bypass.c.recorded_at, until)
        around = list(connection.execute(select(bypass.c.seq).where(bypass.c.number == number, known)).scalars())
        gone.bypasses = len(around)
        noted = (list_access.c.number == number) & _until(list_access.c.at, until)
        called = (contact.c.number == number) & _until(contact.c.at, until)
        gone.accesses, gone.contacts = _count(connection, list_access, noted), _count(connection, contact, called)
        self._forget_facts(connection, number, gone, until)
        closed = (callback.c.number == number) & (callback.c.state == Promise.DONE) & _until(callback.c.done_at, until)
        kept = list(connection.execute(select(callback.c.id).where(closed)).scalars())
        gone.callbacks = len(kept)
        if self.dry:
            return
        self.store.remove_rows(connection, CHECK, [*checks, *(row.seq for row in calls)], _ASKED, self.actor)
        self.store.remove_rows(connection, BYPASS, around, _ASKED, self.actor)
        for row in calls:
            values = dict(row._mapping) | {"caller": ""}
            self.store.put_back(connection, CHECK, {name: values[name] for name in values if name != "seq"})
        connection.execute(update(list_access).where(noted).values(number=None, question="(erased on request)"))
        connection.execute(delete(contact).where(called))
        _delete_callbacks(connection, kept)
        theirs = (astdb_key.c.number == number) & (astdb_key.c.origin == "there")
        connection.execute(update(astdb_key).where(theirs).values(value=""))

    def _forget_facts(self, connection: Connection, number: int, gone: Gone, until: int | None) -> None:
        """Consents and complaints go. A withdrawal refuses calls only beside what it withdraws: then both stay, without
        their story."""
        theirs = (fact.c.number == number) & (fact.c.kind != FORGET) & _until(fact.c.recorded_at, until)
        rows = connection.execute(select(fact).where(theirs)).all()
        withdrawn = any(row.kind == Act.WITHDRAW for row in rows)
        for row in rows:
            bare = _bare_fact(row) if withdrawn and row.kind in facts.CONSENTS else None
            if bare == {"actor": row.actor, "body": row.body}:
                continue
            gone.facts += 1
            if self.dry:
                continue
            self.store.remove_rows(connection, FACT, [row.seq], _ASKED, self.actor)
            if bare is not None:
                kept = {name: value for name, value in row._mapping.items() if name != "seq"}
                self.store.put_back(connection, FACT, kept | bare)

    def _forget_key(self, connection: Connection, key: Key, gone: Gone, until: int | None) -> None:
        """Of what holds, one listing after the other without its story; of the rest nothing. What came later stays."""
        rows = _rows_of(connection, key)
        late = {row.seq for row in rows if until is not None and row.recorded_at > until}
        before, after = (
            {one for row in rows if (row.seq in late) is when for one in json.loads(row.removes)}
            for when in (False, True)
        )
        keep = [
            row
            for row in rows
            if row.seq in late or row.event_id in after or (row.event_id not in before and _lives(row))
        ]
        bare = {row.seq: event_from_row(row) if row.seq in late else _bare(row) for row in keep}
        stale = [row for row in rows if row.seq not in bare or bare[row.seq] != event_from_row(row)]
        gone.events += len(stale)
        holds = any(row.kind == Kind.ADD for row in keep)
        gone.entries += not holds
        if self.dry or not stale:
            return
        self._remove_events(connection, stale, _ASKED)
        for row in stale:
            if row.seq in bare:
                values = event_row(bare[row.seq], row.recorded_at) | {"site": row.site}
                self.store.put_back(connection, EVENT, values)
        if holds:
            refold(connection, key)
            _leave_to_import(connection, key, {row.batch for row in keep})
        else:
            connection.execute(delete(entry).where(_is(entry, key)))


def _ended_entries(connection: Connection, after: int, before: int, until: int | None = None) -> list[tuple[int, Key]]:
    """Ids and keys of entries with a greater id that ended before a moment, by whatever way."""
    ends = (entry.c.revoked_at < before, entry.c.expires_at < before, batch.c.undone_at < before)
    query = select(entry).outerjoin(batch, batch.c.id == entry.c.batch).where(entry.c.id > after, or_(*ends))
    query = query.where(or_(entry.c.batch == "", batch.c.state != LOADING))
    if until is not None:
        query = query.where(entry.c.id <= until)
    return [(row.id, _key(row)) for row in connection.execute(query.order_by(entry.c.id).limit(_KEYS))]


def _key(row: Row[Any]) -> Key:
    return Key(row.number, row.last, row.campaign, bool(row.allow))


def _is(table: Any, key: Key) -> ColumnElement[bool]:
    same = (table.c.number == key.number) & (table.c.last == key.last) & (table.c.campaign == key.campaign)
    found: ColumnElement[bool] = same & (table.c.allow == int(key.allow))
    return found


def _delete_callbacks(connection: Connection, ids: Sequence[int]) -> None:
    connection.execute(delete(callback_event).where(callback_event.c.callback_id.in_(ids)))
    connection.execute(delete(callback).where(callback.c.id.in_(ids)))


def _leave_to_import(connection: Connection, key: Key, batches: set[str]) -> None:
    """An entry that one import alone holds up goes with it."""
    if len(batches) == 1 and "" not in batches:
        connection.execute(update(entry).where(_is(entry, key)).values(batch=batches.pop()))


def _rows_of(connection: Connection, key: Key) -> Sequence[Row[Any]]:
    """The events of an entry, with the states of the imports that brought them."""
    query = select(list_event, batch.c.state, batch.c.feed_state).outerjoin(batch, batch.c.id == list_event.c.batch)
    return connection.execute(query.where(_is(list_event, key)).order_by(list_event.c.seq)).all()


def _waits(row: Row[Any], pushed: int | None) -> bool:
    """Is it under way: into this list, or to the other sites?"""
    if row.state == LOADING:
        return True
    if pushed is None:
        return False
    return row.feed_state != row.state if row.state is not None else row.seq > pushed and not row.site


def _lives(row: Row[Any]) -> bool:
    """Does this listing, which no removal names, still hold?"""
    lasting = row.expires_at is None or row.expires_at > to_micros(datetime.now(UTC))
    return bool(row.kind == Kind.ADD and row.state in (None, DONE) and lasting)


def _bare(row: Row[Any]) -> ListEvent:
    """What the suppression needs, and where it came from in a word."""
    return replace(event_from_row(row), reason=FORGOTTEN, actor="", evidence={})


def _bare_fact(row: Row[Any]) -> dict[str, str]:
    """When, about what, and by which way of calling."""
    return {"actor": "", "body": json.dumps(bare_consent(row.body), sort_keys=True)}


def _by(number: int) -> ColumnElement[bool]:
    """Calls to others that this person's telephone had placed (a forwarded call)."""
    return call_check.c.caller.contains(str(number)) & or_(call_check.c.number.is_(None), call_check.c.number != number)


def _until(column: Any, until: int | None) -> ColumnElement[bool]:
    """Recorded by then; None: whenever."""
    found: ColumnElement[bool] = true() if until is None else column <= until
    return found


def _count(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(table).where(condition)).scalar() or 0
