"""Reserves a contact before anything is dialled: what the caps count is read and written under one lock.

On this host that is the write lock of its file. With a shared database (`models.sharing`) it counts for all sites.
Blocking; used from one thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import bindparam, insert, or_, select
from sqlalchemy.dialects.sqlite import dialect

from models import contacts as rows
from models import turn
from models.caps import Cap, Contact, State, placed_by
from models.errors import FeedError, StoreError
from models.query import Query
from models.rules import Case, Frequency, Step, caps_of, opening, rules_of
from models.store import explain
from models.tables import contact, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.sharing import Shared

_PATIENCE = 1.0  # seconds for the write lock
_RECENT = 50_000  # contacts: calls that may be under way
_MARK = State.RESERVED.value
_COLUMNS = [one for one in contact.c if one.name != "seq"]
_INSERT = str(insert(contact).compile(dialect=dialect(paramstyle="named"), column_keys=[one.name for one in _COLUMNS]))
_MINE = Query(
    select(*rows.COLUMNS).where(
        contact.c.uniqueid == bindparam("u"), contact.c.number == bindparam("n"), contact.c.state == _MARK
    )
)
_UNTOLD = Query(
    select(*rows.COLUMNS, contact.c.uniqueid)
    .where(
        contact.c.told == "",
        contact.c.site == bindparam("s"),
        or_(contact.c.number == bindparam("n"), contact.c.person == bindparam("p"), contact.c.matter == bindparam("m")),
    )
    .limit(1000)
)


@dataclass(frozen=True, slots=True)
class Taken:
    """The contact that was reserved. `elsewhere`: contacts of the same person at other sites, of a month at least, for
    the history; none where they are not shared or could not be asked."""

    contact: Contact
    elsewhere: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Full:
    """A cap has no room; `next_at`: when all rules would allow the call again."""

    step: Step
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unsure:
    """It could not be found out; nothing was reserved."""

    why: str


Taking = Taken | Full | Unsure


@dataclass(frozen=True, slots=True)
class Terms:
    """`seconds` that a reservation stands which nobody settles; `site`: this host's name; `sites`: how many share."""

    seconds: float = 120.0
    site: str = ""
    sites: int = 1


class Reserver:
    """The contacts of one host's file. `close` it."""

    def __init__(self, path: Path, terms: Terms | None = None, shared: Shared | None = None) -> None:
        self._path = path
        self._terms = terms or Terms()
        self._shared = shared
        self._connection: sqlite3.Connection | None = None

    def take(self, case: Case, at: datetime, *, consent: int = 0, uniqueid: str = "", settled: bool = True) -> Taking:
        """Reserve one contact, unless a cap has no room for it. `settled`: somebody will say what became of it; else
        it counts as an attempt at once. Never raises."""
        try:
            taken = self._locally(case, at, consent, uniqueid, settled)
            if isinstance(taken, Taken) and self._shared is not None and not taken.contact.outcome:
                return self._everywhere(case, taken.contact, uniqueid, at)
        except (sqlite3.Error, OSError, StoreError, ValueError) as error:
            self.close()
            return Unsure(str(error if isinstance(error, StoreError) else explain(self._path, str(error))))
        return taken

    def _locally(self, case: Case, at: datetime, consent: int, uniqueid: str, settled: bool) -> Taking:
        with self._writing() as connection:
            again = _mine(connection, case, uniqueid, at)
            if again is not None:
                return Taken(replace(again, outcome="again"))
            known = replace(case, contacts=self._contacts(connection, case, at))
            if (full := check(known, at)) is not None:
                return full
            made = _new(known, at, consent, self._terms, settled)
            connection.execute(
                _INSERT, rows.row_of(made, uniqueid, "" if self._shared is not None else made.state.value)
            )
            return Taken(made)

    def _contacts(self, connection: sqlite3.Connection, case: Case, at: datetime) -> tuple[Contact, ...]:
        since = to_micros(at - timedelta(seconds=longest(caps_of(case))))
        found = rows.BY_NUMBER.rows(connection, n=case.number, t=since)
        if case.lead.person:
            found += rows.BY_PERSON.rows(connection, k=case.lead.person, t=since)
        if case.lead.matter:
            found += rows.BY_MATTER.rows(connection, k=case.lead.matter, t=since)
        return placed_by({one.id: one for one in map(rows.contact_of, found)}.values(), at)

    def _everywhere(self, case: Case, made: Contact, uniqueid: str, at: datetime) -> Taking:
        """The same in the shared database; while that is away, this site's own share is all there is."""
        assert self._shared is not None  # noqa: S101 - asked before
        lead = case.lead
        with closing(self._open()) as connection:
            found = _UNTOLD.rows(
                connection, n=case.number, p=lead.person or "\0", m=lead.matter or "\0", s=self._terms.site
            )
            untold = [(rows.contact_of(row[:-1]), row[-1]) for row in found if row[0] != made.id]
        try:
            taken = self._shared.take(case, made, uniqueid, untold, at)
        except FeedError as error:
            return self._by_share(case, made, at, str(error))
        if isinstance(taken, Full):
            self._set([made.id], State.RELEASED, told=State.RELEASED.value)
        else:
            self._told([made.id, *(one.id for one, _ in untold)])
        return taken

    def _by_share(self, case: Case, made: Contact, at: datetime, why: str) -> Taking:
        caps = [replace(cap, limit=share_of(cap, self._terms.sites)) for cap in caps_of(case)]
        if not caps:
            return Taken(made)
        with closing(self._open()) as connection:
            known = self._contacts(connection, case, at)
        own = tuple(one for one in known if one.site == self._terms.site and one.id != made.id)
        if all(cap.limit for cap in caps) and check(replace(case, contacts=own), at, caps) is None:
            return Taken(made)
        self._set([made.id], State.RELEASED, told=State.RELEASED.value)
        return Unsure(f"caps hold for all sites, and the shared database is away: {why}")

    def settle(self, uniqueid: str, ways: Mapping[State, State], outcome: str = "") -> list[str]:
        """What became of the contacts of a channel: from each of these states to the next. Returns their ids.

        Raises StoreError.
        """
        return self.settle_all([(uniqueid, ways)], outcome)

    def settle_all(self, steps: Sequence[tuple[str, Mapping[State, State]]], outcome: str = "") -> list[str]:
        """The same for many channels in their order, in one transaction. The write lock is taken only when one of
        them has a contact that is not settled yet. Returns the ids. Raises StoreError.
        """
        try:
            known = self._unsettled(steps)
            left = [(uniqueid, ways) for uniqueid, ways in steps if uniqueid in known]
            if not left:
                return []
            with self._writing() as connection:
                return [one for uniqueid, ways in left for one in _settle(connection, uniqueid, ways, outcome)]
        except sqlite3.Error as error:
            self.close()
            raise explain(self._path, str(error)) from error

    def unheard(self, began: datetime, ended: datetime, is_of: Callable[[str], bool]) -> int:
        """What became of the contacts of these channels in this time could not be heard: each counts as the most that
        it may have been, a conversation. Returns how many. Raises StoreError.
        """
        states = (State.RESERVED.value, State.DIALLING.value)
        query = (
            "SELECT id, uniqueid FROM contact WHERE seq > (SELECT MAX(seq) FROM contact) - ? AND state IN (?, ?)"
            " AND at <= ? AND COALESCE(expires_at, ?) >= ?"
        )
        last, first = to_micros(ended), to_micros(began)
        try:
            with self._writing() as connection:
                found = connection.execute(query, (_RECENT, *states, last, last, first)).fetchall()
                ids = [row[0] for row in found if is_of(row[1])]
                for one in ids:
                    _update(connection, one, State.CONVERSATION, "")
                return len(ids)
        except sqlite3.Error as error:
            self.close()
            raise explain(self._path, str(error)) from error

    def _unsettled(self, steps: Sequence[tuple[str, Mapping[State, State]]]) -> set[str]:
        """The channels with a contact in any of the states that they may leave."""
        if self._connection is None:
            self._connection = self._open()
        states = sorted({state.value for _, ways in steps for state in ways})
        names = list(dict.fromkeys(uniqueid for uniqueid, _ in steps))
        found: set[str] = set()
        for start in range(0, len(names), 500):
            some = names[start : start + 500]
            query = "SELECT uniqueid FROM contact WHERE uniqueid IN ({}) AND state IN ({})"
            query = query.format(",".join("?" * len(some)), ",".join("?" * len(states)))
            found.update(row[0] for row in self._connection.execute(query, [*some, *states]).fetchall())
        return found

    def untold(self, limit: int = 500) -> list[tuple[Contact, str]]:
        """Own contacts whose state the shared database does not know, with their channels. Raises StoreError."""
        query = f"SELECT {', '.join(one.name for one in rows.COLUMNS)}, uniqueid FROM contact"  # noqa: S608 - names
        query += " WHERE told <> state || outcome AND site = ? ORDER BY seq LIMIT ?"
        try:
            with closing(self._open()) as connection:
                found = connection.execute(query, (self._terms.site, limit)).fetchall()
            return [(rows.contact_of(row[:-1]), row[-1]) for row in found]
        except (sqlite3.Error, ValueError) as error:
            raise explain(self._path, str(error)) from error

    def told(self, contacts: Sequence[Contact]) -> None:
        """The shared database knows these as they were read. Raises StoreError."""
        try:
            with self._writing() as connection:
                values = [(one.state.value + one.outcome, one.id) for one in contacts]
                connection.executemany("UPDATE contact SET told = ? WHERE id = ?", values)
        except sqlite3.Error as error:
            raise explain(self._path, str(error)) from error

    def _told(self, ids: Sequence[str]) -> None:
        with self._writing() as connection:
            connection.executemany("UPDATE contact SET told = state || outcome WHERE id = ?", [(one,) for one in ids])

    def _set(self, ids: Sequence[str], state: State, told: str) -> None:
        with self._writing() as connection:
            values = [(state.value, told, one) for one in ids]
            connection.executemany("UPDATE contact SET state = ?, told = ? WHERE id = ?", values)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE, isolation_level=None
        )
        # a power cut may take back the last contacts, and ends their calls too
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self._connection is None:
            self._connection = self._open()
        turn.begin(self._connection, str(self._path), _PATIENCE)
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def check(case: Case, at: datetime, caps: Sequence[Cap] | None = None) -> Full | None:
    """PURE: the cap that has no room, with the moment at which every rule would allow the call."""
    rules = rules_of(case)
    found = [rule for rule in rules if isinstance(rule, Frequency)]
    if caps is not None:
        found = [replace(rule, cap=cap) for rule, cap in zip(found, caps, strict=True)]
    for rule in found:
        step = rule.step(at)
        if not step.allowed:
            return Full(step, opening(rules, at))
    return None


def longest(caps: Sequence[Cap]) -> int:
    """Seconds that any of them looks back."""
    return max((cap.longest for cap in caps), default=0)


def share_of(cap: Cap, sites: int) -> int:
    """PURE: how many a site may place by itself: never more than its part of the limit."""
    return min(cap.share, cap.limit // max(1, sites))


def _mine(connection: sqlite3.Connection, case: Case, uniqueid: str, at: datetime) -> Contact | None:
    """The same channel asks again for the same: that is no second contact. For another campaign, person or matter it is
    one, for their caps have to see it.
    """
    if not uniqueid:
        return None
    found = [rows.contact_of(row) for row in _MINE.rows(connection, u=uniqueid, n=case.number)]
    wanted = (case.name.lower(), case.lead.person[:100], case.lead.matter[:100])
    same = [one for one in found if (one.campaign.lower(), one.person, one.matter) == wanted]
    return next((one for one in same if one.stands(at)), None)


def _new(case: Case, at: datetime, consent: int, terms: Terms, settled: bool) -> Contact:
    campaign, lead = case.campaign, case.lead
    return Contact(
        str(uuid4()),
        case.number,
        at,
        case.name,
        campaign.product if campaign else "",
        campaign.value if campaign else "",
        lead.person[:100],
        lead.matter[:100],
        State.RESERVED if settled else State.ATTEMPT,
        at + timedelta(seconds=terms.seconds) if settled else None,
        terms.site,
        consent,
    )


def _settle(connection: sqlite3.Connection, uniqueid: str, ways: Mapping[State, State], outcome: str) -> Sequence[str]:
    changed: list[str] = []
    for before, after in ways.items():
        query = "SELECT id FROM contact WHERE uniqueid = ? AND state = ?"
        ids = [row[0] for row in connection.execute(query, (uniqueid, before.value)) if row[0] not in changed]
        for one in ids:
            _update(connection, one, after, outcome)
        changed += ids
    return changed


def _update(connection: sqlite3.Connection, identity: str, state: State, outcome: str) -> None:
    change = "UPDATE contact SET state = ?, expires_at = NULL, outcome = COALESCE(NULLIF(?, ''), outcome) WHERE id = ?"
    connection.execute(change, (state.value, outcome, identity))
