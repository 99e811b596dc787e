"""Jumps whose place is known only in part: every place of the plan that it could be, and a note."""

from __future__ import annotations

from dialplan.expression import Unknown, Value
from dialplan.flow.cutting import cut
from dialplan.flow.machine import Moves, ends
from dialplan.flow.model import NO_CHOICE, Choice, Ended, Kind, Move, State
from dialplan.light import TYPE_CHECKING, pattern

if TYPE_CHECKING:
    from dialplan.flow.machine import Machine

TABLE = pattern(r"\$\{(\w+)\$\{[^{}]+\}\}")
"""A variable whose name is computed: one of [globals] whose names begin like that."""
MOST = 64
"""More places than this are not followed: the call goes somewhere unknown."""


def jump_somewhere(machine: Machine, state: State, raw: str, choice: Choice) -> Moves:
    """Each place that fits what is known."""
    places = [] if machine.one_call else somewhere(machine, state, raw)
    moves: Moves = [ends(Ended.UNKNOWN, f"the place is computed: {raw}", choice)]
    for context, exten, priority, free in places:
        there = State(context, exten, priority, *state[3:6], free, state.met)
        assumed = choice if choice.kind else Choice(Kind.TARGET, f"{context},{exten},{priority}")
        moves.append(Move(assumed, there))
    return moves


def gosub_somewhere(machine: Machine, state: State, raw: str, arguments: list[Value], choice: Choice) -> Moves:
    """The same for a Gosub; it may also just come back."""
    from dialplan.flow.subroutines import enter

    moves: Moves = [ends(Ended.UNKNOWN, f"the place is computed: {raw}", choice)]
    if machine.one_call:
        return moves
    inside = enter(machine, state, arguments)
    for context, exten, priority, free in somewhere(machine, state, raw):
        there = State(context, exten, priority, *inside[3:6], free, inside.met)
        moves.append(Move(choice if choice.kind else Choice(Kind.TARGET, f"{context},{exten}"), there))
    if len(moves) == 1:
        moves.append(Move(choice, state._replace(priority=state.priority + 1)))
    return moves


def somewhere(machine: Machine, state: State, raw: str) -> list[tuple[str, str, int, bool]]:
    """Places in the plan that fit; none when there are too many to mean anything."""
    pieces = cut(raw, ",")[:3]
    values = [machine.value(state, piece) for piece in pieces]
    context, exten, priority = ["", "", *values][-3:] if len(values) < 3 else values
    found: list[tuple[str, str, int, bool]] = []
    for name in _contexts(machine, state, context, pieces[0]):
        for number, free in _extensions(machine, state, name, exten):
            where = _priority(machine, name, number, priority)
            if where is not None:
                found.append((name, number, where, free))
            if len(found) > MOST:
                return []
    return found


def _contexts(machine: Machine, state: State, value: Value, raw: str) -> list[str]:
    if isinstance(value, str):
        return [value or state.context]
    table = TABLE.fullmatch(raw)
    if table:
        named = {text for name, text in machine.plan.globals.items() if name.startswith(table[1])}
        return [name for name in machine.plan.contexts if name in named]
    if value.prefix or value.suffix:
        return [name for name in machine.plan.contexts if value.could_be(name)]
    return []


def _extensions(machine: Machine, state: State, context: str, value: Value) -> list[tuple[str, bool]]:
    if isinstance(value, str):
        return [(value or state.exten, state.free and not value)]
    from dialplan.flow.classes import representatives

    there = machine.plan.contexts.get(context)
    if there is None:
        return []
    found: dict[str, bool] = {}
    for number, free in representatives(machine, context):
        if value.could_be(number) or (free and _only_hole(value)):
            found.setdefault(number, free)
    return list(found.items())


def _only_hole(value: Unknown) -> bool:
    return not value.prefix and not value.suffix


def _priority(machine: Machine, context: str, exten: str, value: Value) -> int | None:
    if not isinstance(value, str):
        return None
    if value.isdigit():
        return int(value)
    from dialplan.plan import match

    label = match.find_label(machine.plan, context, exten, value)
    return label.step.priority if label else None


__all__ = ["NO_CHOICE", "gosub_somewhere", "jump_somewhere", "somewhere"]
