"""One call with given keys and results, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from dialplan.applications.tables import Table
from dialplan.expression import Value
from dialplan.flow import leaving, subroutines
from dialplan.flow import variables as names
from dialplan.flow.machine import Machine
from dialplan.flow.model import (
    LISTEN,
    NO_CHOICE,
    WAIT,
    At,
    Choice,
    End,
    Ended,
    Inputs,
    Kind,
    Met,
    State,
    Trace,
    TraceStep,
)  # fmt: skip
from dialplan.flow.outside import Answer, Dialled, Entered, Listening, Source, alone, collect
from dialplan.plan.match import Found
from dialplan.plan.model import Plan


class Scripted:
    """An outside that does what the inputs say, and notes what it had to assume."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.keys = [token for key in inputs.keys for token in _tokens(key)]
        self.conditions = list(inputs.conditions)
        self.results = {
            name.lower(): [value] if isinstance(value, str) else list(value) for name, value in inputs.results.items()
        }
        self.notes: list[str] = []

    def next_digit(self) -> str | None:
        """The next key; None for a wait, and when there are no more."""
        while self.keys and self.keys[0] == LISTEN:
            self.keys.pop(0)
        if not self.keys:
            return None
        token = self.keys.pop(0)
        return None if token == WAIT else token

    def dialled(self, machine: Machine, state: State, asked: Listening) -> Sequence[Dialled]:
        """Take keys from the list as long as a longer number is possible."""
        if asked.playing and not self._interrupts(machine, asked):
            return [Dialled(NO_CHOICE, "")]
        if asked.buffer:
            typed = ""
        else:
            first = self.next_digit()
            if first is None:
                return [Dialled(Choice(Kind.SILENCE, WAIT), "", seconds=asked.waits)]
            typed = first
        context = asked.context
        if asked.playing and not alone(machine, context, typed):
            context = state.context  # Background looks in another context for a key that is unique there only
        if typed and typed == asked.ender:
            return [Dialled(Choice(Kind.WRONG, typed), typed)]
        number = collect(machine, context, asked.buffer + typed, self._until(asked.ender), machine.callerid)
        if number == asked.buffer:  # main/pbx.c: after Incomplete, no further digit is a time-out
            return [Dialled(Choice(Kind.SILENCE, WAIT), "", seconds=asked.waits)]
        kind = Kind.KEY if machine.exists(context, number) else Kind.WRONG
        return [Dialled(Choice(kind, number[len(asked.buffer) :]), number, context=context)]

    def _until(self, ender: str) -> Source:
        """The next key, None for one that ends the number."""

        def source() -> str | None:
            digit = self.next_digit()
            return None if digit == ender else digit

        return source

    def _interrupts(self, machine: Machine, asked: Listening) -> bool:
        if self.keys and self.keys[0] == LISTEN:
            self.keys.pop(0)
            return False
        if not self.keys or self.keys[0] == WAIT or not self.inputs.keys_interrupt:
            return False
        return not asked.only_choices or machine.exists(asked.context, self.keys[0])

    def lost(self, choice: Choice) -> Choice:
        """Those behind the first are still to come."""
        self.keys[:0] = choice.value[1:]
        return Choice(Kind.WRONG, choice.value[:1])

    def entered(self, machine: Machine, state: State, name: str, most: int, enders: str = "#") -> Sequence[Entered]:
        """Keys up to `most`, up to one that ends the number, or up to a wait."""
        del machine, state, name
        typed, keys = "", ""
        while len(typed) < most:
            digit = self.next_digit()
            if digit is None:
                return [Entered(Choice(Kind.KEY, keys or WAIT, "Read"), typed, "TIMEOUT")]
            keys += digit
            if digit in enders:
                break
            typed += digit
        return [Entered(Choice(Kind.KEY, keys, "Read"), typed, "OK")]

    def result(self, application: str, variable: str, values: Sequence[str]) -> Sequence[Answer]:
        """What was given for the application or its variable, else the likeliest."""
        for name in (application, variable):
            given = self.results.get(name.lower())
            if given:
                status = given.pop(0) if len(given) > 1 else given[0]
                return [Answer(Choice(Kind.RESULT, status, application), status)]
        status = values[0] if values else ""
        return [Answer(Choice(Kind.RESULT, status, application) if len(values) > 1 else NO_CHOICE, status)]

    def truth(self, kind: str, text: str) -> Sequence[tuple[Choice, bool]]:
        """The next answer of the list; without one it is assumed to be false."""
        if self.conditions:
            answer = self.conditions.pop(0)
        else:
            answer = False
            self.notes.append(f"taken for false, as it cannot be known: {text}")
        return [(Choice(Kind(kind), "true" if answer else "false"), answer)]

    def found(self, several: Sequence[str], kind: str) -> Sequence[tuple[Choice, int]]:
        """Never asked in one call: time and caller are given."""
        del several, kind
        return [(NO_CHOICE, 0)]


def _tokens(key: str) -> list[str]:
    if key in (WAIT, LISTEN):
        return [key]
    return list(key)


def start_state(inputs: Inputs, start: At) -> State:
    """The call at its first priority."""
    pairs: tuple[tuple[str, Value], ...] = ()
    for name, value in inputs.variables.items():
        pairs = names.put(pairs, names.bare(name), value)
    if inputs.callerid is not None and names.get(pairs, "CALLERID(num)") is None:
        pairs = names.put(pairs, "CALLERID(num)", inputs.callerid)
    return State(start.context, start.exten or "s", start.priority, pairs)


def walk(plan: Plan, table: Table, start: At, inputs: Inputs | None = None) -> Trace:
    """Run one call from `start` and say what ran and how it ended. The same inputs give the same trace."""
    inputs = inputs or Inputs()
    outside = Scripted(inputs)
    machine = Machine(plan, table, outside, now=inputs.now, callerid=inputs.callerid)
    machine.missing_sounds = frozenset(inputs.missing_sounds)
    state = start_state(inputs, start)
    steps, end, last, seconds = _run(machine, outside, state, inputs)
    left = [key for key in outside.keys if key not in (WAIT, LISTEN)]
    if left:
        outside.notes.append(f"nothing took the last keys: {','.join(left)}")
    after = _after(machine, outside, last, inputs)
    return Trace(tuple(steps), end, tuple(after), tuple(dict.fromkeys(outside.notes)), seconds)


def _after(machine: Machine, outside: Scripted, state: State, inputs: Inputs) -> list[TraceStep]:
    """What runs when the call is over: `h`, then the hang-up handlers, the last one that was pushed first."""
    machine.hang_up()
    outside.keys.clear()
    steps: list[TraceStep] = []
    if machine.exists(state.context, "h"):
        steps, _, state, _ = _run(machine, outside, state._replace(exten="h", priority=1, free=False), inputs)
    while leaving.handlers(state) and len(steps) < inputs.steps:
        place = leaving.handlers(state)[0]
        state = leaving.without_first(state)
        inside = subroutines.special(machine, state, place)
        if inside is not None:
            more, _, left, _ = _run(machine, outside, inside, inputs)
            steps += more
            state = subroutines.balanced(machine, left, len(state.frames))._replace(
                context=state.context, exten=state.exten, priority=state.priority
            )
    return steps


def _run(
    machine: Machine, outside: Scripted, state: State, inputs: Inputs
) -> tuple[list[TraceStep], End, State, float]:
    steps: list[TraceStep] = []
    seen: set[tuple[State, int, int]] = set()
    clock = leaving.Clock()
    while len(steps) < inputs.steps:
        [(_, found, _)] = machine.lookup(state)
        if found is None and machine.gone:
            return steps, End(Ended.HANGUP, "h is over"), state, clock.seconds
        mark = state, len(outside.keys), sum(map(len, outside.results.values()))
        if mark in seen and not outside.conditions and not inputs.rounds and clock.deadline is None:
            return steps, End(Ended.LOOP, "goes round for ever"), state, clock.seconds
        seen.add(mark)
        move = clock.passed(machine, state, found.step.data if found else "", machine.step(state)[0])
        if clock.deadline is not None:
            outside.notes.append(leaving.COUNTED)
        if found is not None:
            steps.append(_traced(machine, state, found, move.choice))
        if move.state is None:
            return steps, move.end or End(Ended.UNKNOWN), move.last or state, clock.seconds
        state = move.state
    return steps, End(Ended.LIMIT, f"{inputs.steps} steps"), state, clock.seconds


def _traced(machine: Machine, state: State, found: Found, choice: Choice) -> TraceStep:
    application, raw = found.step.application, found.step.data
    value = machine.value(state, raw)
    text = value if isinstance(value, str) else raw
    missing = machine.instruction(application, raw)[2] is None
    return TraceStep(state.context, state.exten, state.priority, application, text, found.step.place, choice, missing)


__all__ = ["Met", "Scripted", "start_state", "walk"]
