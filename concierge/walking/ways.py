"""PURE: the keys of the calls that together take every edge of the menus, each with the model's path of the call."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dialplan.applications.tables import Table
from dialplan.flow import At, Inputs, Trace, TraceStep, walk
from dialplan.flow.explore import machine_of
from dialplan.flow.machine import Machine
from dialplan.flow.model import WAIT, Choice, Kind, State
from dialplan.plan.model import Plan
from dialplan.subject import Subject

LISTENING = frozenset({"background", "waitexten", "read", "readexten", "waitdigit"})
DECISIONS = (Kind.KEY, Kind.WRONG, Kind.SILENCE)
NOBODY = {"Dial": "CHANUNAVAIL", "RetryDial": "CHANUNAVAIL", "Queue": "JOINEMPTY"}
_STEPS = 2000

Menu = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Press:
    """What the caller does in one menu. Empty: nothing, until the menu goes on. `pause`: a longer number may follow."""

    keys: str
    pause: bool = False

    def __str__(self) -> str:
        """For people."""
        return self.keys or WAIT


@dataclass(frozen=True, slots=True)
class Way:
    """One call. `decided`: of each press, the step of the trace that takes it. `until`: what comes behind that step
    of the trace is another call's to look at. `failed`: the places of the same call where no person can be reached.
    """

    presses: tuple[Press, ...]
    trace: Trace
    decided: tuple[int, ...]
    until: int
    failed: frozenset[tuple[str, str, int]] = frozenset()

    @property
    def keys(self) -> str:
        """As `concierge trace --keys` takes them."""
        return ",".join(map(str, self.presses)) or WAIT


@dataclass(slots=True)
class Ways:
    """`edges`: keys and silences of menus that were found; `left`: those that no way takes, for want of calls or depth;
    `unknown`: menus that take a number which nothing names.
    """

    ways: list[Way] = field(default_factory=list)
    edges: int = 0
    left: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the calls begin, when, and from which number; `most` calls of at most `depth` keys and silences."""

    at: At
    now: datetime
    caller: str = ""
    most: int = 30
    depth: int = 4


def ways_of(plan: Plan, table: Table, asked: Asked) -> Ways:
    """Shortest first: a menu's keys are tried after the shortest keys that lead to it."""
    return _Planner(plan, table, asked).run()


class _Planner:
    def __init__(self, plan: Plan, table: Table, asked: Asked) -> None:
        self.plan, self.table, self.asked = plan, table, asked
        self.machine = _machine(plan, table, asked.now)
        self.found = Ways()
        self.silent: set[Menu] = set()
        self.known: set[Menu] = set()
        self.waiting: deque[tuple[Press, ...]] = deque([()])

    def run(self) -> Ways:
        while self.waiting:
            presses = self.waiting.popleft()
            if len(self.found.ways) >= self.asked.most or len(presses) > self.asked.depth:
                self.found.left.append(",".join(map(str, presses)) or WAIT)
            else:
                self._go(presses)
        self.found.edges = len(self.found.ways) + len(self.found.left) + len(self.silent) - 1
        return self.found

    def _go(self, presses: tuple[Press, ...]) -> None:
        tokens = [token for one in presses for token in _tokens(one)]
        trace = self._walk(tokens, {})
        decided = tuple(at for at, step in enumerate(trace.steps) if step.choice.kind in DECISIONS)
        if len(decided) < len(presses):
            return
        begin = decided[len(presses) - 1] + 1 if presses else 0
        until = self._look_on(presses, trace, begin)
        dead = self._walk(tokens, NOBODY).steps
        failed = frozenset((one.context, one.exten, one.priority) for one in dead)
        self.found.ways.append(Way(presses, trace, decided[: len(presses)], until, failed))

    def _walk(self, tokens: Sequence[str], results: Mapping[str, str]) -> Trace:
        inputs = Inputs(tokens, results, now=self.asked.now, callerid=self.asked.caller, steps=_STEPS)
        return walk(self.plan, self.table, self.asked.at, inputs)

    def _look_on(self, presses: tuple[Press, ...], trace: Trace, begin: int) -> int:
        """The menus behind the last key, where nothing more is pressed: their keys are tried later."""
        silences: tuple[Press, ...] = ()
        for at in range(begin, len(trace.steps)):
            step = trace.steps[at]
            if step.application.lower() in LISTENING:
                menu = step.context, step.exten
                if menu not in self.known:
                    self.known.add(menu)
                    self.waiting.extend((*presses, *silences, one) for one in self._keys(step))
                if menu in self.silent and not _goes_on(trace.steps, at):
                    return at
            if step.choice.kind is Kind.SILENCE or step.choice.value == WAIT:
                self.silent.add((step.context, step.exten))
                silences = (*silences, Press(""))
        return len(trace.steps) - 1

    def _keys(self, step: TraceStep) -> Iterator[Press]:
        state = State(step.context, step.exten, step.priority)
        for choice in dict.fromkeys(move.choice for move in self.machine.step(state)):
            if choice.kind in (Kind.KEY, Kind.WRONG) and choice.value != WAIT:
                if choice.value.strip("0123456789*#"):
                    self.found.unknown.append(f"{step.context},{step.exten},{step.priority}")
                else:
                    yield self._press(step, choice)

    def _press(self, step: TraceStep, choice: Choice) -> Press:
        if step.application.lower() == "read":
            most = (step.data.split(",") + [""] * 3)[2].strip()
            ends = "#" in choice.value or (most.isdigit() and len(choice.value) >= int(most) > 0)
            return Press(choice.value if ends else choice.value + "#")
        return Press(choice.value, self.machine.more(step.context, choice.value))


def _goes_on(steps: tuple[TraceStep, ...], at: int) -> bool:
    """Is it the same menu's next chance to press, not a new round?"""
    before = steps[at - 1] if at else None
    here = steps[at]
    return before is not None and before[:2] == here[:2] and before.priority < here.priority


def _machine(plan: Plan, table: Table, now: datetime) -> Machine:
    """Says what may be pressed at a place, at this time."""
    machine = machine_of(Subject(plan, table))
    machine.hours, machine.when = None, now
    return machine


def _tokens(press: Press) -> tuple[str, ...]:
    if not press.keys:
        return (WAIT,)
    return (press.keys, WAIT) if press.pause else (press.keys,)
