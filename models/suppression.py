"""PURE: the suppression list is the sum of its events.

Events are appended and never edited; `fold` says what an entry is after all of them. One entry per number and scope.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
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


@dataclass(frozen=True, slots=True)
class ListEvent:
    """One fact about one number: it was listed, or that was undone.

    `number` is E.164 as an integer; `campaign` is `ALL` or a campaign's name; `at` is when it happened (aware).
    `event_id` makes recording idempotent: the same fact reported twice is one event.
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


@dataclass(frozen=True, slots=True)
class Entry:
    """What the events of one (number, campaign) add up to. `id` is 0 until the store has given one."""

    number: int
    campaign: str
    reason: str
    source: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    id: int = 0

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


def apply(entry: Entry | None, event: ListEvent) -> Entry | None:
    """The entry after one more event. A removal of what was never listed changes nothing."""
    if event.kind is Kind.REMOVE:
        return entry if entry is None or entry.revoked_at else replace(entry, revoked_at=event.at)
    if entry is None or entry.revoked_at:
        return _listed(event, event.expires_at, entry.id if entry else 0)
    until = _later(entry.expires_at, event.expires_at)
    return replace(entry, expires_at=until) if entry.holds(event.at) else _listed(event, until, entry.id)


def fold(events: Iterable[ListEvent]) -> Entry | None:
    """The sum of the events of one (number, campaign), in the order in which they were recorded."""
    entry: Entry | None = None
    for event in events:
        entry = apply(entry, event)
    return entry


def _listed(event: ListEvent, until: datetime | None, entry_id: int) -> Entry:
    return Entry(event.number, event.campaign, event.reason, event.source, event.at, until, None, entry_id)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The longer of two suppressions; None is for ever."""
    return None if one is None or other is None else max(one, other)
