"""Whose key press is an opt-out? The legs of campaign calls, and the one rule. Pure: no clock of its own.

The same key is reported on several channels: `Received` on the channel of the person who pressed it, `Sent`
on the one it is passed to, and through a Local channel `Received` again on a half that is nobody's telephone.
The `;2` half of a Local channel carries a copy of every variable of its `;1` half, CONCIERGE_LEG included, so
a Local channel is never taken for a person. CONCIERGE_LEG itself is set without underscores: legs that are
dialled from the called leg do not inherit it.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID, uuid5

from ami.events import CAMPAIGN, LEG, NUMBER, Event, KeyPressed, LegDialled, LegEnded

Scope = Literal["all", "campaign"]
Reason = Literal["passed-on", "local-channel", "not-the-callee", "no-campaign", "other-digit", "no-number"]
DigitsOf = Callable[[str], Mapping[str, Scope]]

CALLEE = "callee"
PRESSES = UUID("5d0f2f6e-7c1b-5c1e-9a51-0b7f3c1d9e42")
_NUMBER = re.compile(r"\+?([1-9][0-9]{2,14})")


@dataclass(frozen=True, slots=True)
class OptOut:
    """One key press of the called person that asks for no more calls.

    event_id: the same for the same press, however often and through whichever channel it is reported.
    number: the dialled number, E.164 as an integer. at: when it was pressed by Asterisk's clock (the
    listener's where Asterisk gave none), seen_at: when the listener read it; seconds since the epoch.
    """

    event_id: UUID
    number: int
    scope: Scope
    campaign: str
    digit: str
    channel: str
    uniqueid: str
    linkedid: str
    at: float
    seen_at: float
    variables: dict[str, str] = field(default_factory=dict)
    system: str = ""


@dataclass(frozen=True, slots=True)
class NotAnOptOut:
    """A key press that asks for nothing, and why.

    'no-number' is a fault of the dialplan: the called person of a campaign pressed the key, but the gate has
    not left CONCIERGE_NUMBER on the call.
    """

    reason: Reason
    pressed: KeyPressed


def press_id(system: str, uniqueid: str, digit: str, press: int | str) -> UUID:
    """The name of a press of `digit` on the channel `uniqueid` of the PBX `system`: the how-manieth (from 1) as the
    dialplan counts, or when, as the manager interface says it.
    """
    return uuid5(PRESSES, f"{system}|{uniqueid}|{digit}|{press}")


def is_local(channel: str) -> bool:
    """Both halves of a Local channel: a passage inside Asterisk, nobody's telephone."""
    return channel.startswith("Local/")


class LegMap:
    """The called legs of campaign calls in progress, at most `limit` of them (the oldest are forgotten).

    digits_of: the keys that mean an opt-out in a campaign, e.g. {"9": "all", "8": "campaign"}; empty for a
    campaign that has none. A leg that is not in the map (dialled while the connection was down) is judged by
    the variables that its key press carries.
    """

    def __init__(self, system: str, digits_of: DigitsOf, *, limit: int = 10_000) -> None:
        self._system = system
        self._digits_of = digits_of
        self._limit = limit
        self._legs: OrderedDict[str, dict[str, str]] = OrderedDict()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._legs)

    def apply(self, event: Event, seen_at: float) -> OptOut | NotAnOptOut | None:
        """Learn from the event; for a key press, what it means."""
        match event:
            case KeyPressed():
                return self._judge(event, seen_at)
            case LegDialled():
                self._register(event)
            case LegEnded():
                self._legs.pop(event.uniqueid, None)
        return None

    def _register(self, dialled: LegDialled) -> None:
        if is_local(dialled.dest_channel) or not dialled.variables.get(CAMPAIGN):
            return
        self._remember(dialled.dest_uniqueid, dialled.variables)

    def names(self) -> frozenset[str]:
        """The legs in progress."""
        return frozenset(self._legs)

    def rebuild(self, shown: Iterable[LegDialled], asked: Container[str]) -> None:
        """After a gap: of the legs that were `asked` for, these are all that there still are. What a leg was dialled
        with stays as it was heard."""
        known = dict(self._legs)
        for name in known:
            if name in asked:
                del self._legs[name]
        for leg in shown:
            if leg.dest_uniqueid in known:
                self._remember(leg.dest_uniqueid, known[leg.dest_uniqueid])
            elif leg.variables.get(LEG) == CALLEE:
                self._register(leg)

    def variables(self, uniqueid: str) -> dict[str, str] | None:
        """What a leg in progress was dialled with; None when it is no called leg of a campaign."""
        return self._legs.get(uniqueid)

    def _remember(self, uniqueid: str, variables: dict[str, str]) -> None:
        self._legs[uniqueid] = variables
        if len(self._legs) > self._limit:
            self._legs.popitem(last=False)
            self.dropped += 1

    def _judge(self, pressed: KeyPressed, seen_at: float) -> OptOut | NotAnOptOut:
        leg = self._legs.get(pressed.uniqueid)
        known = _merged(leg or {}, pressed.variables)
        scope = self._digits_of(known[CAMPAIGN]).get(pressed.digit) if known.get(CAMPAIGN) else None
        number = _NUMBER.fullmatch(known.get(NUMBER, ""))
        reason = _objection(pressed, known, scope)
        if reason or scope is None:
            return NotAnOptOut(reason or "other-digit", pressed)
        if number is None:
            return NotAnOptOut("no-number", pressed)
        return self._opt_out(pressed, known, scope, int(number[1]), seen_at)

    def _opt_out(self, key: KeyPressed, known: dict[str, str], scope: Scope, number: int, seen_at: float) -> OptOut:
        at = seen_at if key.at is None else key.at
        return OptOut(
            event_id=press_id(self._system, key.uniqueid, key.digit, f"{at:.6f}"),
            number=number,
            scope=scope,
            campaign=known[CAMPAIGN],
            digit=key.digit,
            channel=key.channel,
            uniqueid=key.uniqueid,
            linkedid=key.linkedid,
            at=at,
            seen_at=seen_at,
            variables=known,
            system=self._system,
        )


def _merged(dialled: Mapping[str, str], pressed: Mapping[str, str]) -> dict[str, str]:
    """What was true when the leg was dialled wins: a channel that later dials on gets another number."""
    return {**pressed, **{name: value for name, value in dialled.items() if value}}


def _objection(pressed: KeyPressed, known: Mapping[str, str], scope: Scope | None) -> Reason | None:
    if pressed.direction != "Received":
        return "passed-on"
    if is_local(pressed.channel):
        return "local-channel"
    if known.get(LEG) != CALLEE:
        return "not-the-callee"
    if not known.get(CAMPAIGN):
        return "no-campaign"
    return None if scope else "other-digit"
