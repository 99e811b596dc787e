"""The dialplan as the second witness: is it there, what has it kept, and which legs are up."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable

from ami.events import KeyKept, leg_shown
from ami.kept import Drain, Drained, NotRead, RecordKept
from ami.legs import LegMap, OptOut
from ami.link import NotSent, Reply
from ami.session import AmiSession

CONTEXT, FEATURES = "concierge-optout", "CONCIERGE_FEATURES"
_PATIENCE = 5.0  # seconds in which the dialplan must have kept a key that was heard
_MOST = 10_000
_TIME = re.compile(r"[0-9]{1,2}:([0-9]{2}):([0-9]{2})")
_QUARTER, _STARTING, _SKEW = 900, 30, 5  # seconds


class DialplanWitness:
    """One PBX's dialplan. `record` takes what it has kept; `legs` is rebuilt after a gap."""

    def __init__(
        self, session: AmiSession, legs: LegMap, record: RecordKept, clock: Callable[[], float] = time.time
    ) -> None:
        self._session = session
        self._legs = legs
        self._drain = Drain(session, record)
        self._clock = clock
        self._alone: OrderedDict[str, float] = OrderedDict()
        self._spoken: OrderedDict[str, None] = OrderedDict()
        self._silent = ""

    @property
    def drained(self) -> Drained | NotRead:
        """How the last look at AstDB ended."""
        return self._drain.last

    async def run(self) -> None:
        """Until cancelled: record what is kept."""
        await self._drain.run()

    def heard(self, opt_out: OptOut) -> None:
        """A key was heard over AMI; the dialplan must keep the first one of each leg."""
        if opt_out.uniqueid not in self._spoken:
            self._alone.setdefault(opt_out.uniqueid, self._clock())
            _bound(self._alone)

    def kept(self, event: KeyKept) -> None:
        """The dialplan says that it has kept a key."""
        self._alone.pop(event.uniqueid, None)
        self._spoken[event.uniqueid] = None
        _bound(self._spoken)
        self._silent = ""
        self._drain.hint(event.number)

    async def drain(self) -> Drained | NotRead:
        """Record everything that is kept."""
        return await self._drain.all()

    async def rebuild(self) -> int | None:
        """Ask for all channels; how many called legs of campaigns are up."""
        asked = self._legs.names()
        answer = await self._session.send_for_list({"Action": "CoreShowChannels"})
        if isinstance(answer, NotSent | Reply):
            return None
        self._legs.rebuild([leg for raw in answer if (leg := leg_shown(raw))], asked)
        return len(self._legs)

    async def doubt(self) -> str | None:
        """Why a key press may not have been kept by the dialplan; empty when it was; None: Asterisk is still starting,
        and its manager is there before its dialplan."""
        plan = await self._session.send_for_list({"Action": "ShowDialPlan", "Context": CONTEXT})
        if isinstance(plan, NotSent | Reply):
            why = f"the dialplan keeps no key presses: [{CONTEXT}] is not there ({_why(plan)})"
            return None if await self._is_starting() else why
        features = await self._session.send({"Action": "Getvar", "Variable": FEATURES})
        if isinstance(features, NotSent) or not features.success:
            return f"{FEATURES} cannot be read: {_why(features)}"
        if not features.headers.get("Value"):
            return f"the dialplan keeps no key presses: the global variable {FEATURES} is empty"
        return self._silence()

    async def _is_starting(self) -> bool:
        status = await self._session.send({"Action": "CoreStatus"})
        return isinstance(status, Reply) and just_began(str(status.headers.get("CoreStartupTime", "")), self._clock())

    def _silence(self) -> str:
        """A marked leg's first key was heard, and the dialplan has not said a word of it."""
        late = [name for name, at in self._alone.items() if at < self._clock() - _PATIENCE]
        for name in late:
            del self._alone[name]
            self._silent = "the last key press that was heard was not kept by the dialplan: see features.conf"
        return self._silent


def just_began(clock_time: str, now: float) -> bool:
    """PURE: is this time of day, of an unknown time zone, within the last half a minute? Zones differ by quarters of an
    hour, so one of the 96 such times of a day is the right one. Clocks may differ by some seconds."""
    found = _TIME.fullmatch(clock_time)
    return found is not None and (now - 60 * int(found[1]) - int(found[2]) + _SKEW) % _QUARTER < _STARTING


def _bound(some: OrderedDict[str, float] | OrderedDict[str, None]) -> None:
    if len(some) > _MOST:
        some.popitem(last=False)


def _why(answer: Reply | NotSent) -> str:
    return answer.reason if isinstance(answer, NotSent) else answer.message
