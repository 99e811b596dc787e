"""Applications that do something else in `h`, where the caller is gone; each measured on 22 and 16."""

from __future__ import annotations

from dialplan.flow.keypad import at, parts
from dialplan.flow.machine import Handler, Machine, Moves, Running, ends, goes_on
from dialplan.flow.model import Ended, State


def nobody_there(machine: Machine, state: State, running: Running) -> Moves:
    """Finds that the caller is gone, which ends `h`."""
    del machine, running
    return [ends(Ended.HANGUP, "the caller is gone", last=state)]


def unheard(machine: Machine, state: State, running: Running) -> Moves:
    """Playback and Background: cannot play, and `h` goes on."""
    return [goes_on(machine.store(state, f"{running.name.upper()}STATUS", "FAILED"))]


def read(machine: Machine, state: State, running: Running) -> Moves:
    """Read: gets nothing."""
    name = at(parts(machine, state, running), 1)
    if not name:
        return [goes_on(machine.store(state, "READSTATUS", "ERROR"))]
    return [goes_on(machine.store(machine.store(state, name, ""), "READSTATUS", "HANGUP"))]


ENDING = "answer wait waitexten waitdigit dial retrydial incomplete senddtmf saydigits sayalpha sayphonetic"
HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(ENDING.split(), nobody_there),
    "playback": unheard,
    "background": unheard,
    "read": read,
}
