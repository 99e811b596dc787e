"""Which function plays which application."""

from __future__ import annotations

from dialplan.applications.effect import Effect, Kind
from dialplan.flow import blocks, jumps, keypad, people, settings, subroutines
from dialplan.flow.machine import Handler

TABLE: dict[str, Handler] = {
    **settings.HANDLERS,
    **jumps.HANDLERS,
    **subroutines.HANDLERS,
    **blocks.HANDLERS,
    **keypad.HANDLERS,
    **people.HANDLERS,
}


def handler_of(name: str, effect: Effect | None) -> Handler:
    """The function for an application that exists."""
    known = TABLE.get(name.strip().lower())
    if known is not None:
        return known
    if effect is not None and effect.person:
        return people.person
    if effect is not None and any(jump.kind is Kind.EXTERNAL for jump in effect.jumps):
        return settings.program
    return settings.ordinary
