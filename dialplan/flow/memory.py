"""What need not be found out twice: values of texts, and moves of steps that do not look at the variables."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping

from dialplan.expression import Evaluation, Unknown, Value
from dialplan.flow import variables as names
from dialplan.flow.model import WIDENED, Move, State
from dialplan.light import Any, NoReturn

Moves = list[Move]
CHOSEN: Value = Unknown.because("${EXTEN}", "the caller chose the number")
STORED = "()"
"""Before the name of what was asked for as it was stored in the state: a function's value."""
OWN = "(LOCAL)"
"""Before the name of a variable that was asked for as one of the open Gosub's own."""
Answer = Value | tuple[bool, Value | None] | None


def look_up(state: State, kept: Container[str] | None, assigned: Mapping[str, Value], name: str) -> Value | None:
    """What `${name}` finds in a state; None for nothing.

    `kept`: the names that states remember, None for all; `assigned`: values of some of them before anything
    sets them.
    """
    if name == "EXTEN":
        return CHOSEN if state.free else state.exten
    if name == "CONTEXT":
        return state.context
    if name == "PRIORITY":
        return str(state.priority)
    if kept is not None and name not in kept:
        return None
    variables = state.variables
    if variables:
        found = names.get(variables, name)
        if found is None:
            found = names.get(variables, f"GLOBAL({name})")
        if found is not None:
            return found
    if assigned and not (variables and names.get(variables, WIDENED)):
        return assigned.get(name)
    return None


def look_up_stored(state: State, kept: Container[str] | None, name: str) -> Value | None:
    """A variable or a function's value as it was stored in the state."""
    return names.get(state.variables, name) if kept is None or name in kept else None


def look_up_own(state: State, name: str) -> tuple[bool, Value | None]:
    """Whether the open Gosub has a variable of that name of its own, and its value."""
    own = next((frame.kept for frame in reversed(state.frames) if not frame.macro), ())
    there = any(name == kept for kept, _ in own)
    return there, names.get(state.variables, name) if there else None


class Seen(Mapping[str, Value]):
    """The variables of a state, which notes what was asked: nothing else of the state decides the answer."""

    def __init__(self, state: State, kept: Container[str] | None, assigned: Mapping[str, Value]) -> None:
        self.state, self.kept, self.assigned = state, kept, assigned
        self.asked: dict[str, Answer] = {}

    def stored(self, name: str) -> Value | None:
        """A function's value that was stored, None when there is none."""
        found = self.asked[STORED + name] = look_up_stored(self.state, self.kept, name)
        return found

    def own(self, name: str) -> tuple[bool, Value | None]:
        """As look_up_own."""
        found = self.asked[OWN + name] = look_up_own(self.state, name)
        return found

    def _find(self, name: str) -> Value | None:
        found = self.asked[name] = look_up(self.state, self.kept, self.assigned, name)
        return found

    def __getitem__(self, name: str) -> Value:
        found = self._find(name)
        if found is None:
            raise KeyError(name)
        return found

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError("an evaluation asks for names, it does not list them")

    def __len__(self) -> int:
        return len(self.state.variables)


class Memory:
    """Values of texts, by what the first evaluation asked for.

    One that gets the same answers asks the same questions: evaluating is a function of the text and of these.
    """

    def __init__(self, kept: Container[str] | None, assigned: Mapping[str, Value]) -> None:
        self.kept, self.assigned = kept, assigned
        self._known: dict[str, tuple[tuple[str, ...], dict[tuple[Answer, ...], Evaluation]]] = {}

    def evaluation(
        self, text: str, state: State, evaluate: Callable[[str, State], tuple[Evaluation, Seen]]
    ) -> Evaluation:
        """The value of the text in this state."""
        known = self._known.get(text)
        if known is None:
            result, seen = evaluate(text, state)
            self._known[text] = tuple(seen.asked), {tuple(seen.asked.values()): result}
            return result
        asked, results = known
        answers = tuple([self._answer(state, name) for name in asked])
        found = results.get(answers)
        if found is None:
            found, seen = evaluate(text, state)
            if tuple(seen.asked) == asked:
                results[answers] = found
        return found

    def _answer(self, state: State, name: str) -> Answer:
        if name.startswith(STORED):
            return look_up_stored(state, self.kept, name[len(STORED) :])
        if name.startswith(OWN):
            return look_up_own(state, name[len(OWN) :])
        return look_up(state, self.kept, self.assigned, name)


class _TouchedError(Exception):
    """A step has looked at what it was thought not to depend on."""


def _touched(*_: object) -> NoReturn:
    raise _TouchedError


class _Untouched(tuple[Any, ...]):
    """Variables, Gosubs or loops that can be handed on, and that nobody can look at unnoticed."""

    __slots__ = ()
    __len__ = __iter__ = __getitem__ = __contains__ = __reversed__ = _touched
    __add__ = __radd__ = __mul__ = __rmul__ = index = count = _touched
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = __repr__ = __reduce_ex__ = _touched


VARIABLES, FRAMES, LOOPS = _Untouched(), _Untouched(), _Untouched()


class Transitions:
    """The moves of steps that neither look at the variables, the open Gosubs and the loops nor change them.

    Found out by running the step with ones that cannot be looked at. The rest of a state is the key.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Moves | None] = {}

    def moves(self, state: State, step: int, run: Callable[[State], Moves]) -> Moves:
        """As `run`, which has to be a function of the state and of `step`, a name for the step that runs."""
        context, exten, _, variables, frames, loops, free, met = state
        place = step, context, exten, free, met
        try:
            known = self._known[place]
        except KeyError:
            self._known[place] = NOT_TRIED  # most places are seen once
            return run(state)
        if known is NOT_TRIED:
            known = self._known[place] = _independent(state, run)
        if known is None:
            return run(state)
        return [
            move
            if (after := move[1]) is None
            else Move(
                move[0],
                State(after[0], after[1], after[2], variables, frames, loops, after[6], after[7]),
                None,
                move[3],
            )
            for move in known
        ]


NOT_TRIED: Moves = []


def _independent(state: State, run: Callable[[State], Moves]) -> Moves | None:
    try:
        moves = run(state._replace(variables=VARIABLES, frames=FRAMES, loops=LOOPS))
    except _TouchedError:
        return None
    if any(after is not None and not _handed_on(after) for _, after, _, _, _ in moves):
        return None
    return [move if move.end is None else move._replace(last=None) for move in moves]  # `last` is for one call


def _handed_on(state: State) -> bool:
    return state.variables is VARIABLES and state.frames is FRAMES and state.loops is LOOPS
