"""PURE: who has agreed to be called about what. Grants and withdrawals are appended, never edited.

A withdrawal takes back whatever was granted until then; a grant after it is a new consent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

EVERYTHING = ""  # the topic of a grant or withdrawal that is not limited to one
CALL = "call"
CHANNELS = (CALL, "sms", "email", "post")  # calls are decided by the first


class Act(StrEnum):
    """What the person has done."""

    GRANT = "grant"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One fact. `topic` is the purpose, product or campaign that it is about; `proof` where the evidence is.

    `id` is 0 until the store has given one.
    """

    event_id: UUID
    act: Act
    number: int
    at: datetime
    source: str
    topic: str = EVERYTHING
    channel: str = CALL
    proof: str = ""
    actor: str = ""
    expires_at: datetime | None = None
    id: int = 0


class Standing(StrEnum):
    """What the events say of one topic at one moment."""

    GIVEN = "consent-given"
    MISSING = "consent-missing"
    WITHDRAWN = "consent-withdrawn"
    EXPIRED = "consent-expired"


@dataclass(frozen=True, slots=True)
class Found:
    """The standing, and the event that it rests on."""

    standing: Standing
    event: ConsentEvent | None = None


def standing(events: Iterable[ConsentEvent], topics: Sequence[str], at: datetime, channel: str = CALL) -> Found:
    """May the person be called about any of these topics? A grant that is dated later than `at` is none yet; a
    withdrawal counts as soon as it is known: a clock that was set back must not take it back.
    """
    wanted = {EVERYTHING, *(topic.lower() for topic in topics)}
    about = [one for one in events if one.topic.lower() in wanted and one.channel == channel]
    grants = [one for one in about if one.act is Act.GRANT and one.at <= at]
    if not grants:
        return Found(Standing.MISSING)
    withdrawals = [one for one in about if one.act is Act.WITHDRAW]
    # a grant for everything that is withdrawn for the topic asked about holds for the others only
    live = [one for one in grants if not any(end.at >= one.at for end in withdrawals)]
    if not live:
        return Found(Standing.WITHDRAWN, max(withdrawals, key=lambda one: (one.at, one.event_id)))
    good = [one for one in live if one.expires_at is None or at < one.expires_at]
    if not good:
        return Found(Standing.EXPIRED, max(live, key=lambda one: (one.at, one.event_id)))
    return Found(Standing.GIVEN, max(good, key=lambda one: (one.expires_at is None, one.at, one.event_id)))
