"""All calls from some entries, breadth first: so the first way to a place is a shortest one."""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Iterable

from dialplan.applications.arguments import cut, is_literal
from dialplan.applications.tables import Table
from dialplan.finding import Spot, Unknown
from dialplan.flow.everything import Everything
from dialplan.flow.machine import Machine
from dialplan.flow.model import FORGOTTEN_FRAME, NO_CHOICE, WIDENED, At, Edge, End, Ended, Limits, Space, State
from dialplan.flow.slicing import Slice, slice_of
from dialplan.light import TYPE_CHECKING
from dialplan.plan.model import Place, Plan
from dialplan.subject import Subject

if TYPE_CHECKING:
    from dialplan.flow.hours import Hours


def machine_of(subject: Subject, kept: Slice | None = None) -> Machine:
    """The machine that explores a plan."""
    kept = kept or slice_of(subject)
    machine = Machine(
        subject.plan,
        subject.table,
        Everything(kept),
        kept=kept,
        assigned=kept.assigned,
        counters=kept.counters,
        one_call=False,
        operators=subject.operators,
        hours=_hours(subject),
    )
    machine.limited = any("TIMEOUT(abs" in call.data for _, call in subject.by_application.get("set", ()))
    return machine


def _hours(subject: Subject) -> Hours | None:
    """The hours to tell apart; most plans have no includes with times."""
    if not any(include.timing for context in subject.plan.contexts.values() for include in context.includes):
        return None
    from dialplan.flow.hours import Hours

    named = (subject.by_application.get(name, ()) for name in ("gotoiftime", "execiftime"))
    specs = (cut(call.data, "?", 2)[0] for calls in named for _, call in calls)
    return Hours(subject.plan, (spec for spec in specs if is_literal(spec)))


def explore(
    plan: Plan,
    table: Table,
    entries: Iterable[At],
    limits: Limits | None = None,
    subject: Subject | None = None,
) -> Space:
    """The graph of all calls. What was left out for want of time or space is in its `unknown`."""
    machine = machine_of(subject or Subject(plan, table))
    search = Search(machine, limits or Limits())
    for entry in entries:
        search.enter(State(entry.context, entry.exten, entry.priority))
    search.run()
    return search.space


NOTHING_KNOWN = ((WIDENED, "1"),)


class Search:
    """Enter states, run, enter more."""

    def __init__(self, machine: Machine, limits: Limits) -> None:
        self.machine, self.limits = machine, limits
        self.space = Space()
        self._deadline = time.process_time() + limits.seconds
        self._index: dict[State, int] = {}
        self._variants: dict[tuple[object, ...], int] = {}
        self._waiting: deque[int] = deque()
        self._told: set[str] = set()
        self._told_of: set[str] = set()
        self._visited: set[tuple[str, str]] = set()

    def visited(self, context: str, exten: str) -> bool:
        """Has a call been there?"""
        return (context, exten) in self._visited

    def enter(self, state: State) -> None:
        """A place where calls begin."""
        if self.machine.hours is not None and self.machine.hours.too_many:
            self.tell("too-many-hours", "the times of includes were not told apart: too many, or of two zones", state)
        self.space.entries.append(self._number(state, None))

    def _number(self, state: State, parent: tuple[int, Edge] | None) -> int:
        """The state's number; a new one gets the next, and `parent`."""
        number = self._index.get(state)
        if number is not None:
            return number
        if state.variables or state.frames:
            state = self._narrow(state)
            number = self._index.get(state)
            if number is not None:
                return number
        space = self.space
        number = self._index[state] = len(space.states)
        space.states.append(state)
        space.found.append(None)
        space.edges.append([])
        space.parents.append(parent)
        self._visited.add(state[:2])
        self._waiting.append(number)
        return number

    def _narrow(self, state: State) -> State:
        """Beyond the limit all variants of a place are one, of which nothing but the last Gosub is known."""
        context, exten, priority, _, frames, _, free, met = state
        place = context, exten, priority
        count = self._variants[place] = self._variants.get(place, 0) + 1
        if count <= self.limits.variants:
            return state
        if context not in self._told_of:
            self._told_of.add(context)
            self.tell("too-many-variants", f"more than {self.limits.variants} variants of [{context}]", state)
        if frames:
            last = frames[-1]
            if last.kept:
                last = last._replace(kept=())
            frames = (FORGOTTEN_FRAME, last) if len(frames) > 1 else (last,)
        return State(context, exten, priority, NOTHING_KNOWN, frames, (), free, met)

    def tell(self, reason: str, message: str, state: State) -> None:
        """Something was not looked at; said once."""
        self.space.complete = False
        if message in self._told:
            return
        self._told.add(message)
        found = self.machine.possible(*state[:3])
        place = (
            found[0].step.place if found else Place(self.machine.plan.files[0] if self.machine.plan.files else "", 0, 0)
        )
        spot = Spot(place, state.context, state.exten, state.priority)
        self.space.unknown.append(Unknown(reason, message, spot))

    def run(self) -> None:
        """Until everything is looked at, or a limit is reached."""
        collecting = gc.isenabled()
        gc.disable()  # nothing here is garbage, and looking for it takes a third of the time
        try:
            self._run()
        finally:
            if collecting:
                gc.enable()

    def _run(self) -> None:
        deadline = self._deadline
        waiting, space = self._waiting, self.space
        while waiting:
            number = waiting.popleft()
            if len(space.states) > self.limits.states or (not number & 1023 and time.process_time() > deadline):
                state = space.states[number]
                self.tell("limit", f"stopped after {len(space.states)} states", state)
                waiting.appendleft(number)
                self._cut_off()
                return
            self._expand(number)

    def _cut_off(self) -> None:
        """What was not looked at may do anything."""
        for number in self._waiting:
            edge = Edge(NO_CHOICE, -1, End(Ended.LIMIT, "not looked at"), 0)
            self.space.edges[number].append(edge)
        self._waiting.clear()

    def _expand(self, number: int) -> None:
        space = self.space
        state = space.states[number]
        space.found[number], moves = self.machine.expand(state)
        edges = space.edges[number]
        seen = set()
        for choice, after, end, seconds, _ in moves:
            if after is None:
                edges.append(Edge(choice, -1, end, seconds))
                continue
            ahead = len(space.states)
            target = self._number(after, None)
            edge = Edge(choice, target, None, seconds)
            if target == ahead:
                space.parents[target] = number, edge
            key = target, choice
            if key not in seen:
                seen.add(key)
                edges.append(edge)
