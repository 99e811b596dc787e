"""Which function plays which application."""

from __future__ import annotations

import functools

from dialplan.applications.effect import Effect, Kind
from dialplan.flow import blocks, gone, jumps, keypad, people, settings, subroutines
from dialplan.flow.machine import Handler, Machine, Moves, Running, ends
from dialplan.flow.model import Ended, State

TABLE: dict[str, Handler] = {
    **settings.HANDLERS,
    **jumps.HANDLERS,
    **subroutines.HANDLERS,
    **blocks.HANDLERS,
    **keypad.HANDLERS,
    **people.HANDLERS,
}


NEEDS_DATA = frozenset(
    """
    addqueuemember agi background channelredirect deadagi eagi execiftime gotoiftime macro macroexclusive originate
    pausequeuemember playback queue queuelog queueupdate removequeuemember retrydial saymoney saynumber sayordinal
    system unpausequeuemember userevent
    """.split()  # noqa: SIM905 - read as a list of words
)
"""With empty data these end the call; all of them seen on 22 and 16 (System: apps/app_system.c)."""


def handler_of(name: str, effect: Effect | None, hung_up: bool = False, maybe_empty: bool = True) -> Handler:
    """The function for an application that exists; `hung_up`: in `h`; `maybe_empty`: its data may be."""
    name = name.strip().lower()
    handler = (gone.HANDLERS.get(name) if hung_up else None) or TABLE.get(name) or _by_effect(effect)
    return _with_data(handler) if maybe_empty and name in NEEDS_DATA else handler


def _by_effect(effect: Effect | None) -> Handler:
    if effect is not None and effect.person:
        return people.person
    if effect is not None and any(jump.kind is Kind.EXTERNAL for jump in effect.jumps):
        return settings.program
    return settings.ordinary


@functools.cache
def _with_data(handler: Handler) -> Handler:
    def checked(machine: Machine, state: State, running: Running) -> Moves:
        if running.data == "":
            return [ends(Ended.APPLICATION, f"{running.name} needs an argument", last=state)]
        return handler(machine, state, running)

    return checked
