"""While … EndWhile (apps/app_while.c) and If … EndIf (apps/app_if.c, since 22): jumps within one extension."""

from __future__ import annotations

from dialplan.flow.jumps import decided
from dialplan.flow.machine import Handler, Machine, Moves, Running, goes_on
from dialplan.flow.model import NO_CHOICE, Choice, Loop, Move, State


def while_(machine: Machine, state: State, running: Running) -> Moves:
    """While: behind EndWhile when the condition is false; without an EndWhile it falls into the body."""
    here = Loop("while", state.context, state.exten, state.priority)
    open_at = next((at for at, one in enumerate(state.loops) if _same(one, here)), None)
    moves: Moves = []
    for choice, truth, now in decided(machine, state, running.data, running.raw):
        if truth:
            loops = now.loops if open_at is not None else (*now.loops, here)
            moves.append(goes_on(now._replace(loops=loops), choice))
        else:
            after = now.loops[open_at].after if open_at is not None else 0
            closed = now._replace(loops=tuple(one for one in now.loops if not _same(one, here)))
            moves.append(_behind(machine, closed, after, choice, "while", "endwhile"))
    return moves


def end_while(machine: Machine, state: State, running: Running) -> Moves:
    """EndWhile and ContinueWhile: back to the While that is open."""
    del machine
    at = next((at for at in reversed(range(len(state.loops))) if state.loops[at].kind == "while"), None)
    if at is None:
        return [goes_on(state)]
    top = state.loops[at]
    if running.name == "EndWhile" and not top.after:
        top = top._replace(after=state.priority + 1)
    loops = (*state.loops[:at], top, *state.loops[at + 1 :])
    back = state._replace(context=top.context, exten=top.exten, priority=top.start, free=state.free, loops=loops)
    return [Move(NO_CHOICE, back)]


def exit_while(machine: Machine, state: State, running: Running) -> Moves:
    """ExitWhile: behind the EndWhile."""
    del running
    at = next((at for at in reversed(range(len(state.loops))) if state.loops[at].kind == "while"), None)
    if at is None:
        return [goes_on(state)]
    after = state.loops[at].after
    closed = state._replace(loops=state.loops[:at] + state.loops[at + 1 :])
    return [_behind(machine, closed, after, NO_CHOICE, "while", "endwhile")]


def _same(one: Loop, other: Loop) -> bool:
    return one[:4] == other[:4]


def _behind(machine: Machine, state: State, after: int, choice: Choice, opener: str, closer: str) -> Move:
    if after:
        return Move(choice, state._replace(priority=after))
    end = matching(machine, state, (opener,), (closer,))
    if end is None:
        return goes_on(state, choice)
    return Move(choice, state._replace(priority=end + 1))


def matching(
    machine: Machine, state: State, openers: tuple[str, ...], stops: tuple[str, ...], closer: str = ""
) -> int | None:
    """The priority behind this one, on its own level, that runs one of `stops`."""
    depth, priority = 0, state.priority + 1
    last = closer or stops[0]
    while True:
        found = next((f for _, f, _ in machine.lookup(state._replace(priority=priority))), None)
        if found is None:
            return None
        name = found.step.application.lower()
        if depth == 0 and name in stops:
            return priority
        if name in openers:
            depth += 1
        elif name == last:
            depth -= 1
        priority += 1


def if_(machine: Machine, state: State, running: Running) -> Moves:
    """If and ElseIf: into the branch that is true, else on to the next ElseIf, Else or EndIf."""
    moves: Moves = []
    for choice, truth, now in decided(machine, state, running.data, running.raw):
        if truth:
            here = Loop("if", now.context, now.exten, now.priority)
            moves.append(goes_on(now._replace(loops=(*now.loops, here)), choice))
            continue
        moves.append(_next_branch(machine, now, choice))
    return moves


def _next_branch(machine: Machine, state: State, choice: Choice) -> Move:
    stop = matching(machine, state, ("if",), ("elseif", "else", "endif"), "endif")
    if stop is None:
        return goes_on(state, choice)
    there = state._replace(priority=stop)
    found = next(f for _, f, _ in machine.lookup(there))
    name = found.step.application.lower() if found else ""
    if name == "elseif":
        return Move(choice, there._replace(loops=(*there.loops, ELSE)))
    here = Loop("if", state.context, state.exten, stop)
    loops = (*there.loops, here) if name == "else" else there.loops
    return goes_on(there._replace(loops=loops), choice)


ELSE = Loop("elseif", "", "", 0)
"""On top while an ElseIf is about to be asked, because nothing before it was true."""


def else_if(machine: Machine, state: State, running: Running) -> Moves:
    """ElseIf: asked when it is jumped to; reached from above, a branch has run and it leads to EndIf."""
    if state.loops and state.loops[-1] == ELSE:
        return if_(machine, state._replace(loops=state.loops[:-1]), running)
    return exit_if(machine, state, running)


def exit_if(machine: Machine, state: State, running: Running) -> Moves:
    """ExitIf, and Else or ElseIf behind a branch that has run: behind the EndIf."""
    del running
    if not state.loops or state.loops[-1].kind != "if":
        return [goes_on(state)]
    closed = state._replace(loops=state.loops[:-1])
    end = matching(machine, closed, ("if",), ("endif",))
    return [goes_on(closed) if end is None else Move(NO_CHOICE, closed._replace(priority=end + 1))]


def end_if(machine: Machine, state: State, running: Running) -> Moves:
    """EndIf."""
    del machine, running
    if state.loops and state.loops[-1].kind == "if":
        state = state._replace(loops=state.loops[:-1])
    return [goes_on(state)]


HANDLERS: dict[str, Handler] = {
    "while": while_,
    "endwhile": end_while,
    "continuewhile": end_while,
    "exitwhile": exit_while,
    "if": if_,
    "elseif": else_if,
    "else": exit_if,
    "exitif": exit_if,
    "endif": end_if,
}
