"""Keys that are looked up as extensions, and what follows when there is none (main/pbx.c __ast_pbx_run)."""

from __future__ import annotations

from collections.abc import Callable

from dialplan.flow.machine import Moves, ends
from dialplan.flow.model import NO_CHOICE, Choice, Ended, Move, State
from dialplan.flow.outside import Dialled, Listening
from dialplan.flow.settings import exception
from dialplan.light import TYPE_CHECKING

if TYPE_CHECKING:
    from dialplan.flow.machine import Machine

Silence = Callable[[Choice, float], Moves]


def ask(machine: Machine, state: State, buffer: str, waits: float) -> Moves:
    """Wait for keys of the current context; silence is a time-out."""

    def silence(choice: Choice, seconds: float) -> Moves:
        return timed_out(machine, state, choice, seconds)

    return listen(machine, state, Listening(state.context, buffer, waits), silence)


def listen(machine: Machine, state: State, asked: Listening, silence: Silence) -> Moves:
    """Whatever is pressed is an extension of the context, or invalid; `silence` says what nothing leads to."""
    moves: Moves = []
    # An extension that was left without a first priority is complained about before keys are looked at.
    left = not machine.exists(state.context, state.exten)
    for answer in machine.outside.dialled(machine, state, asked):
        if not answer.number:
            moves += silence(answer.choice, answer.seconds)
        elif left:
            moves += invalid(machine, state, state.exten, answer.choice, answer.seconds)
        else:
            moves += pressed(machine, state, answer, answer.context or asked.context)
    return moves


def pressed(machine: Machine, state: State, answer: Dialled, context: str) -> Moves:
    """Go to the extension that was dialled."""
    if not machine.exists(context, answer.number):
        return invalid(machine, state, answer.number, answer.choice, answer.seconds)
    _, _, _, variables, frames, loops, _, met = state
    there = State(context, answer.number, 1, variables, frames, loops, answer.free, met)
    return [Move(answer.choice, there, None, answer.seconds)]


def invalid(machine: Machine, state: State, number: str, choice: Choice = NO_CHOICE, seconds: float = 0) -> Moves:
    """`i`, else `e`, else the end."""
    if machine.exists(state.context, "i"):
        state = machine.store(state, "INVALID_EXTEN", number)
        return [Move(choice, _at(state, "i"), None, seconds)]
    if machine.exists(state.context, "e"):
        return [Move(choice, exception(machine, state, "INVALID"), None, seconds)]
    if machine.outside_of_files(state.context, "i"):
        text = f"what [{state.context}] asks may know {number}"
        return [ends(Ended.OUTSIDE, text, choice, seconds)]
    text = f"there is no extension {number} in [{state.context}], and no i"
    return [ends(Ended.INVALID, text, choice, seconds)]


def timed_out(machine: Machine, state: State, choice: Choice, seconds: float) -> Moves:
    """`t`, else `e`, else the end."""
    if machine.exists(state.context, "t"):
        return [Move(choice, _at(state, "t"), None, seconds)]
    if machine.exists(state.context, "e"):
        return [Move(choice, exception(machine, state, "RESPONSETIMEOUT"), None, seconds)]
    if machine.outside_of_files(state.context, "t"):
        return [ends(Ended.OUTSIDE, f"what [{state.context}] asks may have t", choice, seconds)]
    return [ends(Ended.TIMEOUT, f"nothing is pressed, and [{state.context}] has no t", choice, seconds)]


def _at(state: State, exten: str) -> State:
    return state._replace(exten=exten, priority=1, free=False)
