"""Set, MSet, RaiseException, System and the applications that only set a status."""

from __future__ import annotations

from dialplan.applications.effect import Ends
from dialplan.expression import Value
from dialplan.expression.arguments import separate
from dialplan.flow.cutting import cut, split
from dialplan.flow.machine import Handler, Machine, Moves, Running, ends, goes_on, number
from dialplan.flow.model import FORGOTTEN_FRAME, NO_CHOICE, Choice, Ended, Move, State

FAILURES = frozenset({"HANGUP"})
"""Statuses that say the caller has hung up: no step follows them."""


def set_(machine: Machine, state: State, running: Running) -> Moves:
    """Set(NAME=VALUE): everything behind the first = is the value."""
    return [goes_on(assign(machine, state, running.data, running.raw))]


def mset(machine: Machine, state: State, running: Running) -> Moves:
    """MSet(NAME=VALUE,NAME=VALUE …)."""
    if isinstance(running.data, str):
        for pair in separate(running.data, 99):
            state = assign(machine, state, pair, pair)
    else:
        for raw in split(running.raw):
            state = assign(machine, state, machine.value(state, raw), raw)
    return [goes_on(state)]


def assign(machine: Machine, state: State, pair: Value, raw: str) -> State:
    """One NAME=VALUE; the name may be a function."""
    if isinstance(pair, str):
        name, equals, text = pair.partition("=")
        value: Value = text
    else:
        raw_name, *rest = cut(raw, "=", 2)
        known = machine.value(state, raw_name)
        if not isinstance(known, str) or not rest:
            return state
        name, equals, value = known, "=", machine.value(state, rest[0])
    if not equals:
        return state
    if name.startswith("ARRAY(") and name.endswith(")"):
        return _array(machine, state, name[6:-1], value)
    if name.startswith("LOCAL(") and name.endswith(")"):
        return _local(machine, state, name[6:-1], value)
    if name.startswith("CHANNEL(hangup_handler_"):
        from dialplan.flow.leaving import noted

        return noted(machine, state, name, value)
    return machine.store(state, name, value)


def _array(machine: Machine, state: State, listed: str, value: Value) -> State:
    values = separate(value, 99) if isinstance(value, str) else []
    for at, name in enumerate(listed.split(",")):
        one: Value = value
        if isinstance(value, str):
            one = values[at] if at < len(values) else ""
        state = machine.store(state, name, one)
    return state


def _local(machine: Machine, state: State, name: str, value: Value) -> State:
    """A variable of the subroutine, gone at its Return; outside of one it is not set (apps/app_stack.c)."""
    at = max((at for at, frame in enumerate(state.frames) if not frame.macro), default=None)
    if at is None:
        return state
    frame = state.frames[at]
    if machine.keeps(name) and frame != FORGOTTEN_FRAME and all(name != kept for kept, _ in frame.kept):
        frame = frame._replace(kept=(*frame.kept, (name, machine.read(state, name))))
        state = state._replace(frames=(*state.frames[:at], frame, *state.frames[at + 1 :]))
    return machine.store(state, name, value)


def raise_exception(machine: Machine, state: State, running: Running) -> Moves:
    """RaiseException: goes to `e`; where there is none that is an invalid extension, which `i` may take."""
    return [Move(NO_CHOICE, exception(machine, state, running.data))]


def exception(machine: Machine, state: State, reason: Value) -> State:
    """At `e`, with what EXCEPTION() then tells."""
    if machine.keeps("EXCEPTION(reason)"):
        told: dict[str, Value] = {"reason": reason, "context": state.context, "exten": state.exten}
        for name, value in (told | {"priority": str(state.priority)}).items():
            state = machine.store(state, f"EXCEPTION({name})", value)
    return state._replace(exten="e", priority=1, free=False)


def playback(machine: Machine, state: State, running: Running) -> Moves:
    """Playback: a prompt that is missing only sets the status."""
    prompts = cut(running.data, ",")[0].split("&") if isinstance(running.data, str) else []
    failed = any(prompt.strip() in machine.missing_sounds for prompt in prompts)
    return [goes_on(machine.store(state, "PLAYBACKSTATUS", "FAILED"))] if failed else ordinary(machine, state, running)


def ordinary(machine: Machine, state: State, running: Running) -> Moves:
    """Any application that neither jumps nor listens: goes on, ends the call, or keeps it."""
    effect = running.effect
    if effect is None:
        text = f"nothing is known about what {running.name} does to a call"
        return [ends(Ended.UNKNOWN, text)]
    seconds = waits(running)
    if effect.ends is Ends.ALWAYS:
        return [ends(Ended.HANGUP, running.name, seconds=seconds or 0)]
    if seconds is None:
        return [ends(Ended.STAYS, f"{running.name} has no end of its own"), *_moves(machine, state, running, 0)]
    return _moves(machine, state, running, seconds)


def waits(running: Running) -> float | None:
    """Seconds that the application keeps a caller who does nothing; None: for ever."""
    effect = running.effect
    if effect is None or effect.wait is None:
        return 0
    wait = effect.wait
    text = running.data if isinstance(running.data, str) else running.raw
    pieces = split(text)
    given = pieces[wait.argument - 1] if 0 < wait.argument <= len(pieces) else ""
    if given.strip() and "$" not in given:
        return number(given, 0) / (1000 if wait.milliseconds else 1)
    if given.strip():
        return 0
    return wait.default


def _moves(machine: Machine, state: State, running: Running, seconds: float) -> Moves:
    return [goes_on(here, choice, seconds) for choice, here in with_status(machine, state, running)]


def with_status(machine: Machine, state: State, running: Running) -> list[tuple[Choice, State]]:
    """The state with the application's status variables set, once for each value that matters."""
    application = machine.table.find(running.name)
    known = application.status if application else {}
    wanted = [name for name in (running.effect.status if running.effect else ()) if machine.keeps(name)]
    if not wanted:
        return [(NO_CHOICE, state)]
    first, *others = wanted
    values = [v for v in known.get(first, ()) if v not in FAILURES] or [""]
    made = []
    for answer in machine.outside.result(running.name, first, likeliest(values)):
        here = machine.store(state, first, answer.status)
        for name in others:
            here = machine.store(here, name, (known.get(name) or ("",))[0])
        made.append((answer.choice, here))
    return made


GOOD = ("SUCCESS", "OK", "ANSWER", "DTMF", "PASSED")


def likeliest(values: list[str]) -> list[str]:
    """With what a call that goes well brings first."""
    return sorted(values, key=lambda value: GOOD.index(value) if value in GOOD else len(GOOD))


def program(machine: Machine, state: State, running: Running) -> Moves:
    """AGI, Stasis and the like: may set variables and may send the call elsewhere; normally it goes on."""
    if not machine.one_call:
        state = machine.forget(state)
    return [goes_on(here, choice) for choice, here in with_status(machine, state, running)]


def system(machine: Machine, state: State, running: Running) -> Moves:
    """System: a command that cannot be run ends the call (status NOTFOUND in the inputs asks for that)."""
    moves: Moves = []
    for choice, here in with_status(machine, state, running):
        if choice.value == "NOTFOUND":
            moves.append(ends(Ended.APPLICATION, "System: the command cannot be run", choice))
        else:
            moves.append(goes_on(here, choice))
    return moves


HANDLERS: dict[str, Handler] = {
    "set": set_,
    "mset": mset,
    "raiseexception": raise_exception,
    "playback": playback,
    "system": system,
}
