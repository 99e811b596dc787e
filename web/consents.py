"""Consents, withdrawals and complaints over HTTP: facts, through the journal, durable on return."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from models import complaints, facts
from models.complaints import Complaint
from models.consent import Act, ConsentEvent, standing
from models.facts import Fact
from models.number import Number
from models.withdrawal import consents_of
from web.listing import USED, Listing, event_id
from web.problem import Refused, wrong
from web.shapes_facts import (
    Answer,
    ComplaintDone,
    ComplaintFacts,
    ConsentDone,
    ConsentFacts,
    ConsentsFacts,
    NewComplaint,
    NewConsent,
    Withdrawal,
)
from web.tokens import Holder


class Facts:
    """For clients over HTTP. Everything raises Refused."""

    def __init__(
        self, listing: Listing, clock: Callable[[], datetime], end_of: Callable[[date | None], datetime | None]
    ) -> None:
        self._listing, self._clock, self._end_of = listing, clock, end_of

    async def consent(
        self, act: Act, wanted: Withdrawal, number: Number, holder: Holder, key: str | None
    ) -> ConsentDone:
        """A grant or a withdrawal."""
        now = self._clock()
        if wanted.at is not None and wanted.at > now:
            raise wrong("body.at", "in-the-future", "that is in the future; nothing was recorded")
        until = None
        if isinstance(wanted, NewConsent):
            if wanted.until is not None and wanted.until < now.date():
                raise wrong("body.until", "day-is-over", "that day is over; nothing was recorded")
            until = self._end_of(wanted.until)
        if act is Act.GRANT and not number.valid:
            raise wrong("body.number", "not-in-a-numbering-plan", "no numbering plan has it; check the digits")
        topic, who = (wanted.topic or "").lower(), f"token {holder.name}"
        said = (wanted.source, topic, wanted.channel, wanted.proof, who, until)
        known = await self._listing.ask(lambda store: facts.read(store, *facts.CONSENTS, number=number.e164))
        at = wanted.at or facts.dated(now, known)
        made = facts.fact_of(ConsentEvent(event_id(holder, key), act, number.e164, at, *said))
        new, kept = await self._record(made, timed=wanted.at is not None)
        return ConsentDone(recorded=new, consent=ConsentFacts.of(facts.consent_of(kept)))

    async def consents(self, number: Number, holder: Holder) -> ConsentsFacts:
        """Noted before it is answered."""
        found, now = await self._listing.ask(lambda store: consents_of(store, number.e164)), self._clock()
        await self._listing.note(holder, "consents", number, len(found))
        topics = sorted({one.topic for one in found})
        calls = {topic: standing(found, [topic], now).standing.value for topic in topics}
        return ConsentsFacts(number=number.text, calls=calls, consents=[ConsentFacts.of(one) for one in found])

    async def complain(self, wanted: NewComplaint, number: Number, holder: Holder, key: str | None) -> ComplaintDone:
        """The number is listed for all campaigns with it."""
        identity, who = event_id(holder, key), f"token {holder.name}"
        made = complaints.complaint(identity, number.e164, wanted.about, wanted.text, self._clock(), wanted.source, who)
        if key is not None:
            await self._unused(made)
        done = await self._listing.do(lambda store: complaints.record(store, made))
        kept = await self._kept(identity)
        return ComplaintDone(
            recorded=done.new, entry=done.entry.id if done.entry else None, complaint=ComplaintFacts.of(Complaint(kept))
        )

    async def complaints(self, holder: Holder, *, everything: bool) -> list[ComplaintFacts]:
        """The open ones, or all; noted before they are shown."""
        found = [one for one in await self._listing.ask(complaints.complaints) if everything or one.answer is None]
        await self._listing.note(holder, "complaints", None, len(found))
        return [ComplaintFacts.of(one) for one in found]

    async def answer(self, identity: UUID, told: Answer, holder: Holder) -> ComplaintFacts:
        """Closes it; the same answer again changes nothing."""
        known = {one.said.event_id: one for one in await self._listing.ask(complaints.complaints)}
        one = known.get(identity)
        if one is None:
            raise Refused(404, "no-such-complaint", "there is no complaint of this id; nothing was changed")
        made = complaints.answer(one.said, told.text, self._clock(), "http", f"token {holder.name}")
        if one.answer is not None and one.answer.event_id != made.event_id:
            raise Refused(409, "answered", "it was answered before, in other words; nothing was changed")
        await self._listing.do(lambda store: facts.record(store, [made]))
        return ComplaintFacts.of(Complaint(one.said, one.answer or made))

    async def _record(self, made: Fact, *, timed: bool) -> tuple[bool, Fact]:
        """Whether it was new, and what is kept."""
        await self._unused(made)
        new = await self._listing.do(lambda store: facts.record(store, [made]))
        kept = await self._kept(made.event_id)
        if not _same(kept, made, timed=timed):
            raise Refused(409, "key-used", USED)
        return bool(new), kept

    async def _unused(self, made: Fact) -> None:
        """Not for a request of another kind."""
        listed = await self._listing.ask(lambda store: store.event(made.event_id))
        before = await self._listing.ask(lambda store: facts.by_id(store, made.event_id))
        if (before is None and listed is not None) or (before is not None and not _same(before, made, timed=False)):
            raise Refused(409, "key-used", USED)

    async def _kept(self, identity: UUID) -> Fact:
        found = await self._listing.ask(lambda store: facts.by_id(store, identity))
        if found is None:
            raise Refused(
                503, "list-unavailable", "the list was replaced meanwhile; ask again", headers={"Retry-After": "1"}
            )
        return found


def _same(one: Fact, other: Fact, *, timed: bool) -> bool:
    """Do both say the same, whenever they say it?"""
    said = [(f.kind, f.number, f.subject, f.source, dict(f.body), f.at if timed else None) for f in (one, other)]
    return said[0] == said[1]
