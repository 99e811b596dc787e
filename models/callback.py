"""PURE: promises to call back, and callers who are owed an apology: what they add up to, when they are due.

A number has one open matter at most: who asks again, or was treated badly again, is folded into it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

REQUESTED = "callback"  # the campaign of a call that keeps a promise
BY_KEY = "key"  # the source of an opt-out that was pressed in a campaign's call


class Kind(StrEnum):
    """`promise`: the caller was told so; `followup`: nobody has promised anything, but the caller was not served."""

    PROMISE = "promise"
    FOLLOWUP = "followup"


class State(StrEnum):
    """Where a matter stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Asked:
    """One caller, once. `number`: E.164, 0 when `written` could not be read; `waited`: seconds so far."""

    event_id: str
    kind: Kind
    number: int
    written: str
    reason: str
    language: str
    waited: int
    at: datetime
    channel: str = ""
    uniqueid: str = ""


@dataclass(frozen=True, slots=True)
class Matter:
    """What is owed to one caller. `times`: how often it came up; `next_at`: not to be tried before."""

    id: int
    kind: Kind
    number: int
    written: str
    reason: str
    language: str
    waited: int
    asked_at: datetime
    last_at: datetime
    due_at: datetime
    times: int = 1
    state: State = State.OPEN
    holder: str = ""
    attempts: int = 0
    next_at: datetime | None = None
    done_at: datetime | None = None
    outcome: str = ""

    def is_overdue(self, now: datetime) -> bool:
        """A promise that was not kept in time. A follow-up is never overdue: nobody waits for it."""
        return self.kind is Kind.PROMISE and self.state is not State.DONE and now > self.due_at


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a matter is tried by itself, and the time between two attempts."""

    attempts: int = 3
    pause: timedelta = timedelta(minutes=30)


def opened(asked: Asked, within: timedelta) -> Matter:
    """A matter that begins with this caller."""
    return Matter(
        id=0,
        kind=asked.kind,
        number=asked.number,
        written=asked.written,
        reason=asked.reason,
        language=asked.language,
        waited=asked.waited,
        asked_at=asked.at,
        last_at=asked.at,
        due_at=asked.at + within,
    )


def folded(matter: Matter, asked: Asked, within: timedelta) -> Matter:
    """The same with one more: the longest wait and the latest reason count; a promise is due from when it was made."""
    promised = asked.kind is Kind.PROMISE and matter.kind is Kind.FOLLOWUP
    return replace(
        matter,
        kind=Kind.PROMISE if Kind.PROMISE in (matter.kind, asked.kind) else Kind.FOLLOWUP,
        due_at=asked.at + within if promised else matter.due_at,
        reason=asked.reason if asked.at >= matter.last_at else matter.reason,
        language=asked.language if asked.at >= matter.last_at else matter.language,
        waited=max(matter.waited, asked.waited),
        asked_at=min(matter.asked_at, asked.at),
        last_at=max(matter.last_at, asked.at),
        times=matter.times + 1,
    )


def after_attempt(matter: Matter, answered: bool, now: datetime, retry: Retry) -> Matter:
    """Answered: kept. Else it is tried again later, and after the last attempt left to people."""
    attempts = matter.attempts + 1
    if answered:
        return replace(matter, attempts=attempts, state=State.DONE, done_at=now, outcome="answered", holder="auto")
    return replace(matter, attempts=attempts, next_at=now + retry.pause, state=State.OPEN, holder="")


def may_try(matter: Matter, now: datetime, retry: Retry) -> bool:
    """Is it the time to call this one by itself?"""
    waiting = matter.next_at is not None and now < matter.next_at
    known = matter.kind is Kind.PROMISE and matter.number > 0
    return known and matter.state is State.OPEN and matter.attempts < retry.attempts and not waiting
