"""What happens to a call from outside of its steps: hang-up handlers (main/pbx_hangup_handler.c), TIMEOUT(absolute)."""

from __future__ import annotations

from dialplan.applications.effect import Digits, Effect
from dialplan.expression import Value
from dialplan.flow import variables as names
from dialplan.flow.machine import Machine, Moves, ends, number
from dialplan.flow.model import NO_CHOICE, Choice, Ended, Kind, Move, State
from dialplan.flow.settings import exception
from dialplan.plan.model import Step

HANDLERS = "@hangup handlers"
"""Where the state keeps them, a line each, the one that runs first on top."""
FUNCTION = "CHANNEL(hangup_handler_"
ABSOLUTE = "TIMEOUT(absolute)"
COUNTED = "TIMEOUT(absolute) counts waits here, but neither prompts nor conversations"


def noted(machine: Machine, state: State, name: str, value: Value) -> State:
    """Set(CHANNEL(hangup_handler_push|pop|wipe)=[[CONTEXT,]EXTEN,]PRIORITY[(ARGUMENTS)])."""
    if not machine.one_call or not isinstance(value, str):
        return state
    action = name[len(FUNCTION) : -1].lower()
    there = handlers(state)
    kept = {"push": there, "pop": there[1:], "wipe": []}.get(action, there)
    added = [_whole(state, value)] if value and action in ("push", "pop", "wipe") else []
    return state._replace(variables=names.put(state.variables, HANDLERS, "\n".join([*added, *kept]) or None))


def handlers(state: State) -> list[str]:
    """Arguments for Gosub, in the order in which they run."""
    value = names.get(state.variables, HANDLERS)
    return value.split("\n") if isinstance(value, str) else []


def without_first(state: State) -> State:
    """The handler on top is about to run."""
    rest = "\n".join(handlers(state)[1:])
    return state._replace(variables=names.put(state.variables, HANDLERS, rest or None))


def _whole(state: State, value: str) -> str:
    place, opened, arguments = value.partition("(")
    pieces = place.split(",")[:3]
    context, exten, priority = ["", "", *pieces] if len(pieces) == 1 else ["", *pieces][-3:]
    return f"{context or state.context},{exten or state.exten},{priority}{opened}{arguments}"


def time_over(machine: Machine, state: State, step: Step) -> Moves:
    """Where TIMEOUT(absolute) may end this step of the calls that are explored: `T`, else `e`; [] for no such place."""
    limit = names.get(state.variables, ABSOLUTE)
    effect = machine.instruction(step.application, step.data)[1]
    if limit in (None, "", "0") or effect is None or not takes_time(effect):
        return []
    over = machine.store(state, ABSOLUTE, "0")
    if machine.exists(state.context, "T"):
        return [Move(OVER, over._replace(exten="T", priority=1, free=False))]
    if machine.exists(state.context, "e"):
        return [Move(OVER, exception(machine, over, "ABSOLUTETIMEOUT"))]
    return []


def takes_time(effect: Effect) -> bool:
    """Does the application wait for a key, a person or the end of something?"""
    return effect.wait is not None or effect.person or effect.digits is Digits.EXTENSION


OVER = Choice(Kind.TARGET, "the time is over")


class Clock:
    """The seconds of a call, and when TIMEOUT(absolute) ends it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.deadline: float | None = None

    def passed(self, machine: Machine, state: State, data: str, move: Move) -> Move:
        """The move, or what the limit makes of it."""
        if self.deadline is not None and not machine.gone and self._over(move):
            self.seconds, self.deadline = self.deadline, None
            return _cut_short(machine, state)
        self.seconds += move.seconds
        if move.state is not None:
            self._set(data, names.get(state.variables, ABSOLUTE), names.get(move.state.variables, ABSOLUTE))
        return move

    def _over(self, move: Move) -> bool:
        if move.end is not None and move.end.kind not in (Ended.STAYS, Ended.TIMEOUT):
            return False
        stays = move.end is not None and move.end.kind is Ended.STAYS
        return stays or self.seconds + move.seconds > (self.deadline or 0)

    def _set(self, data: str, before: Value | None, after: Value | None) -> None:
        if before != after or f"{ABSOLUTE}=" in data:
            limit = number(after, 0)
            self.deadline = self.seconds + limit if limit else None


def _cut_short(machine: Machine, state: State) -> Move:
    """`T`, else `e`, else the end; there is no limit any more."""
    state = machine.store(state, ABSOLUTE, "0")
    if machine.exists(state.context, "T"):
        return Move(NO_CHOICE, state._replace(exten="T", priority=1, free=False))
    if machine.exists(state.context, "e"):
        return Move(NO_CHOICE, exception(machine, state, "ABSOLUTETIMEOUT"))
    return ends(Ended.TIMEOUT, f"TIMEOUT(absolute) is over, and [{state.context}] has no T", last=state)
