"""What is known of a condition that was decided before: the same question gets the same answer."""

from __future__ import annotations

from dialplan.flow import variables as names
from dialplan.flow.model import State
from dialplan.light import TYPE_CHECKING, pattern

if TYPE_CHECKING:
    from dialplan.flow.machine import Machine

EQUAL = pattern(r'\s*\$\[\s*"?\$\{([^${}():"]+)\}"?\s*(!=|==?)\s*"?([^"$\s\[\]&|]*)"?\s*\]\s*')


def remembered(machine: Machine, state: State, raw: str) -> bool | None:
    """The answer that this call has already got, None when it has not been asked."""
    if not machine.keeps("?" + raw):
        return None
    answer = names.get(state.variables, "?" + raw)
    return None if answer is None else answer == "true"


def assume(machine: Machine, state: State, raw: str, answer: bool) -> State:
    """The state with what the answer tells: the variable's value, or the answer for the next time."""
    found = EQUAL.fullmatch(raw)
    if found and answer == (found[2] != "!=") and found[1] in machine.assigned:
        return state._replace(variables=names.put(state.variables, found[1], found[3]))
    if machine.kept is not None and machine.keeps("?" + raw):
        value = "true" if answer else "false"
        return state._replace(variables=names.put(state.variables, "?" + raw, value))
    return state
