"""What a handler is: it reads the environment and yields what it needs from outside, so that the same handler serves
the FastAGI server (asyncio) and the plain AGI script (pyst2).

A handler is a generator: it yields an effect and is sent its result, and returns an `Outcome` for the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from agi.protocol import Environment
from models.contact import Question


@dataclass(frozen=True, slots=True)
class SetVariable:
    """Set a channel variable. Result: None."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class GetVariable:
    """Read a channel variable. Result: its value, empty when unset."""

    name: str


@dataclass(frozen=True, slots=True)
class Ask:
    """May this call be placed? Result: models.contact.Answer."""

    question: Question


@dataclass(frozen=True, slots=True)
class OptOut:
    """Record a key press that the dialplan reports. Result: True when it is durable, False when it is not (yet),
    None when it can never be: no number, or a key that means nothing.

    `number` is E.164 as text; `press` counts the presses of this key on this leg (`channel`, `uniqueid`) from 1;
    `at` is when it was pressed, seconds since the epoch, 0 when it has just been; `system` names the PBX, empty where
    there is only one.
    """

    number: str
    campaign: str
    digit: str
    press: int
    channel: str
    uniqueid: str
    at: float = 0
    system: str = ""


@dataclass(frozen=True, slots=True)
class ByHand:
    """Record a number that somebody lists. Result: as of OptOut; None when it is no telephone number.

    `number` as it was dialled, keyed in or presented; `how` a word of `agi.opt_out.WAYS`; `turn` counts the numbers
    listed on this channel from 1; `extension` and `caller` say who; `at` as of OptOut.
    """

    number: str
    how: str
    campaign: str
    turn: int
    channel: str
    uniqueid: str
    extension: str = ""
    caller: str = ""
    at: int = 0
    system: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """Record how a contact ended. Result: True when it is recorded, False when it could not be, None when the gate has
    let no call go on that channel. `system` as of OptOut."""

    uniqueid: str
    outcome: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class CallBack:
    """Record what is owed to a caller. Result: as of OptOut; None when it can never be read.

    `kind` is `promise` or `followup`; `number` as it was presented or keyed in; `turn` counts those of this channel;
    `waited` in seconds; `at` seconds since the epoch; `system` as of OptOut.
    """

    kind: str
    number: str
    reason: str
    language: str
    waited: int
    turn: int
    channel: str
    uniqueid: str
    at: int
    system: str = ""


Effect = SetVariable | GetVariable | Ask | OptOut | ByHand | Ended | CallBack


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the canonical log line of the call says."""

    decision: str
    fields: Mapping[str, object] = field(default_factory=dict)


_NONCE = re.compile(r"[A-Za-z0-9_.:-]{1,150}")


def nonce_of(text: str) -> str:
    """The nonce to repeat to the dialplan; empty when the text could not be one (then nothing matches it)."""
    return text if _NONCE.fullmatch(text) else ""


Handling = Generator[Effect, object, Outcome]
Handler = Callable[[Environment], Handling]
