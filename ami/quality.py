"""How callers fared: from the menus they passed and from what AMI says of dialling and hanging up. Pure.

A caller is whoever passes a menu, or comes in on a channel whose name a pattern has. Written down when he is gone.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from ami.events import DialEnded, Event, LegDialled, LegEnded

Outcome = Literal["answered", "abandoned", "left-in-menu"]
CALLERS = (LegDialled, DialEnded, LegEnded)
_STARTED = re.compile(r"(?:.*-)?(\d{9,11})\.\d+")
_SUFFIX = re.compile(r"-[0-9a-f]+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MenuStep:
    """A pass through a menu: what happened there, and where the guard sent the caller (`go`, `operator`) and why."""

    uniqueid: str
    menu: str
    happening: str
    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """One caller's way. Times in seconds since the epoch; `rung_at`: when the first telephone was called for him,
    `answered_at`: when one was answered. `menu`: the last one; `guard`: why the operator got him, or empty."""

    uniqueid: str
    began: float
    ended: float
    outcome: Outcome
    menus: int = 0
    menu: str = ""
    happening: str = ""
    guard: str = ""
    rung_at: float | None = None
    answered_at: float | None = None


@dataclass(slots=True)
class _Caller:
    began: float
    menus: int = 0
    menu: str = ""
    happening: str = ""
    guard: str = ""
    rung_at: float | None = None
    answered_at: float | None = None


class Callers:
    """At most `limit` on the line (the oldest are forgotten). `trunks`: patterns of channels, e.g. SIP/out*."""

    def __init__(self, trunks: Sequence[str] = (), *, limit: int = 20_000) -> None:
        self._trunks = [one.lower() for one in trunks]
        self._limit = limit
        self._callers: OrderedDict[str, _Caller] = OrderedDict()

    def __len__(self) -> int:
        return len(self._callers)

    def passed(self, step: MenuStep, at: float) -> None:
        """Somebody has passed a menu."""
        caller = self._caller(step.uniqueid, at)
        caller.menus += 1
        caller.menu, caller.happening = step.menu, step.happening
        if step.step == "operator":
            caller.guard = caller.guard or step.reason

    def apply(self, event: Event, seen_at: float) -> Gone | None:
        """Learn from an event; a caller who has hung up."""
        match event:
            case LegDialled(uniqueid=uniqueid) if uniqueid in self._callers or self._comes_in(event):
                caller = self._caller(uniqueid, event.at or seen_at)
                caller.rung_at = caller.rung_at or event.at or seen_at
            case DialEnded(uniqueid=uniqueid, status="ANSWER") if uniqueid in self._callers:
                caller = self._callers[uniqueid]
                caller.answered_at = caller.answered_at or event.at or seen_at
            case LegEnded(uniqueid=uniqueid) if uniqueid in self._callers:
                return _gone(uniqueid, self._callers.pop(uniqueid), event.at or seen_at)
        return None

    def _comes_in(self, event: LegDialled) -> bool:
        name = _SUFFIX.sub("", event.channel).lower()
        return bool(event.uniqueid) and any(fnmatchcase(name, pattern) for pattern in self._trunks)

    def _caller(self, uniqueid: str, at: float) -> _Caller:
        found = self._callers.get(uniqueid)
        if found is None:
            found = self._callers[uniqueid] = _Caller(_began(uniqueid, at))
            if len(self._callers) > self._limit:
                self._callers.popitem(last=False)
        return found


def _began(uniqueid: str, at: float) -> float:
    """A channel's id holds the second of its beginning."""
    found = _STARTED.fullmatch(uniqueid)
    began = float(found[1]) if found else at
    return began if at - 86_400 < began <= at else at


def _gone(uniqueid: str, caller: _Caller, ended: float) -> Gone:
    outcome: Outcome = "left-in-menu"
    if caller.answered_at is not None:
        outcome = "answered"
    elif caller.rung_at is not None or caller.guard:
        outcome = "abandoned"
    return Gone(
        uniqueid,
        caller.began,
        ended,
        outcome,
        caller.menus,
        caller.menu,
        caller.happening,
        caller.guard,
        caller.rung_at,
        caller.answered_at,
    )
