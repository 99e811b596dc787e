"""An outside that does all it can: every key that makes a difference, every status, both truths."""

from __future__ import annotations

from collections.abc import Sequence

from dialplan.expression import Unknown
from dialplan.flow.classes import KEYS, Class, classes, shape
from dialplan.flow.machine import Machine
from dialplan.flow.model import NO_CHOICE, WAIT, Choice, Kind, State
from dialplan.flow.outside import Answer, Dialled, Entered, Listening, alone
from dialplan.flow.slicing import Slice
from dialplan.flow.variables import FORGOTTEN

SOME = 40
"""So many numbers are tried in one place at most; then the rest is one unknown number."""


class Everything:
    """Remembers the keys of each context."""

    def __init__(self, kept: Slice) -> None:
        self.kept = kept
        self._classes: dict[tuple[str, object], tuple[Class, ...]] = {}
        self._shapes: dict[tuple[object, ...], tuple[Class, ...]] = {}
        self._truths: dict[tuple[str, str], Sequence[tuple[Choice, bool]]] = {}

    def classes(self, machine: Machine, context: str) -> tuple[Class, ...]:
        """The numbers that make a difference in this context."""
        place = context, machine.when
        known = self._classes.get(place)
        if known is None:
            like = machine.when, shape(machine, context) if machine.when is None else context
            known = self._shapes.get(like)
            if known is None:
                known = self._shapes[like] = classes(machine, context)
            self._classes[place] = known
        return known

    def dialled(self, machine: Machine, state: State, asked: Listening) -> Sequence[Dialled]:
        """Silence first, then each number."""
        silence = Dialled(NO_CHOICE, "") if asked.playing else Dialled(SILENCE, "", seconds=asked.waits)
        found = [silence]
        if asked.playing and asked.context != state.context:
            unique = [one for one in self.classes(machine, asked.context) if alone(machine, asked.context, one.number)]
            found += [Dialled(Choice(Kind.KEY, one.keys), one.number, one.free) for one in unique]
            asked = asked._replace(context=state.context)
        known = {one.choice.value for one in found[1:]}
        for one in self.classes(machine, asked.context):
            if asked.only_choices and (one.wrong or len(one.keys) > 1):
                continue
            if asked.buffer and not (one.keys.startswith(asked.buffer) and one.keys != asked.buffer):
                continue
            kind = Kind.WRONG if one.wrong else Kind.KEY
            seconds = machine.digit_timeout(state) if one.hesitates else 0
            typed = one.keys[len(asked.buffer) :]
            if typed in known:
                continue
            known.add(typed)
            found.append(Dialled(Choice(kind, typed), one.number, one.free, seconds, asked.context))
        return found

    def lost(self, choice: Choice) -> Choice:
        """As good as a wrong key, whichever it is."""
        del choice
        return LOST

    def entered(self, machine: Machine, state: State, name: str, most: int, enders: str = "#") -> Sequence[Entered]:
        """Nothing, each number that is asked for later, and another one."""
        del enders
        found = [Entered(Choice(Kind.SILENCE, WAIT, "Read"), "", "TIMEOUT")]
        numbers = {number: False for number in self.kept.constants.get(name, ()) if len(number) <= most}
        wrong = [number for number in KEYS if number not in numbers][-1:]
        if name in self.kept.targets:
            there = self.classes(machine, state.context)
            numbers |= {one.number: one.free for one in there if not one.wrong and len(one.number) <= most}
            wrong = [one.number for one in there if one.wrong]
        for number, free in sorted(numbers.items())[:SOME]:
            found.append(Entered(Choice(Kind.KEY, number, "Read"), number, "OK", free))
        if name in self.kept.names and (name not in self.kept.plain or len(numbers) > SOME or not numbers):
            found.append(Entered(Choice(Kind.KEY, "(a number)", "Read"), FORGOTTEN, "OK"))
        else:
            found += [Entered(Choice(Kind.WRONG, one, "Read"), one, "OK") for one in wrong]
        return found

    def result(self, application: str, variable: str, values: Sequence[str]) -> Sequence[Answer]:
        """All that decide something; else one of success and one of failure."""
        several = list(values[:2])
        if variable and variable in self.kept:
            several = self._telling(variable, values)
        if len(several) == 1:
            return [Answer(NO_CHOICE, several[0])]
        return [Answer(Choice(Kind.RESULT, status, application), status) for status in several]

    def _telling(self, variable: str, values: Sequence[str]) -> list[str]:
        """The values that are told apart anywhere: where there are only comparisons, one stands for the others."""
        if variable not in self.kept.plain or variable in self.kept.targets:
            return list(values)
        named = self.kept.words.get(variable, set())
        others = [value for value in values[1:] if value not in named][:1]
        return [value for value in values if value in named or value in others or value == values[0]]

    def truth(self, kind: str, text: str) -> Sequence[tuple[Choice, bool]]:
        """Both."""
        key = kind, text
        known = self._truths.get(key)
        if known is None:
            shown = text if len(text) < 200 else text[:200] + "…"
            known = self._truths[key] = [
                (Choice(Kind(kind), "true", shown), True),
                (Choice(Kind(kind), "false", shown), False),
            ]
        return known

    def found(self, several: Sequence[str], kind: str) -> Sequence[tuple[Choice, int]]:
        """Each of them."""
        return [(Choice(Kind(kind), label), at) for at, label in enumerate(several)]


SILENCE = Choice(Kind.SILENCE, WAIT)
LOST = Choice(Kind.WRONG, KEYS[0])

__all__ = ["Everything", "Unknown"]
