"""Goto, GotoIf, GotoIfTime, ExecIf, Exec, TryExec (main/pbx_builtins.c, main/pbx.c pbx_parseable_goto)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dialplan.expression import Value, condition
from dialplan.expression.value import UnknowableError, to_bytes_text
from dialplan.flow.cutting import branches, call_in, cut, split
from dialplan.flow.machine import Handler, Machine, Moves, Running, ends, goes_on
from dialplan.flow.model import NO_CHOICE, Choice, End, Ended, Kind, Move, State
from dialplan.flow.outside import alone
from dialplan.light import NamedTuple, pattern
from dialplan.plan import match

NUMBER = pattern(r"[ \t\n\v\f\r]*([+-]?\d{1,30})[ \t\n\v\f\r]*\Z")


class Target(NamedTuple):
    """A place as evaluated. `label` where the priority is none."""

    context: str
    exten: str
    priority: int
    free: bool = False


class NoTarget(NamedTuple):
    """Why a jump goes nowhere."""

    kind: Ended
    text: str


def parse(machine: Machine, state: State, text: str) -> Target | NoTarget:
    """`[[context,]exten,]priority`, relative to the state (pbx_parseable_goto)."""
    if not text:
        return NoTarget(Ended.DEAD_JUMP, "names no place")
    pieces: list[str] = text.split(",")[:3]
    context, exten, priority = [""] * (3 - len(pieces)) + pieces
    free = state.free and not exten
    context, exten = context or state.context, exten or state.exten
    sign = priority[:1] if priority[:1] in ("+", "-") else ""
    found = NUMBER.match(priority[len(sign) :])
    if found:
        number = int(found[1])
        base = state.priority if sign else 0
        return Target(context, exten, base - number if sign == "-" else base + number, free)
    named = pieces[-1][len(sign) :], *pieces[-2:-1], *pieces[-3:-2]  # a place that is left empty has no labels
    label = all(named[1:]) and match.find_label(machine.plan, context, exten, named[0], machine.callerid, machine.when)
    if not label:
        return NoTarget(Ended.DEAD_JUMP, f"{exten} in [{context}] has no label {priority!r}")
    return Target(context, exten, label.step.priority, free)


def jump(machine: Machine, state: State, value: Value, raw: str, choice: Choice = NO_CHOICE) -> Moves:
    """Go there; where the place is not known, to each place that it could be."""
    if not isinstance(value, str):
        from dialplan.flow.computed import jump_somewhere

        return jump_somewhere(machine, state, raw, choice)
    target = parse(machine, state, value)
    if isinstance(target, NoTarget):
        return [ends(target.kind, f"the jump to {value!r}: {target.text}", choice)]
    return [Move(choice, land(state, target))]


def land(state: State, target: Target) -> State:
    """The state at the target."""
    _, _, _, variables, frames, loops, _, met = state
    return State(*target[:3], variables, frames, loops, target.free, met)


def goto(machine: Machine, state: State, running: Running) -> Moves:
    """Goto."""
    return jump(machine, state, running.data, running.raw)


def pieces_of(
    machine: Machine, state: State, running: Running
) -> tuple[Value, tuple[Value, str] | None, tuple[Value, str] | None]:
    """CONDITION?TRUE:FALSE, each evaluated; None for a branch that is not there."""
    known = isinstance(running.data, str)
    text = running.data if isinstance(running.data, str) else running.raw
    parts = branches(text)

    def valued(part: str | None) -> tuple[Value, str] | None:
        if not part:
            return None
        return (part if known else machine.value(state, part)), part

    test = parts[0] if known else machine.value(state, parts[0])
    return test, valued(parts[1]), valued(parts[2])


def decided(
    machine: Machine, state: State, test: Value, raw: str, kind: str = "condition"
) -> Iterator[tuple[Choice, bool, State]]:
    """The outcomes of a condition, each with what is known then."""
    truth = condition(test)
    if truth is not None:
        yield NO_CHOICE, truth, state
        return
    from dialplan.flow.assumptions import assume, remembered

    already = remembered(machine, state, raw)
    if already is not None:
        yield _said(machine, Kind(kind), already), already, state
        return
    for choice, answer in machine.outside.truth(kind, raw):
        yield choice, answer, assume(machine, state, raw, answer)


def _said(machine: Machine, kind: Kind, truth: bool) -> Choice:
    """One call's trace names every answer that no expression gives; a graph only those that part the ways."""
    return Choice(kind, "true" if truth else "false") if machine.one_call else NO_CHOICE


def goto_if(machine: Machine, state: State, running: Running) -> Moves:
    """GotoIf: an empty branch goes on."""
    test, true, false = pieces_of(machine, state, running)
    raw = branches(running.raw)[0]
    moves: Moves = []
    for choice, truth, here in decided(machine, state, test, raw):
        target = true if truth else false
        if target is None:
            moves.append(goes_on(here, choice))
        else:
            moves += jump(machine, here, target[0], target[1], choice)
    return moves


def in_times(machine: Machine, state: State, spec: Value, raw: str) -> Iterator[tuple[Choice, bool, State]]:
    """Is it that time? Asked of the outside when the time is not known."""
    known = machine.hours is None or spec in machine.hours.specs
    if isinstance(spec, str) and machine.when is not None and known:
        from dialplan.expression.timing import in_time  # loads the time zones

        try:
            truth = in_time(to_bytes_text(spec), machine.when)
        except UnknowableError:
            pass
        else:
            yield _said(machine, Kind.TIME, truth), truth, state
            return
    from dialplan.flow.assumptions import assume, remembered

    key = f"time {raw}"
    already = remembered(machine, state, key)
    if already is not None:
        yield _said(machine, Kind.TIME, already), already, state
        return
    for choice, answer in machine.outside.truth(Kind.TIME, raw):
        yield choice, answer, assume(machine, state, key, answer)


def goto_if_time(machine: Machine, state: State, running: Running) -> Moves:
    """GotoIfTime."""
    spec, true, false = pieces_of(machine, state, running)
    moves: Moves = []
    for choice, truth, here in in_times(machine, state, spec, branches(running.raw)[0]):
        target = true if truth else false
        if target is None:
            moves.append(goes_on(here, choice))
        else:
            moves += jump(machine, here, target[0], target[1], choice)
    return moves


def exec_if(machine: Machine, state: State, running: Running) -> Moves:
    """ExecIf(CONDITION?APP(ARGUMENTS):APP(ARGUMENTS))."""
    return _exec_branches(machine, state, running, timed=False)


def exec_if_time(machine: Machine, state: State, running: Running) -> Moves:
    """ExecIfTime(TIMES?APP(ARGUMENTS))."""
    return _exec_branches(machine, state, running, timed=True)


def _exec_branches(machine: Machine, state: State, running: Running, timed: bool) -> Moves:
    known = isinstance(running.data, str)
    text = running.data if isinstance(running.data, str) else running.raw
    pieces = _exec_time_pieces if timed else _exec_pieces
    test_text, calls = pieces(text)
    raw_test, _ = pieces(running.raw)
    if not calls:
        return [ends(Ended.APPLICATION, f"{running.name} has nothing to run")]
    test = test_text if known else machine.value(state, test_text)
    answers = in_times(machine, state, test, raw_test) if timed else decided(machine, state, test, raw_test)
    moves: Moves = []
    for choice, truth, here in answers:
        call = calls[0] if truth else (calls[1] if len(calls) > 1 else "")
        if not call and truth:
            moves.append(ends(Ended.NO_APPLICATION, f"{running.name} has nothing to run", choice))
        elif not call:
            moves.append(goes_on(here, choice))
        else:
            moves += [_with(choice, move) for move in nested(machine, here, call, known)]
    return moves


def _exec_pieces(text: str) -> tuple[str, Sequence[str]]:
    """Condition and calls; with a comma before any `?` the old form EXPR,APP,ARGUMENTS (apps/app_exec.c)."""
    head = cut(text, "?", 2)
    if len(cut(head[0], ",", 2)) == 2 or len(head) == 1:
        test, *rest = split(text)
        return test, [f"{rest[0]}({','.join(rest[1:])})" if rest else ""]
    test, *others = split(text, "?")
    remainder = "?".join(others)
    return test, split(remainder, ":")[:2] if remainder else []


def _exec_time_pieces(text: str) -> tuple[str, Sequence[str]]:
    """The times hold commas, and there is no second branch (main/pbx_builtins.c)."""
    test, *rest = cut(text, "?", 2)
    return test, rest


def nested(machine: Machine, state: State, text: str, known: bool) -> Moves:
    """Run APP(ARGUMENTS) in the place of this priority; no blank may stand about the name."""
    name, arguments = call_in(text)
    application, effect, handler, raw = machine.instruction(name, arguments)
    if handler is None or name != name.strip():
        return [ends(Ended.NO_APPLICATION, f"there is no application {name!r}")]
    data = arguments if known else machine.value(state, raw)
    return handler(machine, state, Running(application, effect, data, raw))


def execute(machine: Machine, state: State, running: Running) -> Moves:
    """Exec: runs what its argument names."""
    known = isinstance(running.data, str)
    text = running.data if isinstance(running.data, str) else running.raw
    return nested(machine, state, text, known) if text else [goes_on(state)]


def try_exec(machine: Machine, state: State, running: Running) -> Moves:
    """TryExec: a call that fails or would end only sets TRYSTATUS; a key that it has taken is lost."""
    if running.data == "":
        return [goes_on(state)]
    moves: Moves = []
    for move in execute(machine, state, running):
        if _key_lost(machine, state, running, move):
            made = machine.outside.lost(move.choice)
            on = goes_on(machine.store(state, "TRYSTATUS", "FAILED"), made, move.seconds)
            moves += [] if on in moves else [on]
        elif move.state is not None:
            moves.append(move._replace(state=machine.store(move.state, "TRYSTATUS", "SUCCESS")))
        elif move.end is not None and (move.end.kind in OPEN or move.end == HANGUP):
            moves.append(move)
        else:
            missing = move.end is not None and move.end.kind is Ended.NO_APPLICATION
            here = machine.store(move.last or state, "TRYSTATUS", "NOAPP" if missing else "FAILED")
            moves.append(goes_on(here, move.choice, move.seconds))
    return moves


def _key_lost(machine: Machine, state: State, running: Running, move: Move) -> bool:
    """TryExec takes the key for a failure, unless Background has gone to its extension already (measured)."""
    kind, keys, application = move.choice
    if kind not in (Kind.KEY, Kind.WRONG) or application:
        return False
    return "background" not in running.raw.lower() or not alone(machine, state.context, keys[:1])


OPEN = (Ended.UNKNOWN, Ended.OUTSIDE, Ended.STAYS, Ended.LIMIT)
"""Ends that are none of the call's own."""
HANGUP = End(Ended.HANGUP, "Hangup")
"""Hangs up itself; others that end a call only fail, which TryExec forgives."""


def _with(choice: Choice, move: Move) -> Move:
    return move if choice is NO_CHOICE else move._replace(choice=choice)


HANDLERS: dict[str, Handler] = {
    "goto": goto,
    "gotoif": goto_if,
    "gotoiftime": goto_if_time,
    "execif": exec_if,
    "execiftime": exec_if_time,
    "exec": execute,
    "tryexec": try_exec,
}
