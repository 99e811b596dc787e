"""PURE: promises to call back, and callers who are owed an apology: what they add up to, when they are due.

A number has one open matter at most: who asks again, or was treated badly again, is folded into it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from models.hours import Calendar, Timetable, parse_windows, seconds_of
from models.number.dear import is_dear
from models.zones import zones_of

REQUESTED = "callback"  # the campaign of a call that keeps a promise
AUTO = "auto"  # who holds a matter while the daemon calls: nobody else calls meanwhile
BY_KEY = "key"  # the source of an opt-out that was pressed in a campaign's call


_DAYTIME = Timetable(parse_windows({"daily": "08:00-21:00"}))
_AWAKE = timedelta(minutes=30)


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


def calling(matter: Matter, now: datetime, retry: Retry) -> Matter:
    """An attempt counts from its beginning: a daemon that is killed while the telephone rings must not ring again at
    once, nor without an end."""
    begun = replace(matter, state=State.CLAIMED, holder=AUTO)
    return replace(begun, attempts=matter.attempts + 1, next_at=now + retry.pause)


def after_attempt(matter: Matter, answered: bool, now: datetime, retry: Retry) -> Matter:
    """Answered: kept. Else it is tried again later, and after the last attempt left to people. Whoever has taken it
    over meanwhile keeps it."""
    if answered:
        return replace(matter, state=State.DONE, done_at=now, outcome="answered", holder=AUTO)
    if matter.holder != AUTO:
        return matter
    return replace(matter, next_at=now + retry.pause, state=State.OPEN, holder="")


def is_decent(matter: Matter, now: datetime) -> bool:
    """Is it no night where the person may be, or has the person asked just now? Of a number that may lie on both sides
    of the earth nothing is known."""
    zones = zones_of(matter.number)
    if not zones or timedelta(0) <= now - matter.last_at < _AWAKE:
        return True
    calendar, second = Calendar((_DAYTIME,), zones), seconds_of(now)
    return calendar.is_open(second) or calendar.next_open(second) is None


def may_try(matter: Matter, now: datetime, retry: Retry) -> bool:
    """Is it the time to call this one by itself? Never a premium-rate number, which anybody can key in as his own."""
    waiting = matter.next_at is not None and now < matter.next_at
    known = matter.kind is Kind.PROMISE and matter.number > 0
    ready = known and matter.state is State.OPEN and matter.attempts < retry.attempts and not waiting
    return ready and is_decent(matter, now) and not is_dear(matter.number)
