"""Requests -> events of the list, through the journal: durable on return."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

from models.access import Access, note
from models.beside import Rows, beside
from models.errors import StoreError
from models.facts import by_id
from models.journal import Journal
from models.number import NotANumber, Number, Site, interpret
from models.store import Recorded, Store
from models.suppression import ALL, Entry, Kind, ListEvent
from models.tables import from_micros
from web.problem import Refused, wrong
from web.shapes import CheckFacts, Done, EntryFacts, EventFacts, NewEntry, NumberFacts, PersonFacts, Removal
from web.tokens import Holder

log = logging.getLogger("concierge.web")

Clock = Callable[[], datetime]
EndOf = Callable[[date | None], datetime | None]
_KEYS = UUID("6f0f4c55-31b0-4f0b-93a6-6f6c1c3f2a0e")
_T = TypeVar("_T")
WIDEST = 10_000_000_000  # numbers of a range; a whole country
MOST_CHECKS = 1000


USED = "this Idempotency-Key was used for another request; nothing was changed; take a new key"


def event_id(holder: Holder, key: str | None) -> UUID:
    """The same key of the same client is the same fact."""
    return uuid4() if key is None else uuid5(_KEYS, f"{holder.name}\n{key}")


class Listing:
    """The list, for clients over HTTP."""

    def __init__(self, site: Site, journal: Journal, path: Path, clock: Clock, end_of: EndOf) -> None:
        """`end_of`: the moment after which an entry until a day no longer holds."""
        self._site, self._journal, self._clock, self._end_of = site, journal, clock, end_of
        self._path = path
        self._store: Store | None = None
        self._thread = ThreadPoolExecutor(1, "web")

    async def add(self, wanted: NewEntry, number: Number, holder: Holder, key: str | None) -> Done:
        """Raises Refused."""
        if wanted.last is None and not number.valid and not wanted.force:
            detail = "no numbering plan has it; check the digits, or send force: true to list it all the same"
            raise wrong("body.number", "not-in-a-numbering-plan", detail)
        if wanted.until is not None and wanted.until < self._clock().date():
            raise wrong("body.until", "day-is-over", "that day is over; nothing was listed")
        return await self._record(self._event(Kind.ADD, wanted, number, holder, key, self._end_of(wanted.until)))

    async def remove(self, wanted: Removal, number: Number, holder: Holder, key: str | None) -> Done:
        """Raises Refused; 404 when there is nothing to take back."""
        event = self._event(Kind.REMOVE, wanted, number, holder, key, None)
        if await self._ask(lambda store: store.event(event.event_id)) is None:
            entries = await self._ask(lambda store: store.entries(number.e164))
            if not any(one.key == event.key and one.holds(event.at) for one in entries):
                raise Refused(404, "not-listed", _nothing_to_take_back(entries, event))
        return await self._record(event)

    async def look_up(self, number: Number, holder: Holder) -> NumberFacts:
        """Noted before it is answered. Raises Refused."""
        entries, now = await self._ask(lambda store: store.entries(number.e164)), self._clock()
        await self.note(holder, "entries", number, len(entries))
        listed = any(one.holds(now) and not one.allow for one in entries)
        return NumberFacts(number=number.text, listed=listed, entries=[EntryFacts.of(one, now) for one in entries])

    async def person(self, number: Number, holder: Holder) -> PersonFacts:
        """Everything that is kept. Noted before it is answered. Raises Refused."""

        def read(store: Store) -> tuple[list[Entry], list[ListEvent], list[dict[str, Any]], dict[str, Rows]]:
            of = number.e164
            return store.entries(of), store.events(of), store.checks(of, MOST_CHECKS + 1), beside(store, of)

        (entries, events, checks, others), now = await self._ask(read), self._clock()
        count = len(entries) + len(events) + len(checks) + sum(map(len, others.values()))
        await self.note(holder, "person", number, count)
        return PersonFacts(
            number=number.text,
            as_of=now,
            entries=[EntryFacts.of(one, now) for one in entries],
            events=[EventFacts.of(one) for one in events],
            checks=[CheckFacts(**_facts(one)) for one in checks[:MOST_CHECKS]],
            **others,
            more_checks=len(checks) > MOST_CHECKS,
        )

    async def note(self, holder: Holder, action: str, number: Number | None, answered: int) -> None:
        """Who has read what; durably. Raises Refused."""
        access = Access(f"token {holder.name}", "http", action, "", number.e164 if number else None, answered)
        await _available(self._journal.do(lambda store: note(store, access)))

    async def ask(self, question: Callable[[Store], _T]) -> _T:
        """Something else of the store. Raises Refused."""
        return await self._ask(question)

    async def do(self, work: Callable[[Store], _T]) -> _T:
        """Something that the other sites are told, durably. Raises Refused."""
        return await _available(self._journal.tell(work))

    def range(self, wanted: Removal, number: Number) -> int | None:
        """Its end; None for one number. Raises Refused."""
        if wanted.last is None:
            return None
        last = self.number(wanted.last, "body.last").e164
        if len(str(last)) != len(str(number.e164)) or not number.e164 < last < number.e164 + WIDEST:
            detail = "a range goes from a lower number to a higher one of as many digits"
            raise wrong("body.last", "no-range", detail)
        return last

    def number(self, text: str, where: str) -> Number:
        """The one that is meant. Raises Refused."""
        found = interpret(text, self._site)
        if isinstance(found, NotANumber):
            raise wrong(where, f"number-{found.why.value}", found.detail)
        if found.also:
            detail = "it can be read as more than one number; write the one that is meant with + and country code"
            raise wrong(where, "number-ambiguous", detail)
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._thread.submit(self._close)
        self._thread.shutdown()

    def _event(
        self, kind: Kind, wanted: Removal, number: Number, holder: Holder, key: str | None, until: datetime | None
    ) -> ListEvent:
        campaign = ALL if wanted.campaign is None else wanted.campaign.lower()
        evidence = {"via": "http", "token": holder.name} | ({} if key is None else {"idempotency_key": key})
        return ListEvent(
            event_id(holder, key),
            kind,
            number.e164,
            campaign,
            self._clock(),
            wanted.reason,
            wanted.source,
            f"token {holder.name}",
            until,
            evidence,
            self.range(wanted, number),
            wanted.allow,
        )

    async def _record(self, event: ListEvent) -> Done:
        if "idempotency_key" in event.evidence and await self._is_fact(event.event_id):
            raise Refused(409, "key-used", USED)
        recorded: Recorded = await _available(self._journal.record(event))
        if not recorded.new:
            before = await self._ask(lambda store: store.event(event.event_id))
            if before is None or not _same(before, event):
                raise Refused(409, "key-used", USED)
        entry = EntryFacts.of(recorded.entry, self._clock()) if recorded.entry else None
        return Done(recorded=recorded.new, event=event.event_id, entry=entry)

    async def _is_fact(self, identity: UUID) -> bool:
        """Was the key used for a consent or a complaint?"""
        return await self._ask(lambda store: by_id(store, identity) is not None)

    async def _ask(self, question: Callable[[Store], _T]) -> _T:
        loop = asyncio.get_running_loop()
        return await _available(loop.run_in_executor(self._thread, lambda: question(self._current())))

    def _current(self) -> Store:
        """A file that was removed or replaced is not read through an old handle."""
        if self._store is not None and not self._store.is_current():
            self._close()
        if self._store is None:
            self._store = Store(self._path)
        return self._store

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None


def _facts(check: dict[str, Any]) -> dict[str, Any]:
    """A row of evidence as an answer has it."""
    return {name: check[name] for name in CheckFacts.model_fields if name != "at"} | {"at": from_micros(check["at"])}


def _same(one: ListEvent, other: ListEvent) -> bool:
    """Do both say the same, whenever they say it?"""
    facts = [(e.kind, e.key, e.expires_at, e.reason, e.source) for e in (one, other)]
    return facts[0] == facts[1]


def _nothing_to_take_back(entries: list[Entry], event: ListEvent) -> str:
    others = [one for one in entries if one.holds(event.at)]
    if not others:
        return "the number is not listed; nothing was changed"
    scopes = sorted({one.campaign or "all campaigns" for one in others})
    return f"nothing was changed: it is not listed for that scope, but for: {', '.join(scopes)} (ranges included)"


async def _available(answer: Awaitable[_T]) -> _T:
    """Raises Refused for a store that cannot be read or written; the log says why, the client need not know paths."""
    try:
        return await answer
    except StoreError as error:
        log.error("list=unavailable why=%s", error)
        detail = "the list cannot be read or written now, and nothing was changed; the log of the service says why"
        raise Refused(503, "list-unavailable", detail, headers={"Retry-After": "1"}) from error
