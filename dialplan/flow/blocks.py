"""While … EndWhile (apps/app_while.c) and If … EndIf (apps/app_if.c, since 22): jumps within one extension."""

from __future__ import annotations

from dialplan.flow.jumps import decided
from dialplan.flow.machine import Handler, Machine, Moves, Running, goes_on
from dialplan.flow.model import NO_CHOICE, Choice, Loop, Move, State

WHILE, END, NAME = "while", "end", "name"
"""What Asterisk notes in variables: WHILE_level and END_WHILE_level are places, CONTEXT_EXTEN_PRIORITY is the level."""
IF, IF_NAME = "if", "if name"
"""The same for If."""


def while_(machine: Machine, state: State, running: Running) -> Moves:
    """While: behind EndWhile when the condition is false; without an EndWhile it falls into the body."""
    here = state.context, state.exten, state.priority
    named = next((one for one in state.loops if one[:4] == (NAME, *here)), None)
    level = named.level if named else _top(state) + 1
    moves: Moves = []
    for choice, truth, now in decided(machine, state, running.data, running.raw):
        if truth:
            noted = {Loop(NAME, *here, level)}
            noted |= set() if _noted(now, WHILE, level) else {Loop(WHILE, *here, level)}
            moves.append(goes_on(_with(now, noted), choice))
        else:
            gone = {named, _noted(now, WHILE, level)}
            moves.append(_behind(machine, _without(now, gone), level, choice))
    return moves


def end_while(machine: Machine, state: State, running: Running) -> Moves:
    """EndWhile and ContinueWhile: back to the While that is open."""
    del machine
    top = _noted(state, WHILE, _top(state))
    if top is None:
        return [goes_on(state)]
    if running.name == "EndWhile" and not _noted(state, END, top.level):
        state = _with(state, {Loop(END, state.context, state.exten, state.priority + 1, top.level)})
    return [Move(NO_CHOICE, _at(state, top))]


def exit_while(machine: Machine, state: State, running: Running) -> Moves:
    """ExitWhile: behind the EndWhile; outside of a While it also looks for one."""
    del running
    level = _top(state)
    return [_behind(machine, _without(state, {_noted(state, WHILE, level)}), level, NO_CHOICE)]


def _noted(state: State, kind: str, level: int) -> Loop | None:
    return next((one for one in state.loops if one.level == level and one.kind == kind), None)


def _top(state: State, kind: str = WHILE) -> int:
    """The innermost open While or If, -1 without one."""
    level = 0
    while _noted(state, kind, level):
        level += 1
    return level - 1


def _with(state: State, added: set[Loop]) -> State:
    missing = sorted(added - set(state.loops))
    return state._replace(loops=(*missing, *state.loops)) if missing else state


def _without(state: State, removed: set[Loop | None]) -> State:
    return state._replace(loops=tuple(one for one in state.loops if one not in removed))


def _at(state: State, place: Loop) -> State:
    free = state.free and place.exten == state.exten
    return state._replace(context=place.context, exten=place.exten, priority=place.start, free=free)


def _behind(machine: Machine, state: State, level: int, choice: Choice) -> Move:
    """Where the EndWhile that once ran for this level was, else the one that is found below."""
    end = _noted(state, END, level)
    if end is not None:
        return Move(choice, _at(_without(state, {end}), end))
    found = matching(machine, state, "while", "endwhile")
    return goes_on(state, choice) if found is None else Move(choice, state._replace(priority=found + 1))


def matching(machine: Machine, state: State, opener: str, closer: str, other: str = "") -> int | None:
    """The priority below that closes this block, or that runs `other` on the block's own level."""
    level, priority = 1, state.priority + 1
    while True:
        found = next((f for _, f, _ in machine.lookup(state._replace(priority=priority))), None)
        if found is None:
            return None
        name = found.step.application.lower()
        level += (name == opener) - (name == closer)
        if (level == 1 and name == other) if other else level == 0:
            return priority
        priority += 1


def if_(machine: Machine, state: State, running: Running) -> Moves:
    """If and ElseIf: into the branch, or on to the next ElseIf, behind the Else or the EndIf.

    An ElseIf that is reached from the branch above is asked, too.
    """
    here = state.context, state.exten, state.priority
    named = next((one for one in state.loops if one[:4] == (IF_NAME, *here)), None)
    level = named.level if named else _top(state, IF) + 1
    moves: Moves = []
    for choice, truth, now in decided(machine, state, running.data, running.raw):
        if truth:
            noted = {Loop(IF_NAME, *here, level)}
            noted |= set() if _noted(now, IF, level) else {Loop(IF, *here, level)}
            moves.append(goes_on(_with(now, noted), choice))
        else:
            closed = _without(now, {named, _noted(now, IF, level)})
            moves.append(Move(choice, closed._replace(priority=_next_branch(machine, closed))))
    return moves


def _next_branch(machine: Machine, state: State) -> int:
    end = matching(machine, state, "if", "endif")
    if end is None:
        return state.priority + 1
    for name, behind in (("elseif", 0), ("else", 1)):
        found = matching(machine, state, "if", "endif", name)
        if found is not None and found < end:
            return found + behind
    return end + 1


def exit_if(machine: Machine, state: State, running: Running) -> Moves:
    """ExitIf, and Else behind a branch that has run: behind the EndIf."""
    del running
    closed = _without(state, {_noted(state, IF, _top(state, IF))})
    end = matching(machine, closed, "if", "endif")
    return [goes_on(closed) if end is None else Move(NO_CHOICE, closed._replace(priority=end + 1))]


def end_if(machine: Machine, state: State, running: Running) -> Moves:
    """EndIf."""
    del machine, running
    return [goes_on(_without(state, {_noted(state, IF, _top(state, IF))}))]


HANDLERS: dict[str, Handler] = {
    "while": while_,
    "endwhile": end_while,
    "continuewhile": end_while,
    "exitwhile": exit_while,
    "if": if_,
    "elseif": if_,
    "else": exit_if,
    "exitif": exit_if,
    "endif": end_if,
}
