"""Contacts of all sites in the shared database: a cap holds for all of them, because whoever reserves holds the lock of
the number (and of the person, and of the matter) until it is counted and written.

While the database is away a site has its own share of each cap, or nothing. That is safe, whatever happens: here every
site is counted with its share at least, so what it may place alone is never given away.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, or_, select, text, update

from models import contacts as rows
from models.caps import Cap, Contact, State, counted, in_window, placed_by
from models.errors import FeedError
from models.past import MONTH
from models.reserving import Full, Taken, Terms, check, longest, share_of
from models.rules import Case, Frequency, Ground, Step, caps_of, opening, rules_of
from models.sync.link import Access, Link
from models.tables import CAP_LOCKS, cap_lock, contact, to_micros

OLDEST = "0007"  # the first revision that has contacts
_GRACE = timedelta(minutes=15)  # a site that cannot say that it dials keeps its reservation for longer


class Shared:
    """One host's connection to the contacts of all. Blocking; used from one thread. `close` it."""

    def __init__(self, access: Access, terms: Terms) -> None:
        self._access = access
        self._terms = terms
        self._link: Link | None = None

    def take(
        self, case: Case, made: Contact, uniqueid: str, untold: Sequence[tuple[Contact, str]], at: datetime
    ) -> Full | Taken:
        """Write a contact that this host has reserved, unless a cap of all sites has no room. `untold`: own contacts of
        the same person that are not here yet. Raises FeedError; then it is not written, or not known to be."""
        try:
            with self._open().transaction() as connection:
                _lock(connection, case)
                for one, channel in untold:
                    _put(connection, one, channel)
                found = self._known(connection, case, at)
                full = self._full(replace(case, contacts=found), made, at)
                if full is not None:
                    return full
                _put(connection, made, uniqueid)
                return Taken(made, self._others(found))
        except FeedError:
            self.close()
            raise

    def tell(self, contacts: Sequence[tuple[Contact, str]]) -> None:
        """What became of own contacts. Raises FeedError."""
        try:
            with self._open().transaction() as connection:
                for one, channel in contacts:
                    _put(connection, one, channel)
        except FeedError:
            self.close()
            raise

    def known(self, case: Case, at: datetime) -> tuple[Contact, ...]:
        """Contacts of all sites that caps look at, and the history. Raises FeedError."""
        try:
            with self._open().reading() as connection:
                return self._known(connection, case, at)
        except FeedError:
            self.close()
            raise

    def look(self, case: Case, at: datetime) -> Full | Taken:
        """As `take`, without writing: is there room for one more of this host's? Raises FeedError."""
        made, found = Contact("", case.number, at, case.name, site=self._terms.site), self.known(case, at)
        return self._full(replace(case, contacts=found), made, at) or Taken(made, self._others(found))

    def _others(self, found: Sequence[Contact]) -> tuple[Contact, ...]:
        return tuple(one for one in found if one.site != self._terms.site)

    def close(self) -> None:
        """Let go of the connection."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def _open(self) -> Link:
        if self._link is None:
            link = Link(self._access)
            try:
                with link.reading() as connection:
                    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
                if found is None or str(found) < OLDEST:
                    raise FeedError(f"{self._access.name}: revision {found}; run `concierge db upgrade --feed`")
            except BaseException:
                link.close()
                raise
            self._link = link
        return self._link

    def _known(self, connection: Connection, case: Case, at: datetime) -> tuple[Contact, ...]:
        since = to_micros(at - max(MONTH, timedelta(seconds=longest(caps_of(case)))))
        mine: list[ColumnElement[bool]] = [contact.c.number == case.number]
        mine += [contact.c[key] == value for key, value in _keys(case)]
        found = connection.execute(select(*rows.COLUMNS).where(or_(*mine), contact.c.at > since)).all()
        return placed_by((rows.contact_of(row) for row in found), at)

    def _full(self, case: Case, made: Contact, at: datetime) -> Full | None:
        full = check(case, at)
        if full is not None:
            return full
        for rule in rules_of(case):
            if isinstance(rule, Frequency) and not has_room(rule, made.site, self._terms.sites, at):
                detail = f"{rule.cap.title}: what is left is the share of the other sites"
                step = Step(rule.name, False, detail, Ground.CAP_REACHED)
                return Full(step, opening(rules_of(case), at + timedelta(seconds=1)))
        return None


def has_room(rule: Frequency, site: str, sites: int, at: datetime) -> bool:
    """PURE: with one more of this site, and every site counted with its share at least, is the limit kept?"""
    share = share_of(rule.cap, sites)
    by_site: dict[str, list[datetime]] = {site: []}
    for one in counted(rule.cap, rule.call, rule.contacts, at):
        by_site.setdefault(one.site, []).append(one.at)
    counts = Counter({name: _count(rule.cap, times, at, rule.call.zones) for name, times in by_site.items()})
    counts[site] += 1
    others = max(0, sites - len(counts)) * share
    return sum(max(count, share) for count in counts.values()) + others <= rule.cap.limit


def _count(cap: Cap, times: Sequence[datetime], at: datetime, zones: Sequence[str]) -> int:
    return in_window(cap, times, at, zones)


def _keys(case: Case) -> list[tuple[str, str]]:
    return [(key, getattr(case.lead, key)) for key in ("person", "matter") if getattr(case.lead, key)]


def _lock(connection: Connection, case: Case) -> None:
    """In the order of the rows, so that no two wait for each other."""
    names = [f"number {case.number}", *(f"{key} {value}" for key, value in _keys(case))]
    slots = sorted({zlib.crc32(name.encode("utf-8", "surrogatepass")) % CAP_LOCKS for name in names})
    query = select(cap_lock.c.slot).where(cap_lock.c.slot.in_(slots)).order_by(cap_lock.c.slot).with_for_update()
    if len(connection.execute(query).all()) != len(slots):
        raise FeedError(
            "the shared database has lost rows of cap_lock; run `concierge db upgrade --feed` on a fresh one"
        )


def _put(connection: Connection, one: Contact, uniqueid: str) -> None:
    """Write it, or what became of it since."""
    expires = one.expires_at
    if one.state is State.RESERVED and expires is not None:
        one = replace(one, expires_at=expires + _GRACE)
    values: dict[str, Any] = rows.row_of(one, uniqueid, "-")
    changed = {key: values[key] for key in ("state", "expires_at", "outcome")}
    done = connection.execute(update(contact).where(contact.c.id == one.id).values(changed))
    if done.rowcount == 0:
        known = connection.execute(select(contact.c.id).where(contact.c.id == one.id)).first()
        if known is None:
            connection.execute(insert(contact).values(values))
