"""The step function: what a call does next. Both `walk` and `explore` run on it and on nothing else."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

from dialplan.applications import effects
from dialplan.applications.effect import Effect
from dialplan.applications.tables import Table
from dialplan.expression import Evaluation, Unknown, Value, World, evaluation
from dialplan.flow import variables as names
from dialplan.flow.memory import Memory, Seen, Transitions
from dialplan.flow.model import FORGOTTEN_FRAME, HOURS, NO_CHOICE, WIDENED, At, Choice, End, Ended, Kind, Move, State
from dialplan.flow.operators import Operators
from dialplan.flow.outside import Outside
from dialplan.light import TYPE_CHECKING, Any, NamedTuple, pattern
from dialplan.places import Places
from dialplan.plan import match
from dialplan.plan.match import Found, Status
from dialplan.plan.model import Context, Plan
from dialplan.plan.patterns import Mode

if TYPE_CHECKING:
    from datetime import datetime

    from dialplan.flow.hours import Hours

Moves = list[Move]
CHANGING = pattern(r"SET\(|INC\(|DEC\(|SHIFT\(|POP\(|EVAL|ODBC|REALTIME|QUEUE_VARIABLES")
"""Functions that may set variables while data is evaluated."""


class Running(NamedTuple):
    """An application as it runs. `data` is evaluated; `raw` as written, for what `data` leaves unknown."""

    name: str
    effect: Effect | None
    data: Value
    raw: str


Handler = Callable[["Machine", State, Running], Moves]


class Machine:
    """One plan on one version of Asterisk, with somebody (`outside`) to answer what the plan does not decide.

    `kept`: the variables that are remembered, None for all; `counters` among them survive programs. `assigned`:
    those that are empty before the plan sets them; others are not known, unless `kept` is None. `now`, `callerid`:
    of the one call that is walked. `operators`: places that count as a person. `hours`: told apart where several calls
    are looked at; `when` is the moment that stands for those of the state that is expanded, None for any time.
    """

    def __init__(
        self,
        plan: Plan,
        table: Table,
        outside: Outside,
        *,
        kept: Container[str] | None = None,
        assigned: Mapping[str, Value] | None = None,
        counters: Container[str] = (),
        now: datetime | None = None,
        callerid: str | None = None,
        one_call: bool = True,
        operators: Iterable[At] = (),
        hours: Hours | None = None,
    ) -> None:
        self.operators = Operators(operators)
        self.missing_sounds: frozenset[str] = frozenset()
        self.plan, self.table, self.outside = plan, table, outside
        self.kept, self.assigned, self.counters = kept, assigned or {}, counters
        self.now, self.callerid, self.one_call = now, callerid, one_call
        self.when, self.hours = now, hours
        self.version = int("".join(c for c in table.version if c.isdigit())[:2] or 22)
        missing: Value = "" if kept is None else Unknown.because("variable", "nothing in the plan sets it")
        self.world = World(plan.globals, missing, self._exists_for_function, self._function, self.version)
        self.places = Places(plan)
        self._seen: Seen | None = None
        self._found: dict[tuple[str, str, int], tuple[Found, ...]] = {}
        self._serving: dict[tuple[str, str], match.Serving] = {}
        self._applications: dict[tuple[str, bool], tuple[str, Effect | None, Handler | None]] = {}
        self._memory = Memory(self.kept, self.assigned)
        self._transitions = Transitions()
        self._more: dict[tuple[str, str, str | None], bool] = {}
        self._known: dict[int, tuple[str, Effect | None, Handler | None, str, bool]] = {}
        self._of_hours: dict[datetime | None, tuple[Any, ...]] = {}
        self.gone = False
        self.limited = False

    def hang_up(self) -> None:
        """From now on the caller is gone: applications run as in `h`."""
        self.gone = True
        self._known.clear()
        self._applications.clear()

    def forget_all(self) -> None:
        """Give up what is remembered for speed: there is more of it than of anything else."""
        self._found.clear()
        self._serving.clear()
        self._known.clear()
        self._memory = Memory(self.kept, self.assigned)
        self._transitions = Transitions()
        self._of_hours.clear()
        if not self.one_call:
            self.when = None

    # ---- hours

    def _enter_hours(self, state: State) -> Moves:
        """Look at the plan as it is in the state's hours; where they matter first, the hours to choose from."""
        assert self.hours is not None  # noqa: S101 - asked before
        noted = names.get(state.variables, HOURS)
        moment = self.hours.moments[noted] if isinstance(noted, str) else None
        if moment != self.when:
            self._of_hours[self.when] = self._found, self._serving, self._more, self._memory, self._transitions
            fresh: tuple[Any, ...] = {}, {}, {}, Memory(self.kept, self.assigned), Transitions()
            there = self._of_hours.get(moment, fresh)
            self._found, self._serving, self._more, self._memory, self._transitions = there
            self.when = moment
        if moment is not None or names.get(state.variables, WIDENED) or not self._depends_on_hours(state):
            return []
        return [
            Move(Choice(Kind.TIME, text), with_variables(state, names.put(state.variables, HOURS, text)))
            for text in self.hours.moments
        ]

    def _depends_on_hours(self, state: State) -> bool:
        if any(include.timing for part in self.parts(state.context) for include in part.includes):
            return True
        found = self.possible(*state[:3])
        return bool(found) and found[0].step.application.lower() in ("gotoiftime", "execiftime")

    # ---- looking up

    def lookup(self, state: State) -> list[tuple[Choice, Found | None, State]]:
        """The step that is about to run; several where the time or the caller decides."""
        if self.one_call:
            outcome = match.search(self.plan, state.context, state.exten, state.priority, self.callerid, self.when)
            return [(NO_CHOICE, outcome.found, state)]
        found = self.possible(*state[:3])
        if len(found) < 2:
            return [(NO_CHOICE, found[0] if found else None, state)]
        return self._one_of(state, found)

    def possible(self, context: str, exten: str, priority: int) -> tuple[Found, ...]:
        """All steps that may run here, for some caller at some time."""
        key = context, exten, priority
        known = self._found.get(key)
        if known is None:
            number = context, exten
            serving = self._serving.get(number)
            if serving is None:
                serving = self._serving[number] = match.serving(self.plan, context, exten, self.when)
            known = self._found[key] = match.at_priority(serving, priority)
        return known

    def _one_of(self, state: State, found: tuple[Found, ...]) -> list[tuple[Choice, Found | None, State]]:
        note = "@" + state.context
        known = names.get(state.variables, note)
        labels = [f"{one.context}/{one.extension.cid or ''}" for one in found]
        if known in labels:
            return [(NO_CHOICE, found[labels.index(str(known))], state)]
        by_caller = any(one.extension.cid is not None for one in found)
        kind = Kind.CALLER if by_caller else Kind.TIME
        return [
            (choice, found[at], state._replace(variables=names.put(state.variables, note, labels[at])))
            for choice, at in self.outside.found(labels, kind)
        ]

    def exists(self, context: str, exten: str, priority: int = 1) -> bool:
        """ast_exists_extension, for some caller at some time unless there is one call only."""
        if self.one_call:
            return match.find(self.plan, context, exten, priority, self.callerid, self.when) is not None
        return bool(self.possible(context, exten, priority))

    def more(self, context: str, buffer: str, caller: str | None = None) -> bool:
        """ast_matchmore_extension: may a longer number match?"""
        key = context, buffer, caller
        known = self._more.get(key)
        if known is None:
            outcome = match.search(self.plan, context, buffer, 1, caller, self.when, Mode.MATCHMORE)
            known = self._more[key] = outcome.found is not None
        return known

    def parts(self, context: str) -> tuple[Context, ...]:
        """The context and all that it includes, in the order of search."""
        return self.places.path(context)

    def outside_of_files(self, context: str, exten: str) -> bool:
        """True when a switch or a context that is not in the files might have the extension."""
        outcome = match.search(self.plan, context, exten, 1, self.callerid, self.when)
        return outcome.found is None and bool(outcome.unknown)

    # ---- evaluating

    def evaluate(self, state: State, text: str) -> tuple[Value, State]:
        """The text as an application gets it, and the state with what evaluating it has changed."""
        if "$" not in text:
            return text, state
        result = self._memory.evaluation(text, state, self._evaluation) if not self.one_call else None
        if result is None:
            result = self._evaluation(text, state)[0]
        for name, value in result.changes.items():
            state = self.store(state, name, value)
        for name, value in result.global_changes.items():
            state = self.store(state, f"GLOBAL({name})", value)
        if result.uncertain and not self.one_call:
            state = self.forget(state)
        return result.value, state

    def value(self, state: State, text: str) -> Value:
        """The same without its effects."""
        return self.evaluate(state, text)[0]

    def _evaluation(self, text: str, state: State) -> tuple[Evaluation, Seen]:
        """The result, and what of the state it depends on."""
        self._seen = seen = Seen(state, self.kept, self.assigned)
        return evaluation(text, seen, world=self.world, now=self.now), seen

    def _exists_for_function(self, context: str, exten: str, priority: str) -> bool | None:
        number = priority or "1"
        if not self.plan.contexts.get(context):
            return False
        if not exten and not priority:
            return True
        if number.isdigit():
            return self.exists(context, exten, int(number))
        return match.find_label(self.plan, context, exten, number, self.callerid, self.when) is not None

    def _function(self, name: str, data: str) -> Value | None:
        """Functions that are known from the call: those that were set, and LOCAL."""
        if self._seen is None:
            return None
        if name == "LOCAL":
            there, held = self._seen.own(data)
            return held if there else self._missing(data)
        known = self._seen.stored(f"{name}({data})")
        return "" if known is None and name == "EXCEPTION" and self.one_call else known

    def _missing(self, name: str) -> Value:
        return self.assigned.get(name, self.world.missing)

    # ---- variables

    def keeps(self, name: str) -> bool:
        """Is the variable remembered?"""
        return self.kept is None or name in self.kept

    def store(self, state: State, name: str, value: Value) -> State:
        """Set a variable, as Set and all applications do."""
        bare = names.bare(name)
        if not self.keeps(bare):
            return state
        if not self.one_call:
            if not isinstance(value, str):
                value = names.widened(value)
            return with_variables(state, names.put(names.without_answers(state.variables, bare), bare, value))
        return with_variables(state, names.put(state.variables, bare, value))

    def read(self, state: State, name: str) -> Value | None:
        """A channel variable that was set, else None."""
        return names.get(state.variables, name)

    def forget(self, state: State) -> State:
        """A program may have set variables: what is no counter is not known any more."""
        return state._replace(variables=names.forgotten(state.variables, self.counters))

    # ---- running

    def step(self, state: State) -> Moves:
        """Everything that may happen next. (`walk` and `explore` differ in `outside` alone.)"""
        return self.expand(state)[1]

    def expand(self, state: State) -> tuple[Found | None, Moves]:
        """The same, with the step that runs; None where there is none, or where the time or the caller decides."""
        if self.one_call:
            several = self.lookup(state)
            found = several[0][1]
        else:
            if self.hours is not None and self.hours.moments and (hours := self._enter_hours(state)):
                return None, hours
            there = self.possible(*state[:3])
            several = self._one_of(state, there) if len(there) > 1 else []
            found = there[0] if len(there) == 1 else several[0][1] if len(several) == 1 else None
        if self.operators and self.operators.take(state, found):
            return found, [ends(Ended.PERSON, "the operator takes the call")]
        if len(several) > 1:
            return None, [Move(choice, here) for choice, _, here in several]
        if found is None:
            return None, self.nothing_here(state)
        if self.one_call:
            return found, self.run(state, found)
        moves = self._transitions.moves(state, id(found), lambda here: self.run(here, found))
        if self.limited and state.variables:
            from dialplan.flow.leaving import time_over

            moves = [*moves, *time_over(self, state, found.step)]
        return found, moves

    def run(self, state: State, found: Found) -> Moves:
        """Run the application of a step."""
        name, effect, handler, raw, idle = self._instruction(found)
        if handler is None:
            return [Move(NO_CHOICE, end=End(Ended.NO_APPLICATION, f"there is no application {name}"))]
        if idle:
            return handler(self, state, Running(name, effect, raw, raw))
        data, state = self.evaluate(state, raw)
        moves = handler(self, state, Running(name, effect, data, raw))
        return [left(move, state) for move in moves] if self.one_call else moves

    def _instruction(self, found: Found) -> tuple[str, Effect | None, Handler | None, str, bool]:
        step = found.step
        known = self._known.get(id(step))
        if known is None:
            made = self.instruction(step.application, step.data)
            known = self._known[id(step)] = (*made, not self.one_call and self._idle(*made))
        return known

    def _idle(self, _: str, effect: Effect | None, handler: Handler | None, data: str) -> bool:
        """Does it not matter what the data holds? So when no variable that is kept can be set by it."""
        if "$" not in data:
            return True
        if CHANGING.search(data):
            return False
        from dialplan.flow.settings import ordinary, playback, set_

        if handler in (ordinary, playback):
            return effect is not None and effect.wait is None
        return (
            handler is set_ and "$" not in data.partition("=")[0] and not self.keeps(names.bare(data.partition("=")[0]))
        )

    def instruction(self, application: str, data: str) -> tuple[str, Effect | None, Handler | None, str]:
        """What runs for this name in this version; None when Asterisk has no such application."""
        key = application, not data
        known = self._applications.get(key)
        if known is None:
            from dialplan.flow.handlers import handler_of

            effect = effects.find(application)
            name = effect.name if effect else application
            there = self.table.find(application) is not None
            handler = None
            if there or "${" in application:
                handler = handler_of(name, effect, self.gone, self.one_call or not data)
            known = self._applications[key] = name, effect, handler
        return (*known, data)

    # ---- ends

    def nothing_here(self, state: State) -> Moves:
        """No such priority (main/pbx.c __ast_pbx_run, after the loop over priorities)."""
        from dialplan.flow.dialling import ask, invalid

        if not self.exists(state.context, state.exten):
            if state.context not in self.plan.contexts:
                text = f"there is no context [{state.context}]"
                return [Move(NO_CHOICE, end=End(Ended.DEAD_JUMP, text))]
            return invalid(self, state, state.exten)
        if state.frames and state.frames[-1].macro:
            return [Move(NO_CHOICE, macro_ended(self, state))]
        if state.frames and state.frames[-1] == FORGOTTEN_FRAME:
            return [ends(Ended.UNKNOWN, "too many Gosubs and Macros were open to know where the call goes on")]
        if self.plan.options.autofallthrough:
            status = self.read(state, "DIALSTATUS")
            seconds = 10.0 if status in ("BUSY", "CONGESTION", "CHANUNAVAIL") else 0.0
            text = f"{state.exten} in [{state.context}] has no priority {state.priority}"
            return [Move(NO_CHOICE, end=End(Ended.FALLS_OFF, text), seconds=seconds)]
        return ask(self, state, "", self.response_timeout(state))

    def response_timeout(self, state: State) -> float:
        """Seconds for the first key."""
        return self._seconds(state, "TIMEOUT(response)", 10)

    def digit_timeout(self, state: State) -> float:
        """Seconds between keys."""
        return self._seconds(state, "TIMEOUT(digit)", 5)

    def _seconds(self, state: State, name: str, default: float) -> float:
        return number(names.get(state.variables, name), default) if self.keeps(name) else default


def macro_ended(machine: Machine, state: State) -> State:
    """Back behind the Macro that was called, its arguments as before."""
    from dialplan.flow.subroutines import leave

    frame = state.frames[-1]
    return leave(machine, state)._replace(context=frame.context, exten=frame.exten, priority=frame.priority + 1)


def number(value: Any, default: float) -> float:
    """A time as written, `default` where it is no number."""
    try:
        return max(0.0, float(value)) if isinstance(value, str) and value.strip() else default
    except ValueError:
        return default


def goes_on(state: State, choice: Choice = NO_CHOICE, seconds: float = 0) -> Move:
    """To the next priority."""
    context, exten, priority, variables, frames, loops, free, met = state
    return Move(choice, State(context, exten, priority + 1, variables, frames, loops, free, met), None, seconds)


def with_variables(state: State, variables: names.Pairs) -> State:
    """The state with these variables."""
    context, exten, priority, _, frames, loops, free, met = state
    return State(context, exten, priority, variables, frames, loops, free, met)


def ends(kind: Ended, text: str, choice: Choice = NO_CHOICE, seconds: float = 0, last: State | None = None) -> Move:
    """The end of the call."""
    return Move(choice, None, End(kind, text), seconds, last)


def left(move: Move, state: State) -> Move:
    """With the state that `h` finds where the handler did not say it."""
    return move._replace(last=state) if move.end and move.last is None else move


__all__ = ["Found", "Machine", "Moves", "Running", "Status", "ends", "goes_on", "number"]
