"""Calls that went round the gate: a leg on a trunk that carries no fresh permit for the number it dials. A PURE judge,
and the handler that acts.

A leg is seen in DialBegin, whoever dials it: Dial, Originate, a call file, ARI. Emergency numbers, extensions of the
house and short codes need no permit. Where Asterisk does not show the variable at all, nothing is judged.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from ami.events import CAMPAIGN, PERMIT, Event, LegDialled
from ami.legs import is_local
from ami.link import NotSent, Reply
from ami.wire import Headers, one_line
from models.number import NotANumber, Number, Site, Why, interpret, masked, without_numbers
from models.number.peer import dialled_in
from models.permit import Flaw, read_permit

Policy = Literal["off", "log", "alert", "hangup"]
Send = Callable[[Headers], Awaitable[Reply | NotSent]]

ANNOUNCED = "ConciergeBypass"
OTHER_NUMBER = "other-number"
_TAIL = 8  # digits
_CAUSE = "21"  # Q.850: call rejected
_SUFFIX = re.compile(r"-[0-9a-f]+$", re.IGNORECASE)
_SPAN = re.compile(r"DAHDI/i\d+/", re.IGNORECASE)
_FREE = (Why.EMERGENCY, Why.INTERNAL, Why.SHORT_CODE, Why.FEATURE_CODE)
_log = logging.getLogger("concierge.watch")


@dataclass(frozen=True, slots=True)
class Rules:
    """`trunks`: patterns such as `PJSIP/provider*`; none: recognised by their names, and by a number that is dialled
    through them. `free`: numbers (E.164) that need no permit; `desks`: dial strings, with technology, that need none.
    `fresh`: seconds that a permit is good for.
    """

    site: Site
    policy: Policy = "log"
    trunks: tuple[str, ...] = ()
    free: frozenset[int] = frozenset()
    desks: frozenset[str] = frozenset()
    fresh: float = 120.0


@dataclass(frozen=True, slots=True)
class Bypass:
    """A leg without permit. `flaw`: what was wrong; `reason`: how it probably came about, a stable word."""

    leg: LegDialled
    number: int | None
    dialled: str
    flaw: str
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class Seen:
    """A bypass with what was done. `took_ms`: from the dialling until the leg was hung up."""

    bypass: Bypass
    action: str
    took_ms: int | None = None


def is_trunk(leg: LegDialled, trunks: Collection[str]) -> bool:
    """PURE: does this leg leave the house?"""
    if is_local(leg.dest_channel):
        return False
    name = _SUFFIX.sub("", leg.dest_channel)
    if trunks:
        return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in trunks)
    endpoint = name.partition("/")[2]
    if "trunk" in endpoint.lower() or _SPAN.match(name):
        return True
    dialled = dialled_in(leg.dial_string)
    return dialled != leg.dial_string and dialled != endpoint


def judge(leg: LegDialled, key: bytes, rules: Rules, now: float) -> Bypass | None:
    """PURE: None: nothing is wrong with this leg."""
    if not is_trunk(leg, rules.trunks) or _technology(leg) + leg.dial_string in rules.desks:
        return None
    dialled = dialled_in(leg.dial_string)
    destination = interpret(dialled, rules.site)
    number = destination.e164 if isinstance(destination, Number) else None
    if number in rules.free or (isinstance(destination, NotANumber) and destination.why in _FREE):
        return None
    at = leg.at or now
    found = read_permit(key, leg.variables.get(PERMIT, ""), at, rules.fresh)
    if isinstance(found, Flaw):
        return Bypass(leg, number, dialled, found.value, reason_of(leg, found.value), at)
    if not _is_for(found.number, destination, dialled):
        return Bypass(leg, number, dialled, OTHER_NUMBER, OTHER_NUMBER, at)
    return None


def _is_for(permitted: int, destination: Number | NotANumber, dialled: str) -> bool:
    """A trunk may want prefixes that make no number of it; then the end must be the same."""
    if isinstance(destination, Number):
        return permitted in (destination.e164, *destination.also)
    return re.sub(r"\D", "", dialled).endswith(str(permitted)[-_TAIL:])


def reason_of(leg: LegDialled, flaw: str) -> str:
    """PURE: how a leg without permit probably came about, from where it was dialled."""
    if flaw != Flaw.NONE:
        return flaw
    context = leg.place.partition(",")[0].lower()
    if not leg.channel:
        return "originated"
    if "dialout-enum" in context:
        return "enum-trunk"
    if context.startswith("ext-trunk"):
        return "trunk-destination"
    if "dialout-trunk" in context or "dialout-dundi" in context:
        return "trunk-without-hook"
    if re.search(r"(?:sips?|tel):", leg.dial_string, re.IGNORECASE):
        return "redirected"
    return "dialled-unchecked"


def _technology(leg: LegDialled) -> str:
    return leg.dest_channel.partition("/")[0] + "/"


@dataclass(slots=True)
class WatchStatus:
    """Counts since the start. `blind`: Asterisk does not show the permit, so nothing is judged."""

    legs: int = 0
    bypasses: int = 0
    hung_up: int = 0
    not_hung_up: int = 0
    not_recorded: int = 0
    blind: bool = False
    reasons: dict[str, int] = field(default_factory=dict)


class GateWatch:
    """A handler of the session's events. `record` makes a bypass evidence; `tell` alerts somebody outside, or does
    nothing."""

    def __init__(
        self,
        key: bytes,
        rules: Rules,
        send: Send,
        record: Callable[[Seen], Awaitable[None]],
        tell: Callable[[Seen], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._key = key
        self._rules = rules
        self._send = send
        self._record = record
        self._tell = tell
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self.status = WatchStatus()

    async def __call__(self, event: Event, seen_at: float) -> None:
        """Judge a leg; what follows happens beside, so that no other event waits."""
        if not isinstance(event, LegDialled) or self._rules.policy == "off" or not self._can_see(event):
            return
        found = judge(event, self._key, self._rules, seen_at)
        self.status.legs += 1
        if found is None:
            return
        self.status.bypasses += 1
        self.status.reasons[found.reason] = self.status.reasons.get(found.reason, 0) + 1
        task = asyncio.create_task(self._act(found, time.monotonic()), name="bypass")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self, limit: float = 5.0) -> None:
        """Until everything that was begun is done; after `limit` seconds, those whom nobody answers are let go."""
        if not self._tasks:
            return
        _, left = await asyncio.wait(set(self._tasks), timeout=limit)
        for task in left:
            task.cancel()
        if left:
            _log.error("bypass=unfinished count=%d", len(left))

    def _can_see(self, leg: LegDialled) -> bool:
        if PERMIT in leg.variables:
            self.status.blind = False
            return True
        if not self.status.blind and is_trunk(leg, self._rules.trunks):
            self.status.blind = True
            _log.error(
                "watch=blind why=Asterisk does not show %s: add it to channelvars in manager.conf, see "
                "`concierge hooks show`, then `manager reload`",
                PERMIT,
            )
        return False

    async def _act(self, found: Bypass, began: float) -> None:
        action, took = self._rules.policy, None
        if action == "hangup":
            took = await self._hang_up(found, began)
            action = "hangup" if took is not None else "alert"
        seen = Seen(found, action, took)
        _log.warning("bypass=%s %s", action, _line(found, took))
        try:
            await self._record(seen)
        except Exception as error:  # noqa: BLE001 - whatever the store does, the others are told
            self.status.not_recorded += 1
            _log.error("bypass=not-recorded why=%s", without_numbers(str(error).partition("\n")[0]))
        if self._rules.policy != "log":
            await self._send(announcement(seen))
            if self._tell is not None:
                await self._tell(seen)

    async def _hang_up(self, found: Bypass, began: float) -> int | None:
        channel = found.leg.dest_channel
        answer = await self._send({"Action": "Hangup", "Channel": channel, "Cause": _CAUSE})
        if isinstance(answer, Reply) and answer.success:
            self.status.hung_up += 1
            return round((time.monotonic() - began) * 1000)
        self.status.not_hung_up += 1
        why = answer.reason if isinstance(answer, NotSent) else answer.message
        _log.error("bypass=not-hung-up channel=%s why=%s", without_numbers(channel), why)
        return None


def announcement(seen: Seen) -> Headers:
    """The AMI action that tells others (needs write=user)."""
    found = seen.bypass
    return {
        "Action": "UserEvent",
        "UserEvent": ANNOUNCED,
        "Number": str(found.number or ""),
        "Reason": found.reason,
        "Flaw": found.flaw,
        "Done": seen.action,
        "Channel": one_line(found.leg.dest_channel),
        "Uniqueid": found.leg.dest_uniqueid,
        "Linkedid": found.leg.dest_linkedid,
        "Campaign": one_line(found.leg.variables.get(CAMPAIGN, "")),
    }


def _line(found: Bypass, took: int | None) -> str:
    number = masked(found.number) if found.number else "none"
    place = f" at={one_line(without_numbers(found.leg.place))}" if found.leg.place else ""
    ended = f" took_ms={took}" if took is not None else ""
    channel = one_line(without_numbers(found.leg.dest_channel))
    return f"reason={found.reason} flaw={found.flaw} number={number} channel={channel}{place}{ended}"
