"""Raw AMI events as values of the field. Pure: no socket, no clock, no exception for any input.

A raw event maps a header to its value, or to the list of its values where the header came more than once
(`ChanVariable` and `DestChanVariable` come once per name in `channelvars` of manager.conf). Unknown,
incomplete and uninteresting events are None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ami.frames import Frame

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
    build = _BUILDERS.get(raw.kind if isinstance(raw, Frame) else _text(raw, "Event"))
    return build(raw) if build else None


def _key_pressed(raw: RawEvent) -> KeyPressed | None:
    at, channel, uniqueid, linkedid, digit, lasted, direction = _texts(raw, _KEY)
    if digit not in DIGITS or not channel or not uniqueid:
        return None
    variables = _variables(raw, "ChanVariable")
    return KeyPressed(digit, direction, channel, uniqueid, linkedid, seconds_of(at), _whole(lasted), variables)


def _leg_dialled(raw: RawEvent) -> LegDialled | None:
    at, calling, context, exten, priority, caller, channel, uniqueid, linkedid, dialled = _texts(raw, _DIALLED)
    if not channel or not uniqueid:
        return None
    variables, where = _variables(raw, "DestChanVariable"), ",".join(filter(None, (context, exten, priority)))
    return LegDialled(channel, uniqueid, linkedid, dialled, variables, seconds_of(at), caller, calling, where)


def _dial_ended(raw: RawEvent) -> DialEnded | None:
    at, caller, callee, status = _texts(raw, ("Timestamp", "Uniqueid", "DestUniqueid", "DialStatus"))
    if not status or not (caller or callee):
        return None
    return DialEnded(caller, callee, status, seconds_of(at))


def _leg_ended(raw: RawEvent) -> LegEnded | None:
    at, channel, uniqueid, linkedid, cause = _texts(raw, ("Timestamp", "Channel", "Uniqueid", "Linkedid", "Cause"))
    return LegEnded(uniqueid, linkedid, channel, _whole(cause), seconds_of(at)) if uniqueid else None


def leg_shown(raw: RawEvent) -> LegDialled | None:
    """A channel in the answer to CoreShowChannels, as the leg that it is; None without identity."""
    channel, uniqueid, linkedid = _texts(raw, ("Channel", "Uniqueid", "Linkedid"))
    if not channel or not uniqueid:
        return None
    return LegDialled(channel, uniqueid, linkedid, "", _variables(raw, "ChanVariable"))


def _key_kept(raw: RawEvent) -> KeyKept | None:
    at, uniqueid, kind, kept = _texts(raw, ("Timestamp", "Uniqueid", "UserEvent", "Kept"))
    number = kept.partition("/")[0]
    if kind != KEPT or not number.isascii() or not number.isalnum():
        return None
    return KeyKept(number, uniqueid, seconds_of(at))


def _leg_bridged(raw: RawEvent) -> LegBridged | None:
    at, bridge, channel, uniqueid = _texts(raw, ("Timestamp", "BridgeUniqueid", "Channel", "Uniqueid"))
    if not uniqueid or not channel or not bridge:
        return None
    return LegBridged(uniqueid, channel, bridge, seconds_of(at), _variables(raw, "ChanVariable"))


def _connected(raw: RawEvent) -> Connected:
    status, at = _texts(raw, ("Status", "Timestamp"))
    return Connected(status, seconds_of(at))


# in Asterisk's order
_KEY = ("Timestamp", "Channel", "Uniqueid", "Linkedid", "Digit", "DurationMs", "Direction")
_DIALLED = (
    *("Timestamp", "Channel", "Context", "Exten", "Priority", "Uniqueid"),
    *("DestChannel", "DestUniqueid", "DestLinkedid", "DialString"),
)
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
    if isinstance(raw, Frame):
        return raw.values_of(name)
    value = raw.get(name, [])
    return [value] if isinstance(value, str) else value


def _text(raw: RawEvent, name: str) -> str:
    return raw.first(name) if isinstance(raw, Frame) else next(iter(_values(raw, name)), "")


def _texts(raw: RawEvent, names: tuple[str, ...]) -> list[str]:
    return raw.firsts(names) if isinstance(raw, Frame) else [_text(raw, name) for name in names]


def _variables(raw: RawEvent, name: str) -> dict[str, str]:
    found = dict([line.split("=", 1) for line in _values(raw, name) if "=" in line])
    if found.get(LEG_NUMBER):  # the gate may have run again on this leg, for another number: after a transfer
        found[NUMBER], found[CAMPAIGN] = found[LEG_NUMBER], found.get(LEG_CAMPAIGN, "")
    return found


def seconds_of(text: str) -> float | None:
    """Seconds since the epoch, as in Timestamp; None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
