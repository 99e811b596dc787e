"""Raw AMI events as values of the field. Pure: no socket, no clock, no exception for any input.

A raw event maps a header to its value, or to the list of its values where the header came more than once
(`ChanVariable` and `DestChanVariable` come once per name in `channelvars` of manager.conf). Unknown,
incomplete and uninteresting events are None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

RawEvent = Mapping[str, str | list[str]]

CAMPAIGN = "CONCIERGE_CAMPAIGN"
NUMBER = "CONCIERGE_NUMBER"
LEG = "CONCIERGE_LEG"
LEG_CAMPAIGN = "CONCIERGE_LEG_CAMPAIGN"
LEG_NUMBER = "CONCIERGE_LEG_NUMBER"
PERMIT = "CONCIERGE_PERMIT"
VARIABLES = (CAMPAIGN, NUMBER, LEG, LEG_CAMPAIGN, LEG_NUMBER, PERMIT)

KEPT = "ConciergeKept"
DIGITS = frozenset("0123456789*#ABCD")


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """DTMFEnd: one key on one channel (main/channel.c).

    direction: 'Received' where the channel's own far end pressed it, 'Sent' where Asterisk passed it on.
    at: seconds since the epoch from the Timestamp header (`timestampevents=yes`), else None.
    """

    digit: str
    direction: str
    channel: str
    uniqueid: str
    linkedid: str
    at: float | None = None
    duration_ms: int | None = None
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LegDialled:
    """DialBegin: a leg is being called (main/dial.c, apps/app_dial.c); variables are the called leg's.

    channel, place: the channel that dials it, and where that is, as context,extension,priority; empty for a leg that
    nobody's channel dials (Originate, call file, ARI).
    """

    dest_channel: str
    dest_uniqueid: str
    dest_linkedid: str
    dial_string: str
    variables: dict[str, str] = field(default_factory=dict)
    at: float | None = None
    uniqueid: str = ""  # of the channel that dials; empty when nobody does (Originate)
    channel: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class DialEnded:
    """DialEnd: what became of a leg, or of a whole Dial; status as in ${DIALSTATUS} (main/dial.c, apps/app_dial.c)."""

    uniqueid: str
    dest_uniqueid: str
    status: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class LegEnded:
    """Hangup: the channel is gone; cause is the Q.850 number, None where it is missing."""

    uniqueid: str
    linkedid: str
    channel: str
    cause: int | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Connected:
    """FullyBooted: sent after login to users that may read `system`; nothing here depends on it."""

    status: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class KeyKept:
    """UserEvent ConciergeKept: the dialplan has kept a key press in AstDB, below this number."""

    number: str
    uniqueid: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class LegBridged:
    """BridgeEnter: a channel has entered a bridge (main/manager_bridges.c)."""

    uniqueid: str
    channel: str
    bridge: str
    at: float | None = None
    variables: dict[str, str] = field(default_factory=dict)


Event = KeyPressed | LegDialled | DialEnded | LegEnded | Connected | KeyKept | LegBridged


def event_of(raw: RawEvent) -> Event | None:
    """The event's value, None when it is of another kind or lacks what identifies it."""
    build = _BUILDERS.get(_text(raw, "Event"))
    return build(raw) if build else None


def _key_pressed(raw: RawEvent) -> KeyPressed | None:
    digit, channel, uniqueid = (_text(raw, name) for name in ("Digit", "Channel", "Uniqueid"))
    if digit not in DIGITS or not channel or not uniqueid:
        return None
    return KeyPressed(
        digit,
        _text(raw, "Direction"),
        channel,
        uniqueid,
        _text(raw, "Linkedid"),
        _seconds(_text(raw, "Timestamp")),
        _whole(_text(raw, "DurationMs")),
        _variables(raw, "ChanVariable"),
    )


def _leg_dialled(raw: RawEvent) -> LegDialled | None:
    channel, uniqueid = _text(raw, "DestChannel"), _text(raw, "DestUniqueid")
    if not channel or not uniqueid:
        return None
    return LegDialled(
        channel,
        uniqueid,
        _text(raw, "DestLinkedid"),
        _text(raw, "DialString"),
        _variables(raw, "DestChanVariable"),
        _seconds(_text(raw, "Timestamp")),
        _text(raw, "Uniqueid"),
        _text(raw, "Channel"),
        ",".join(filter(None, (_text(raw, name) for name in ("Context", "Exten", "Priority")))),
    )


def _dial_ended(raw: RawEvent) -> DialEnded | None:
    caller, callee, status = (_text(raw, name) for name in ("Uniqueid", "DestUniqueid", "DialStatus"))
    if not status or not (caller or callee):
        return None
    return DialEnded(caller, callee, status, _seconds(_text(raw, "Timestamp")))


def _leg_ended(raw: RawEvent) -> LegEnded | None:
    uniqueid = _text(raw, "Uniqueid")
    if not uniqueid:
        return None
    cause, at = _whole(_text(raw, "Cause")), _seconds(_text(raw, "Timestamp"))
    return LegEnded(uniqueid, _text(raw, "Linkedid"), _text(raw, "Channel"), cause, at)


def leg_shown(raw: RawEvent) -> LegDialled | None:
    """A channel in the answer to CoreShowChannels, as the leg that it is; None without identity."""
    channel, uniqueid = _text(raw, "Channel"), _text(raw, "Uniqueid")
    if not channel or not uniqueid:
        return None
    return LegDialled(channel, uniqueid, _text(raw, "Linkedid"), "", _variables(raw, "ChanVariable"))


def _key_kept(raw: RawEvent) -> KeyKept | None:
    number = _text(raw, "Kept").partition("/")[0]
    if _text(raw, "UserEvent") != KEPT or not number.isascii() or not number.isalnum():
        return None
    return KeyKept(number, _text(raw, "Uniqueid"), _seconds(_text(raw, "Timestamp")))


def _leg_bridged(raw: RawEvent) -> LegBridged | None:
    uniqueid, channel, bridge = (_text(raw, name) for name in ("Uniqueid", "Channel", "BridgeUniqueid"))
    if not uniqueid or not channel or not bridge:
        return None
    at = _seconds(_text(raw, "Timestamp"))
    return LegBridged(uniqueid, channel, bridge, at, _variables(raw, "ChanVariable"))


def _connected(raw: RawEvent) -> Connected:
    return Connected(_text(raw, "Status"), _seconds(_text(raw, "Timestamp")))


_BUILDERS: dict[str, Callable[[RawEvent], Event | None]] = {
    "DTMFEnd": _key_pressed,
    "DialBegin": _leg_dialled,
    "DialEnd": _dial_ended,
    "Hangup": _leg_ended,
    "FullyBooted": _connected,
    "UserEvent": _key_kept,
    "BridgeEnter": _leg_bridged,
}
WANTED = frozenset(_BUILDERS)


def _values(raw: RawEvent, name: str) -> list[str]:
    value = raw.get(name, [])
    return [value] if isinstance(value, str) else value


def _text(raw: RawEvent, name: str) -> str:
    return next(iter(_values(raw, name)), "")


def _variables(raw: RawEvent, name: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in _values(raw, name))
    found = {key: value for key, equals, value in pairs if equals}
    if found.get(LEG_NUMBER):  # the gate may have run again on this leg, for another number: after a transfer
        found[NUMBER], found[CAMPAIGN] = found[LEG_NUMBER], found.get(LEG_CAMPAIGN, "")
    return found


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
