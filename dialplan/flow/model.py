"""Values of the flow: a call's state, what the outside may choose, and how a call ends. No behaviour."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from dialplan.expression import Value
from dialplan.finding import Unknown
from dialplan.light import TYPE_CHECKING, NamedTuple, dataclass, field
from dialplan.plan.match import Found
from dialplan.plan.model import Place

if TYPE_CHECKING:
    from datetime import datetime

WAIT = "(wait)"
"""In a list of keys: the caller presses nothing where a key is waited for."""
LISTEN = "(listen)"
"""In a list of keys: the caller hears one prompt to its end that a key would interrupt."""


class At(NamedTuple):
    """A place in the dialplan."""

    context: str
    exten: str = "s"
    priority: int = 1


class Frame(NamedTuple):
    """An open Gosub or Macro: where it was called, how many ARGs it has, what comes back at its end.

    `special`: called by no step (a hang-up handler), and over with its Return.
    """

    context: str
    exten: str
    priority: int
    macro: bool = False
    arguments: int = 0
    kept: tuple[tuple[str, Value | None], ...] = ()
    special: bool = False


FORGOTTEN_FRAME = Frame("", "", 0)
"""Stands for all Gosubs below, of a state of which there were too many."""
WIDENED = "@widened"
"""Set in such states: no variable is known any more."""
HOURS = "@hours"
"""In a state: the moment that stands for the hours in which the call comes in, as ISO 8601 (see hours.py)."""


class Loop(NamedTuple):
    """What a While or an If has noted about a place: see blocks.py. `start`: the priority."""

    kind: str
    context: str
    exten: str
    start: int
    level: int = 0


class Met(StrEnum):
    """The best that has happened to the caller so far."""

    NOBODY = ""
    MESSAGE = "message"  # could leave a message
    PERSON = "person"


class State(NamedTuple):
    """A call that is about to run this priority.

    `variables`: those that matter, sorted by name; names such as TIMEOUT(digit) or @context are about the call.
    `free`: `exten` only represents the numbers that fit its pattern.
    """

    context: str
    exten: str
    priority: int
    variables: tuple[tuple[str, Value], ...] = ()
    frames: tuple[Frame, ...] = ()
    loops: tuple[Loop, ...] = ()
    free: bool = False
    met: Met = Met.NOBODY


class Kind(StrEnum):
    """What the outside decided."""

    NOTHING = ""
    KEY = "key"
    WRONG = "wrong-key"
    SILENCE = "silence"
    RESULT = "result"
    TIME = "time"
    CALLER = "caller"
    CONDITION = "condition"
    TARGET = "target"


class Choice(NamedTuple):
    """One decision: `value` is the keys, the status, "true"/"false", or the place that was assumed."""

    kind: Kind = Kind.NOTHING
    value: str = ""
    application: str = ""


NO_CHOICE = Choice()


class Ended(StrEnum):
    """How a call can end."""

    PERSON = "person"  # talked to somebody, and that is over
    HANGUP = "hangup"  # an application that ends calls
    FALLS_OFF = "falls-off"  # no next priority
    INVALID = "no-invalid-handler"
    TIMEOUT = "no-timeout-handler"
    DEAD_JUMP = "dead-jump"
    NO_APPLICATION = "no-application"
    APPLICATION = "application"  # another application ended it
    STAYS = "stays"  # an application without an end of its own keeps the caller
    OUTSIDE = "outside"  # a program or another system takes over
    UNKNOWN = "unknown"  # cannot be known from here
    LOOP = "loop"  # walk: for ever
    LIMIT = "limit"


class End(NamedTuple):
    """The end of a call, in words."""

    kind: Ended
    text: str = ""


class Move(NamedTuple):
    """One step's outcome: exactly one of `state` and `end`. `seconds` pass without a key.

    `last`: with an `end` of one call, the state that `h` finds.
    """

    choice: Choice
    state: State | None = None
    end: End | None = None
    seconds: float = 0
    last: State | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the outside does in one call.

    `keys`: each a digit, several typed at once, WAIT or LISTEN; nothing more is pressed after them. With
    `keys_interrupt` False keys are pressed only where something waits for them, never while a prompt plays.
    `results`: by application ("Dial") or by variable ("DIALSTATUS"), one for all times or a list in order; after it the
    last one holds. `conditions`: answers for conditions that cannot be known, in order.
    `missing_sounds`: prompts that cannot be played, so that Read fails and Background is over at once.
    `variables`: also functions, such as "CALLERID(num)". `rounds`: follow a circle on to the limit of `steps`.
    """

    keys: Sequence[str] = ()
    results: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    variables: Mapping[str, Value] = field(default_factory=dict)
    now: datetime | None = None
    callerid: str | None = None
    conditions: Sequence[bool] = ()
    keys_interrupt: bool = True
    missing_sounds: Collection[str] = ()
    steps: int = 10_000
    rounds: bool = False


class TraceStep(NamedTuple):
    """One priority that ran; `data` as the application received it where that is known.

    `missing`: there is no such application, so the call ends here.
    """

    context: str
    exten: str
    priority: int
    application: str
    data: str
    place: Place
    choice: Choice = NO_CHOICE
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """One call. `hangup_steps`: what `h` ran after the end. `notes`: what was assumed."""

    steps: tuple[TraceStep, ...]
    end: End
    hangup_steps: tuple[TraceStep, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """When to give up: states in all, seconds of processor time, variants of one place."""

    states: int = 600_000
    seconds: float = 20
    variants: int = 32


class Edge(NamedTuple):
    """`target`: a node, or -1 with `end`."""

    choice: Choice
    target: int
    end: End | None
    seconds: float


@dataclass(slots=True)
class Space:
    """The graph of all calls from some entries. Nodes are numbers, in the order of breadth-first search.

    `parents`: (node, edge) by which a node was found first, None at an entry; so a path over parents is shortest.
    """

    states: list[State] = field(default_factory=list)
    found: list[Found | None] = field(default_factory=list)
    edges: list[list[Edge]] = field(default_factory=list)
    parents: list[tuple[int, Edge] | None] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    complete: bool = True
