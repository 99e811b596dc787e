"""One question, one answer, one row of evidence: the same for the AGI server, the AGI script and the command."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from models.cases import Asked, Blocked, Cases
from models.contact import Answer, History, Question
from models.journal import Journal
from models.number import NotANumber, Number, Site, interpret
from models.permit import permit
from models.policy import (
    Decision,
    Facts,
    Knowledge,
    Listed,
    NotListed,
    Reason,
    Registered,
    Rules,
    Unavailable,
    both,
    decide,
    explain,
    refuse,
)
from models.reader import Known, Reader
from models.requested import AskedAt, is_requested, objections, of_request
from models.rules import Case, Step

Clock = Callable[[], datetime]
Take = Callable[[Answer], Awaitable[Answer]]


class Registries(Protocol):
    """National registries, see `models.registry.watch`."""

    def look_up(self, number: int, at: datetime) -> Sequence[Registered]:
        """What stands against a call to this number. Never raises, never waits."""

    def begin(self) -> Callable[[], None]:
        """Begin to load; what is returned waits until that is over."""


class Freshness(Protocol):
    """How old the list of this host may be, see `models.sync.contact`."""

    def stale(self) -> str:
        """Why the list may lack what other sites have recorded; empty when it does not."""


_PATIENCE = 1.0  # seconds that an answer waits for a lock to pass; the dialplan waits for 3
_PAUSE = 0.01
_PENDING = "a key press that the PBX keeps and that is not recorded yet"


def utc_now() -> datetime:
    """The process clock, as an argument for whoever decides."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Judge:
    """Interprets, looks up and decides; writes nothing. `clock` gives the moment of the decision; `requested`: the
    called person has asked for the call."""

    reader: Reader
    site: Site
    rules: Rules = field(default_factory=Rules)
    clock: Clock = utc_now
    registries: Registries | None = None
    freshness: Freshness | None = None
    cases: Cases | None = None
    requests: AskedAt | None = None
    requested: bool = False

    def answer(self, question: Question, at: datetime | None = None) -> Answer:
        """The decision at a moment (default: now), with the history of the number."""
        at = at or self.clock()
        destination = interpret(question.dialled, self.site)
        known: Knowledge = NotListed()
        history = History()
        if isinstance(destination, Number):
            judge, (known, history) = self._understood(question, destination, at)
            return judge.judged(question, destination, known, history, at)
        return self.judged(question, destination, known, history, at)

    def _understood(self, question: Question, destination: Number, at: datetime) -> tuple[Judge, Known]:
        """What is known of the number, and who judges it: a call that the person has asked for has fewer rules."""
        known, history = self.know(destination, at)
        asked = self._asked(question, destination, at)
        if asked is None:
            return self, Known(known, history)
        return replace(self, registries=None, requested=True), Known(objections(known, asked), history)

    def _asked(self, question: Question, destination: Number, at: datetime) -> datetime | None:
        """When the called person has asked for this call, None when it is no such call."""
        if self.requests is None or not is_requested(question.campaign):
            return None
        return self.requests(destination.e164, at)

    def answer_patiently(self, question: Question, at: datetime | None = None) -> Answer:
        """The same, after a lock has passed; blocks for a second at most. For processes of one question."""
        until = time.monotonic() + _PATIENCE
        answer = self.answer(question, at)
        while self.is_passing(answer) and time.monotonic() < until:
            time.sleep(_PAUSE)
            answer = self.answer(question, at)
        return answer

    def know(self, number: Number, at: datetime) -> Known:
        """Of a text with several readings, each counts: none of them may be a listed person."""
        known, history = self.reader.know(number.e164, at)
        known = _of_this(number.e164, known)
        for other in number.also:
            known = both(known, _of_this(other, self.reader.know(other, at).entries))
        return Known(known, history)

    def judged(
        self,
        question: Question,
        destination: Number | NotANumber,
        known: Knowledge,
        history: History,
        at: datetime,
    ) -> Answer:
        """The same from what is already known."""
        facts, blocked = self._facts(question, destination, known, at)
        decision = decide(facts, at)
        if blocked is not None and decision.allowed:
            decision = refuse(Reason.POLICY_UNAVAILABLE, blocked.why)
        if question.pending and decision.allowed and isinstance(destination, Number):
            decision = refuse(Reason.OPT_OUT_PENDING, _PENDING)
        return Answer(question, destination, decision, history, at, facts.case)

    def explained(self, question: Question, at: datetime | None = None) -> list[Step]:
        """Each rule with its verdict: all allow if and only if `answer` at the same moment does."""
        at = at or self.clock()
        destination = interpret(question.dialled, self.site)
        known: Knowledge = NotListed()
        judge = self
        if isinstance(destination, Number):
            judge, (known, _) = self._understood(question, destination, at)
        facts, blocked = judge._facts(question, destination, known, at)
        steps = explain(facts, at)
        if blocked is not None:
            steps.append(Step("policy", False, blocked.why, Reason.POLICY_UNAVAILABLE))
        if question.pending and isinstance(destination, Number):
            steps.append(Step("key press", False, _PENDING, Reason.OPT_OUT_PENDING))
        return steps

    def _facts(
        self, question: Question, destination: Number | NotANumber, known: Knowledge, at: datetime
    ) -> tuple[Facts, Blocked | None]:
        found: Case | Blocked | None = None
        if self.cases is not None and question.campaign and isinstance(destination, Number):
            found = self.cases.of(Asked(question.campaign, destination.e164, question.lead), at)
        if self.requested and isinstance(found, Case):
            found = of_request(found)
        case, blocked = (None, found) if isinstance(found, Blocked) else (found, None)
        if case is not None and isinstance(known, Listed):
            case = replace(case, declined=_declined(known, question.campaign, at))
        registered = self.registered(destination, at)
        facts = Facts(destination, question.campaign, known, self.rules, registered, self.stale(), case)
        return facts, blocked

    def stale(self) -> str:
        """Why the list may lack what other sites have recorded; empty when it does not."""
        return self.freshness.stale() if self.freshness is not None else ""

    def registered(self, destination: Number | NotANumber, at: datetime) -> Sequence[Registered]:
        """What national registries have against a call to it."""
        if self.registries is None or isinstance(destination, NotANumber):
            return ()
        found = self.registries.look_up(destination.e164, at)
        for other in destination.also:
            found = (*found, *self.registries.look_up(other, at))
        return found

    def is_passing(self, answer: Answer) -> bool:
        """Was it refused for a lock that will soon be gone?"""
        if answer.decision.reason is not Reason.LIST_UNAVAILABLE or not isinstance(answer.destination, Number):
            return False
        known = self.reader.look_up(answer.destination.e164)
        return not isinstance(known, Unavailable) or known.passing


def _of_this(number: int, known: Knowledge) -> Knowledge:
    """Entries of shorter numbers count when this one is in no numbering plan: the exchange would ring the shorter."""
    if not isinstance(known, Listed) or all(entry.has(number) for entry in known.entries):
        return known
    entries = known.entries
    if Number(number).valid:
        entries = tuple(entry for entry in entries if entry.has(number))
    return Listed(entries) if entries else NotListed()


def _declined(known: Listed, campaign: str, at: datetime) -> tuple[str, ...]:
    """Other campaigns that the person is listed for."""
    others = [one for one in known.entries if not one.allow and not one.covers(campaign)]
    return tuple(one.campaign for one in others if one.holds(at) and one.created_at <= at)


class Gate:
    """A judge whose every answer leaves evidence; without evidence it refuses.

    `strict`: the evidence is committed before the answer is given.
    """

    def __init__(
        self, judge: Judge, journal: Journal, *, strict: bool = False, take: Take | None = None, key: bytes = b""
    ) -> None:
        """`take`: reserves the contact of an allowed call of a campaign that has rules, or says why not. `key`: signs
        what the legs of an allowed call carry; without it they carry nothing.
        """
        self._key = key
        self._judge = judge
        self._journal = journal
        self._strict = strict
        self._take = take

    def ask_now(self, question: Question) -> Answer | None:
        """The answer, when it can be given without waiting; else None (use `ask`)."""
        if self._strict:
            return None
        answer = self._with_evidence(self._judge.answer(question))
        if answer.decision.reason is Reason.LIST_UNAVAILABLE and self._judge.is_passing(answer):
            return None
        if self._to_be_taken(answer):
            return None
        self._journal.add(answer)
        return permitted(answer, self._key)

    async def ask(self, question: Question) -> Answer:
        """The answer, after a lock has passed and (strict) the evidence is committed."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE
        answer = self._judge.answer(question)
        while self._judge.is_passing(answer) and loop.time() < until:
            await asyncio.sleep(_PAUSE)
            answer = self._judge.answer(question)
        answer = self._with_evidence(answer)
        if self._take is not None and self._to_be_taken(answer):
            answer = await self._take(answer)
        if not (self._strict and self._worth_waiting(answer)):
            self._journal.add(answer)
        elif not await self._journal.write(answer):
            instead = overruled(answer, self._journal.trouble or "the queue is full")
            self._journal.amend(answer, instead)
            answer = instead
        return permitted(answer, self._key)

    def _to_be_taken(self, answer: Answer) -> bool:
        return self._take is not None and answer.case is not None and answer.decision.allowed

    def _worth_waiting(self, answer: Answer) -> bool:
        """A store in trouble would keep the caller for seconds, and an emergency call is not kept at all."""
        return self._journal.ready and answer.decision.reason is not Reason.EMERGENCY

    def _with_evidence(self, answer: Answer) -> Answer:
        """A call to a subscriber of which no evidence can be kept is not placed."""
        if self._journal.ready or not answer.decision.allowed or isinstance(answer.destination, NotANumber):
            return answer
        return overruled(answer, self._journal.trouble or "the queue is full")


def permitted(answer: Answer, key: bytes) -> Answer:
    """With what the legs of an allowed call to a subscriber carry."""
    destination = answer.destination
    if not key or not answer.decision.allowed or isinstance(destination, NotANumber):
        return answer
    signed = permit(key, destination.e164, answer.at.timestamp())
    return Answer(answer.question, destination, answer.decision, answer.history, answer.at, answer.case, signed)


def overruled(answer: Answer, why: str) -> Answer:
    """The refusal instead of an allowed call of which no evidence can be kept."""
    if not answer.decision.allowed or isinstance(answer.destination, NotANumber):
        return answer
    decision: Decision = refuse(Reason.EVIDENCE_UNAVAILABLE, why)
    return Answer(answer.question, answer.destination, decision, answer.history, answer.at)
