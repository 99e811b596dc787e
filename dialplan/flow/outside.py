"""What decides when the dialplan does not: the caller's keys, other parties, programs, the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dialplan.expression import Value
from dialplan.flow.model import Choice, State
from dialplan.light import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from dialplan.flow.machine import Machine


class Dialled(NamedTuple):
    """What a caller made of a chance to press keys. `number` "": silence; `free`: it stands for its whole pattern.

    `context`: where the number is looked up, when not as asked.
    """

    choice: Choice
    number: str
    free: bool = False
    seconds: float = 0
    context: str = ""


class Listening(NamedTuple):
    """A chance to press keys: looked up in `context`; `buffer` is pressed already; `waits`: seconds for the next.

    `ender`: a key that ends the number at once.
    """

    context: str
    buffer: str
    waits: float
    playing: bool = False
    only_choices: bool = False
    ender: str = ""


class Answer(NamedTuple):
    """What an application came back with: the value of its status variable."""

    choice: Choice
    status: str


class Entered(NamedTuple):
    """What a caller typed into a variable."""

    choice: Choice
    text: Value
    status: str
    free: bool = False


class Outside(Protocol):
    """Each method gives the possible answers, at least one; a list of one is a decision."""

    def dialled(self, machine: Machine, state: State, asked: Listening) -> Sequence[Dialled]:
        """Keys that are looked up as an extension."""

    def lost(self, choice: Choice) -> Choice:
        """Only the first of the keys was taken, and it leads nowhere."""

    def entered(self, machine: Machine, state: State, name: str, most: int, enders: str = "#") -> Sequence[Entered]:
        """Keys that Read puts into the variable."""

    def result(self, application: str, variable: str, values: Sequence[str]) -> Sequence[Answer]:
        """The status with which an application comes back; `values` are those that may be, likeliest first."""

    def truth(self, kind: str, text: str) -> Sequence[tuple[Choice, bool]]:
        """A condition that cannot be known; `kind` "time" or "condition", `text` as far as it is known."""

    def found(self, several: Sequence[str], kind: str) -> Sequence[tuple[Choice, int]]:
        """Which of several steps runs, by the time of the day or the caller."""


Source = Callable[[], str | None]


def collect(machine: Machine, context: str, buffer: str, source: Source, caller: str | None) -> str:
    """Digits as main/pbx.c collect_digits takes them: as long as a longer match is possible."""
    while machine.more(context, buffer, caller):
        digit = source()
        if digit is None:
            break
        buffer += digit
    return buffer


def alone(machine: Machine, context: str, key: str) -> bool:
    """Does this key by itself lead to an extension of the context, and to no longer one?"""
    return machine.exists(context, key) and not machine.more(context, key)
