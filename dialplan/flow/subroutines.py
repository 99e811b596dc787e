"""Gosub, GosubIf, Return, StackPop (apps/app_stack.c), Macro and MacroExit (apps/app_macro.c, until 20)."""

from __future__ import annotations

from dialplan.expression import Value
from dialplan.flow import variables as names
from dialplan.flow.cutting import call_in, cut, gosub_branches, split
from dialplan.flow.jumps import NoTarget, decided, parse
from dialplan.flow.machine import Handler, Moves, Running, ends, goes_on
from dialplan.flow.model import FORGOTTEN_FRAME, NO_CHOICE, Choice, Ended, Frame, Move, State
from dialplan.light import TYPE_CHECKING

if TYPE_CHECKING:
    from dialplan.flow.machine import Machine

FRAMES = 24
"""Open Gosubs at which exploring stops: deeper ones come from a menu that calls itself."""


def gosub(machine: Machine, state: State, running: Running) -> Moves:
    """Gosub([[context,]exten,]priority[(arguments)]). Quotes and backslashes stay in the arguments (measured)."""
    return _gosub(machine, state, running.data, running.raw)


def _gosub(machine: Machine, state: State, data: Value, raw: str, choice: Choice = NO_CHOICE) -> Moves:
    known = isinstance(data, str)
    text = data if isinstance(data, str) else raw
    place, opened, rest = _place(text)
    arguments = split(rest) if opened else []
    values: list[Value] = [a if known else machine.value(state, a) for a in arguments]
    if not machine.one_call and len(state.frames) >= FRAMES:
        return [ends(Ended.LIMIT, f"{FRAMES} subroutines are open", choice)]
    where = place if known else machine.value(state, place)
    if not isinstance(where, str):
        from dialplan.flow.computed import gosub_somewhere

        return gosub_somewhere(machine, state, place, values, choice)
    target = parse(machine, state, where)
    if isinstance(target, NoTarget):
        return [ends(target.kind, f"the Gosub to {where!r}: {target.text}", choice)]
    if not machine.exists(target.context, target.exten, target.priority):
        if machine.outside_of_files(target.context, target.exten):
            return [ends(Ended.OUTSIDE, f"the Gosub to {where!r} may lead out of the files", choice)]
        text = f"the Gosub to {where!r}: there is no such place"
        return [ends(Ended.DEAD_JUMP, text, choice)]
    inside = enter(machine, state, values)
    return [
        Move(
            choice,
            inside._replace(context=target.context, exten=target.exten, priority=target.priority, free=target.free),
        )
    ]


def _place(text: str) -> tuple[str, bool, str]:
    place, *rest = cut(text, "(", 2)
    if not rest:
        return place, False, ""
    body, closing, _ = rest[0].rpartition(")")
    return place, True, body if closing else rest[0]


def enter(machine: Machine, state: State, arguments: list[Value], macro: bool = False) -> State:
    """Open a frame; ARG1 … are the arguments, those of the outer frame that are left over are empty."""
    outer = state.frames[-1].arguments if state.frames else 0
    count = max(outer, len(arguments))
    fresh: list[tuple[str, Value]] = [
        (f"ARG{at + 1}", arguments[at] if at < len(arguments) else "") for at in range(count)
    ]
    fresh.append(("ARGC", str(len(arguments))))
    kept = tuple((name, machine.read(state, name)) for name, _ in fresh if machine.keeps(name))
    frame = Frame(state.context, state.exten, state.priority, macro, len(arguments), kept)
    for name, value in fresh:
        state = machine.store(state, name, value)
    return state._replace(frames=(*state.frames, frame))


def leave(machine: Machine, state: State) -> State:
    """Close the frame: the variables that it covered are back."""
    del machine
    pairs = state.variables
    for name, value in state.frames[-1].kept:
        pairs = names.put(pairs, name, value)
    return state._replace(frames=state.frames[:-1], variables=pairs)


def gosub_if(machine: Machine, state: State, running: Running) -> Moves:
    """GosubIf(CONDITION?PLACE(ARGUMENTS):PLACE(ARGUMENTS))."""
    known = isinstance(running.data, str)
    text = running.data if isinstance(running.data, str) else running.raw
    test_text, true, false = gosub_branches(text)
    test = test_text if known else machine.value(state, test_text)
    moves: Moves = []
    for choice, truth, here in decided(machine, state, test, gosub_branches(running.raw)[0]):
        place = true if truth else false
        if not place:
            moves.append(goes_on(here, choice))
        else:
            data = place if known else machine.value(here, place)
            moves += _gosub(machine, here, data, place, choice)
    return moves


def gosub_return(machine: Machine, state: State, running: Running) -> Moves:
    """Return: behind the Gosub that is open; without one the call ends."""
    at = len(state.frames)
    while at and state.frames[at - 1].macro:
        at -= 1
    if not at:
        return [ends(Ended.APPLICATION, "Return without Gosub")]
    while len(state.frames) > at:
        state = leave(machine, state)
    frame = state.frames[-1]
    if frame == FORGOTTEN_FRAME:
        return [ends(Ended.UNKNOWN, "where this Return leads to is not known: too many Gosubs were open")]
    back = leave(machine, state)._replace(
        context=frame.context, exten=frame.exten, priority=frame.priority + 1, free=False
    )
    back = machine.store(back, "GOSUB_RETVAL", running.data)
    return [ends(Ended.HANGUP, "the handler is over", last=back) if frame.special else Move(NO_CHOICE, back)]


def special(machine: Machine, state: State, text: str) -> State | None:
    """Inside of a subroutine that no step calls, None when there is no such place."""
    inside = _gosub(machine, state, text, text)[0].state
    if inside is None:
        return None
    return inside._replace(frames=(*inside.frames[:-1], inside.frames[-1]._replace(special=True)))


def balanced(machine: Machine, state: State, frames: int) -> State:
    """With no more frames open than that: a subroutine that did not return."""
    if len(state.frames) > frames:
        while len(state.frames) > frames:
            state = leave(machine, state)
        state = machine.store(state, "GOSUB_RETVAL", "")
    return state


def stack_pop(machine: Machine, state: State, running: Running) -> Moves:
    """StackPop: forget the Gosub that is open."""
    del running
    if not state.frames or state.frames[-1] == FORGOTTEN_FRAME:
        return [goes_on(state)]
    if state.frames[-1].special:
        return [ends(Ended.APPLICATION, "StackPop in a handler", last=state)]
    return [goes_on(leave(machine, state))]


def macro(machine: Machine, state: State, running: Running) -> Moves:
    """Macro(NAME,arguments…): comes back at its end; a context that is missing is skipped."""
    known = isinstance(running.data, str)
    text = running.data if isinstance(running.data, str) else running.raw
    first, *rest = text.split(",") if known else split(text)  # no quote protects a comma (measured)
    name = first if known else machine.value(state, first)
    if not isinstance(name, str):
        return [goes_on(state)]
    context = f"macro-{name.strip()}"
    if not machine.exists(context, "s"):
        return [goes_on(state)]
    if len(state.frames) >= FRAMES and not machine.one_call:
        return [ends(Ended.LIMIT, f"{FRAMES} macros are open")]
    values = [a if known else machine.value(state, a) for a in rest]
    for key, value in (("MACRO_EXTEN", state.exten), ("MACRO_CONTEXT", state.context)):
        state = machine.store(state, key, value)
    inside = enter(machine, state, values, macro=True)
    return [Move(NO_CHOICE, inside._replace(context=context, exten="s", priority=1, free=False))]


def macro_if(machine: Machine, state: State, running: Running) -> Moves:
    """MacroIf(CONDITION?NAME,arguments:NAME,arguments)."""
    known = isinstance(running.data, str)
    text = running.data if isinstance(running.data, str) else running.raw
    test_text, true, false = gosub_branches(text)
    test = test_text if known else machine.value(state, test_text)
    moves: Moves = []
    for choice, truth, here in decided(machine, state, test, gosub_branches(running.raw)[0]):
        call = true if truth else false
        if not call:
            moves.append(goes_on(here, choice))
            continue
        data = call if known else machine.value(here, call)
        made = macro(machine, here, running._replace(data=data, raw=call))
        moves += [move._replace(choice=choice) if choice is not NO_CHOICE else move for move in made]
    return moves


def macro_exit(machine: Machine, state: State, running: Running) -> Moves:
    """MacroExit: back behind the Macro."""
    del running
    if not state.frames or not state.frames[-1].macro:
        return [ends(Ended.APPLICATION, "MacroExit without Macro")]
    frame = state.frames[-1]
    back = leave(machine, state)
    return [
        Move(
            NO_CHOICE,
            back._replace(context=frame.context, exten=frame.exten, priority=frame.priority + 1),
        )
    ]


HANDLERS: dict[str, Handler] = {
    "gosub": gosub,
    "gosubif": gosub_if,
    "return": gosub_return,
    "stackpop": stack_pop,
    "macro": macro,
    "macroexclusive": macro,
    "macroif": macro_if,
    "macroexit": macro_exit,
}

__all__ = ["HANDLERS", "call_in", "enter", "leave"]
