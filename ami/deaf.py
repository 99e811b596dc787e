"""Calls whose bridge hides their keys: two telephones connected past Asterisk's ears (native RTP, direct media).

No event says that a bridge became native (main/bridge.c changes its technology in silence), so the bridges of called
legs are asked for: soon after a leg has entered one, and now and then as long as it is there. A hook on the leg's audio
(VOLUME without a change) makes Asterisk listen again; whoever wants to be sure marks the leg in the dialplan.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

from ami.events import CAMPAIGN, LEG, LEG_CAMPAIGN, LEG_NUMBER, NUMBER, Event, LegBridged, LegDialled, LegEnded
from ami.legs import CALLEE, LegMap, is_local
from ami.link import NotSent, Reply
from ami.session import AmiSession
from ami.wire import one_line
from models.gap import GapKind, GapState, ListeningGap
from models.number import without_numbers

ANNOUNCED = "ConciergeDeaf"
REMEDY = "mark the called leg: Dial(…,b(concierge-mark^s^1)), or U(concierge-mark^s^1) on FreePBX"
HIDING = ("native_rtp", "native_dahdi")
_YOUNG, _LOOK, _SELDOM, _MOST = 1.2, 0.3, 5.0, 10_000
_Kept = TypeVar("_Kept")
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Bridged:
    channel: str
    bridge: str
    since: float
    dialled: str
    deaf: ListeningGap | None = None


class DeafWatch:
    """Of one PBX. `told` takes the gap of a call, when it is noticed and when it is over; `repair`: not only report."""

    def __init__(
        self,
        system: str,
        session: AmiSession,
        legs: LegMap,
        told: Callable[[ListeningGap], None],
        *,
        repair: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._system = system
        self._session = session
        self._legs = legs
        self._told = told
        self._repair = repair
        self._clock = clock
        self._dialled: OrderedDict[str, str] = OrderedDict()
        self._bridged: OrderedDict[str, _Bridged] = OrderedDict()
        self._arrived = asyncio.Event()
        self.noticed = 0
        self.repaired = 0

    def hear(self, event: Event) -> None:
        """Which called legs of campaigns are in a bridge. Never waits."""
        match event:
            case LegDialled() if not is_local(event.dest_channel) and event.variables.get(CAMPAIGN):
                _put(self._dialled, event.dest_uniqueid, event.dial_string)
            case LegBridged() if self._legs.variables(event.uniqueid) is not None:
                known = self._bridged.get(event.uniqueid)
                leg = _Bridged(event.channel, event.bridge, self._clock(), self._dialled.get(event.uniqueid, ""))
                leg.deaf = known.deaf if known else None
                _put(self._bridged, event.uniqueid, leg)
                self._arrived.set()
            case LegEnded():
                self._dialled.pop(event.uniqueid, None)
                self._ended(event.uniqueid)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._pause()
            try:
                if self._bridged:
                    await self.look()
            except Exception:  # noqa: BLE001 - one call that cannot be looked into is not the others'
                _log.exception("calls that may hide their keys could not be looked into")

    async def _pause(self) -> None:
        """Soon while a leg is young, seldom while there is any, else until there is one."""
        if not self._bridged:
            await self._arrived.wait()
        self._arrived.clear()
        young = any(leg.since > self._clock() - _YOUNG for leg in self._bridged.values())
        try:
            async with asyncio.timeout(_LOOK if young else _SELDOM):
                await self._arrived.wait()
                await asyncio.sleep(_LOOK)
        except TimeoutError:
            return

    async def look(self) -> None:
        """Ask for all bridges once."""
        answer = await self._session.send_for_list({"Action": "BridgeList"})
        if isinstance(answer, NotSent | Reply):
            return
        technology = {str(raw.get("BridgeUniqueid")): str(raw.get("BridgeTechnology")) for raw in answer}
        for uniqueid, leg in list(self._bridged.items()):
            found = technology.get(leg.bridge)
            if found is None and leg.since < self._clock() - _YOUNG:
                self._ended(uniqueid)
            elif found in HIDING and leg.deaf is None:
                await self._notice(uniqueid, leg, found)
            elif found is not None and found not in HIDING and leg.deaf is not None:
                self.repaired += 1
                self._over(leg, f"Asterisk listens again ({found}); key presses before may be missing")

    async def _notice(self, uniqueid: str, leg: _Bridged, technology: str) -> None:
        self.noticed += 1
        reason = f"{technology} hides the keys of this call; {REMEDY}"
        began = datetime.fromtimestamp(leg.since, UTC)
        leg.deaf = ListeningGap(uuid4(), self._system, GapKind.DEAF, began, reason, channel=leg.channel)
        self._told(leg.deaf)
        variables = self._legs.variables(uniqueid) or {}
        campaign = one_line(variables.get(CAMPAIGN, ""))
        fields = (self._system, without_numbers(leg.channel), campaign, technology, REMEDY)
        _log.error("deaf=noticed system=%s channel=%s campaign=%s technology=%s remedy=%s", *fields)
        event = {"Action": "UserEvent", "UserEvent": ANNOUNCED, "Channel": leg.channel, "Uniqueid": uniqueid}
        await self._session.send(event | {"Technology": technology, "Campaign": campaign})
        if self._repair:
            await self._mend(leg, variables)

    async def _mend(self, leg: _Bridged, variables: dict[str, str]) -> None:
        """The mark, where the dial string proves that this leg is the called person's; then the hook on its audio."""
        if variables.get(LEG) != CALLEE and was_dialled(variables.get(NUMBER, ""), leg.dialled):
            marks = {LEG: CALLEE, LEG_NUMBER: variables[NUMBER], LEG_CAMPAIGN: variables[CAMPAIGN]}
            for name, value in marks.items():
                await self._session.send(_set(leg.channel, name, one_line(value)))
        done = await self._session.send(_set(leg.channel, "VOLUME(RX)", "0"))
        if isinstance(done, NotSent) or not done.success:
            why = done.reason if isinstance(done, NotSent) else done.message
            _log.error("deaf=unrepaired channel=%s why=%s; is func_volume loaded?", without_numbers(leg.channel), why)
        self._arrived.set()  # did it help?

    def _ended(self, uniqueid: str) -> None:
        leg = self._bridged.pop(uniqueid, None)
        if leg is not None and leg.deaf is not None:
            self._over(leg, "key presses of this call may be missing")

    def _over(self, leg: _Bridged, how: str) -> None:
        if leg.deaf is not None:
            now = datetime.fromtimestamp(self._clock(), UTC)
            self._told(replace(leg.deaf, ended=now, state=GapState.UNRECONCILED, how=how, settled_at=now))
        leg.deaf = None


def was_dialled(number: str, dial_string: str) -> bool:
    """PURE: was this leg dialled with this number? Seven digits at least, so that no extension is taken for it."""
    national = number.lstrip("+")[-9:]
    digits = "".join(filter(str.isdigit, dial_string.partition("@")[0]))
    return len(national) >= 7 and national.isdigit() and digits.endswith(national)


def _set(channel: str, name: str, value: str) -> dict[str, str]:
    return {"Action": "Setvar", "Channel": channel, "Variable": name, "Value": value}


def _put(some: OrderedDict[str, _Kept], key: str, value: _Kept) -> None:
    some[key] = value
    if len(some) > _MOST:
        some.popitem(last=False)
