"""PURE: the suppression list is the sum of its events.

Events are appended and never edited; `fold` says what an entry is after all of them, in whatever order they arrived.
One entry per number (or range), scope and effect. A removal takes back the listings that it names, no others: an
opt-out that another site recorded meanwhile stays, whatever the two clocks say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

ALL = ""  # the scope of an entry that holds for every campaign

_CAMPAIGN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def is_campaign_name(text: str) -> bool:
    """Letters, digits, `_`, `.` and `-`, at most 64: safe in a URL, a channel variable and a log line."""
    return _CAMPAIGN.fullmatch(text) is not None


class Kind(StrEnum):
    """What an event does to its entry."""

    ADD = "add"
    REMOVE = "remove"


class Key(NamedTuple):
    """What an entry is about: the numbers from `number` to `last` (0: one number), the scope, whether it allows."""

    number: int
    last: int
    campaign: str
    allow: bool


@dataclass(frozen=True, slots=True)
class ListEvent:
    """One fact about one number or range: it was listed, or that was undone.

    `number` is E.164 as an integer; `campaign` is `ALL` or a campaign's name; `at` is when it happened (aware).
    `event_id` makes recording idempotent: the same fact reported twice is one event. `last` is the end of a range
    (None: this number only); `allow`: a number inside of a listed range that may be called; `batch`: the import that
    brought it; `removes`: the listings that a removal takes back (filled in when it is recorded).
    """

    event_id: UUID
    kind: Kind
    number: int
    campaign: str
    at: datetime
    reason: str
    source: str
    actor: str = ""
    expires_at: datetime | None = None
    evidence: dict[str, str] = field(default_factory=dict)
    last: int | None = None
    allow: bool = False
    batch: str = ""
    removes: tuple[UUID, ...] = ()

    @property
    def key(self) -> Key:
        """The entry that this event belongs to."""
        return Key(
            self.number, 0 if self.last is None or self.last == self.number else self.last, self.campaign, self.allow
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """What the events of one key add up to. `id` is 0 until the store has given one.

    `batch` names an import when the entry is that import's alone, and goes with it.
    """

    number: int
    campaign: str
    reason: str
    source: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    id: int = 0
    last: int | None = None
    allow: bool = False
    batch: str = ""

    @property
    def key(self) -> Key:
        """What it is about."""
        return Key(self.number, self.last or 0, self.campaign, self.allow)

    @property
    def end(self) -> int:
        """The last number it is about."""
        return self.number if self.last is None else self.last

    @property
    def width(self) -> int:
        """How many numbers it is about."""
        return self.end - self.number + 1

    def holds(self, at: datetime) -> bool:
        """Is the entry in force at this moment?"""
        if self.revoked_at is not None:
            return False
        return self.expires_at is None or at < self.expires_at

    def covers(self, campaign: str) -> bool:
        """Is a call of this campaign (`""`: a call without campaign) within the entry's scope?

        Case makes no difference: a slip in a dialplan must not become a call.
        """
        return self.campaign == ALL or self.campaign.lower() == campaign.lower()

    def has(self, number: int) -> bool:
        """Is it about this number?"""
        return self.number <= number <= self.end

    def contains(self, other: Entry) -> bool:
        """Are all numbers of the other entry among this one's?"""
        return self.number <= other.number and other.end <= self.end


NO_BATCHES: Mapping[str, datetime] = MappingProxyType({})


def taking_back(event: ListEvent, known: Iterable[ListEvent]) -> ListEvent:
    """A removal with the listings of its key that stand where it is recorded; another event as it is."""
    if event.kind is not Kind.REMOVE or event.removes:
        return event
    of_key = [one for one in known if one.key == event.key]
    removed = {one for earlier in of_key for one in earlier.removes}
    standing = {one.event_id for one in of_key if one.kind is Kind.ADD} - removed
    return replace(event, removes=tuple(sorted(standing)))


def fold(events: Iterable[ListEvent], undone: Mapping[str, datetime] = NO_BATCHES) -> Entry | None:
    """The sum of the events of one key. `undone`: imports that were taken back, and when."""
    listings: dict[UUID, ListEvent] = {}
    removals: dict[UUID, datetime] = {}
    for event in events:
        if event.kind is Kind.ADD:
            listings.setdefault(event.event_id, event)
        for removed in event.removes:
            removals[removed] = min(event.at, removals.get(removed, event.at))
    ordered = sorted(listings.values(), key=lambda event: (event.at, event.event_id))
    live = [one for one in ordered if one.event_id not in removals and one.batch not in undone]
    if live:
        return _sum(live)
    if not ordered:
        return None
    ends = [removals.get(one.event_id) or undone[one.batch] for one in ordered]
    return replace(_sum(ordered), revoked_at=max(ends))


def _sum(listings: list[ListEvent]) -> Entry:
    """Listings in the order of their time. What is listed again while it holds keeps its first reason."""
    entry: Entry | None = None
    for event in listings:
        if entry is None:
            entry = _listed(event, event.expires_at)
        else:
            until = _later(entry.expires_at, event.expires_at)
            entry = replace(entry, expires_at=until) if entry.holds(event.at) else _listed(event, until)
    if entry is None:
        raise ValueError("no listings")
    return entry


def _listed(event: ListEvent, until: datetime | None) -> Entry:
    return Entry(
        event.number,
        event.campaign,
        event.reason,
        event.source,
        event.at,
        until,
        last=None if event.last == event.number else event.last,
        allow=event.allow,
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The longer of two suppressions; None is for ever."""
    return None if one is None or other is None else max(one, other)
