"""PURE: not too often. A cap counts earlier contacts in a window; the next one waits until there is room.

A contact is counted by what became of it. One that is under way counts as every kind: it may become any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from models.hours import zone_of

_DAY = 86_400
_UNITS = {"m": 60, "h": 3600, "d": _DAY, "w": 7 * _DAY, "y": 365 * _DAY}
CALENDAR = ("day", "week", "month", "year")
KEYS = ("number", "person", "matter")
KINDS = ("attempt", "conversation", "abandoned")
SCOPES = ("campaign", "product", "value", "all", "others")
_MOST = 1000 * 365 * _DAY  # a calendar has no more years to look back on
_LONGEST = {"day": 2 * _DAY, "week": 8 * _DAY, "month": 32 * _DAY, "year": 367 * _DAY}


class State(StrEnum):
    """What became of a contact."""

    RESERVED = "reserved"  # allowed, and nothing dialled yet
    DIALLING = "dialling"
    ATTEMPT = "attempt"  # not answered, or not known
    CONVERSATION = "conversation"
    ABANDONED = "abandoned"  # answered, and nobody there
    RELEASED = "released"  # nothing was dialled


_UNDER_WAY = frozenset({State.RESERVED, State.DIALLING})
_COUNTED = {
    "attempt": frozenset(State) - {State.RELEASED},
    "conversation": _UNDER_WAY | {State.CONVERSATION},
    "abandoned": _UNDER_WAY | {State.ABANDONED},
}


@dataclass(frozen=True, slots=True)
class Contact:
    """One call that the gate let go. `at`: when; `expires_at`: when a reservation that nobody settles is over."""

    id: str
    number: int
    at: datetime
    campaign: str = ""
    product: str = ""
    value: str = ""
    person: str = ""
    matter: str = ""
    state: State = State.ATTEMPT
    expires_at: datetime | None = None
    site: str = ""
    consent: int = 0
    outcome: str = ""

    def stands(self, at: datetime) -> bool:
        """Does it still count for anything?"""
        if self.state is State.RELEASED:
            return False
        return self.state is not State.RESERVED or self.expires_at is None or at < self.expires_at


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` contacts of a kind in a window: `24h`, `7d` (rolling), or `day`, `week`, `month`, `year` by the
    called person's calendar.

    `key`: what they have in common. `scope`: of this campaign, of its product or value class, of all campaigns, or of
    the others alone. `exclude`: campaigns that do not count. `share`: how many a site may place by itself while the
    shared store is away.
    """

    key: str = "number"
    kind: str = "attempt"
    window: str = "24h"
    limit: int = 1
    scope: str = "campaign"
    name: str = ""
    exclude: tuple[str, ...] = ()
    share: int = 0

    @property
    def rolling(self) -> int | None:
        """Seconds; None: by the calendar."""
        return None if self.window in CALENDAR else _seconds(self.window)

    @property
    def longest(self) -> int:
        """Seconds that it looks back at most."""
        return self.rolling or _LONGEST[self.window]

    @property
    def title(self) -> str:
        """For people."""
        return self.name or f"{self.limit} {self.kind}(s) per {self.key} and {self.window}, {self.scope}"


@dataclass(frozen=True, slots=True)
class Call:
    """The call that is asked about, as far as caps are concerned."""

    number: int
    campaign: str = ""
    product: str = ""
    value: str = ""
    person: str = ""
    matter: str = ""
    zones: tuple[str, ...] = ()


def cap_of(raw: Mapping[str, Any]) -> Cap:
    """From data. Raises ValueError."""
    names = [one.name for one in fields(Cap)]
    unknown = {str(key) for key in raw} - set(names)
    if unknown:
        raise ValueError(f"unknown key {min(unknown)!r}; known are: {', '.join(names)}")
    cap = Cap(**{**raw, "exclude": _names(raw.get("exclude")), "name": str(raw.get("name") or "")})
    for key, words in (("key", KEYS), ("kind", KINDS), ("scope", SCOPES)):
        if getattr(cap, key) not in words:
            raise ValueError(f"{key}: {getattr(cap, key)!r} is none of {', '.join(words)}")
    for key, least in (("limit", 1), ("share", 0)):
        value = getattr(cap, key)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{key}: {value!r} is no whole number from {least}")
    if cap.window not in CALENDAR and not _seconds(str(cap.window)):
        raise ValueError(f"window: {cap.window!r} is no time such as 24h or 7d, and none of {', '.join(CALENDAR)}")
    if cap.longest > _MOST:
        raise ValueError(f"window: {cap.window!r} is longer than a thousand years")
    if cap.share > cap.limit:
        raise ValueError(f"share: {cap.share} is more than the limit of {cap.limit}")
    return cap


def _names(value: Any) -> tuple[str, ...]:
    """One campaign, or several; YAML takes a name of digits for a number."""
    found = [] if value is None else value if isinstance(value, list | tuple) else [value]
    if any(isinstance(one, bool) or not isinstance(one, str | int) for one in found):
        raise ValueError(f"exclude: {str(value)[:40]!r} is no list of campaigns")
    return tuple(str(one) for one in found)


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([1-9]\d{0,5})([mhdwy])", text, re.ASCII)
    return int(found[1]) * _UNITS[found[2]] if found else 0


def placed_by(contacts: Iterable[Contact], at: datetime) -> tuple[Contact, ...]:
    """Contacts that are known when the next one is reserved came before it, whatever the clocks of two processes or
    sites say, or one that was set back."""
    return tuple(one if one.at <= at else replace(one, at=at) for one in contacts)


def counted(cap: Cap, call: Call, contacts: Iterable[Contact], at: datetime) -> list[Contact]:
    """The contacts that count against a cap, whatever their time, oldest first."""
    kinds = _COUNTED[cap.kind]
    key = getattr(call, cap.key)
    if not key:
        return []
    found = [
        one
        for one in contacts
        if one.state in kinds and getattr(one, cap.key) == key and one.stands(at) and _in_scope(cap, call, one)
    ]
    return sorted(found, key=lambda one: one.at)


def _in_scope(cap: Cap, call: Call, one: Contact) -> bool:
    if cap.exclude and one.campaign.lower() in {name.lower() for name in cap.exclude}:
        return False
    if cap.scope == "campaign":
        return one.campaign.lower() == call.campaign.lower()
    if cap.scope == "product":
        return one.product == call.product if call.product else one.campaign.lower() == call.campaign.lower()
    if cap.scope == "value":
        return one.value == call.value
    return cap.scope == "all" or one.campaign.lower() != call.campaign.lower()


def in_window(cap: Cap, times: Sequence[datetime], at: datetime, zones: Sequence[str]) -> int:
    """How many of these moments a window that ends at `at` has; by the calendar the most that any zone gives."""
    if (rolling := cap.rolling) is not None:
        start = at - timedelta(seconds=rolling)
        return sum(start < one <= at for one in times)
    starts = [period(cap.window, at, zone)[0] for zone in zones or ("UTC",)]
    return max(sum(start <= one <= at for one in times) for start in starts)


def room_at(cap: Cap, times: Sequence[datetime], at: datetime, zones: Sequence[str]) -> datetime:
    """The first moment from `at` on at which the cap has room, if nothing else is placed meanwhile."""
    while in_window(cap, times, at, zones) >= cap.limit:
        at = _later(cap, times, at, zones)
    return at


def _later(cap: Cap, times: Sequence[datetime], at: datetime, zones: Sequence[str]) -> datetime:
    if (rolling := cap.rolling) is not None:
        window = timedelta(seconds=rolling)
        return min(one + window for one in times if at - window < one)
    return min(period(cap.window, at, zone)[1] for zone in zones or ("UTC",))


def period(window: str, at: datetime, zone: str) -> tuple[datetime, datetime]:
    """Beginning and end of the local day, week, month or year around a moment."""
    local = at.astimezone(zone_of(zone) or UTC).date()
    if window == "day":
        first, after = local, local + timedelta(days=1)
    elif window == "week":
        first = local - timedelta(days=local.weekday())
        after = first + timedelta(days=7)
    elif window == "month":
        first = local.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
    else:
        first, after = date(local.year, 1, 1), date(local.year + 1, 1, 1)
    return _midnight(first, zone), _midnight(after, zone)


def _midnight(day: date, zone: str) -> datetime:
    """Its first second; where the clock leaps over midnight, the moment of the leap."""
    info = zone_of(zone) or UTC
    naive = datetime(day.year, day.month, day.day, tzinfo=info)
    found = naive.astimezone(UTC)
    if found.astimezone(info).date() != day:
        found = naive.replace(fold=1).astimezone(UTC)
    return found
