"""PURE: what AMI says of the calls that the gate let go: dialled, answered, over without a dial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ami.events import DialEnded, Event, LegDialled, LegEnded
from models.caps import State

SETTLING = (LegDialled, DialEnded, LegEnded)
_DIALLED = {State.RESERVED: State.DIALLING}
_ANSWERED = {State.RESERVED: State.CONVERSATION, State.DIALLING: State.CONVERSATION}
_OVER = {State.RESERVED: State.RELEASED, State.DIALLING: State.ATTEMPT}


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of the contacts of a channel: from each of these states to the next."""

    uniqueid: str
    ways: Mapping[State, State]


def settled(event: Event) -> list[Settled]:
    """The gate may have been asked on the calling channel, or on the leg that was called."""
    if isinstance(event, LegDialled):
        return [Settled(one, _DIALLED) for one in (event.uniqueid, event.dest_uniqueid) if one]
    if isinstance(event, DialEnded) and event.status == "ANSWER":
        return [Settled(one, _ANSWERED) for one in (event.uniqueid, event.dest_uniqueid) if one]
    return [Settled(event.uniqueid, _OVER)] if isinstance(event, LegEnded) else []
