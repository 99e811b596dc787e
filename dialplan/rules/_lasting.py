"""Conditions that a round does not change: who is held back by one once stays in the round."""

from __future__ import annotations

import functools
from collections.abc import Collection

from dialplan.applications.calls import Call
from dialplan.flow.calls import Calls
from dialplan.flow.machine import CHANGING
from dialplan.flow.model import Kind
from dialplan.flow.variables import FORGOTTEN
from dialplan.light import pattern
from dialplan.subject import Located

DECIDING = frozenset({Kind.CONDITION, Kind.TARGET, Kind.TIME, Kind.CALLER})
ASKS = frozenset({"gotoif", "gosubif", "execif", "while"})
WORD = pattern(r"[A-Za-z_]\w*")
FUNCTION = pattern(r"([A-Z][A-Z_0-9]*)\(")
MOVING = pattern(r"ARG[C\d]|CONTEXT|DATETIME|EPOCH|EXTEN|GOSUB_|HANGUPCAUSE|INVALID_EXTEN|MACRO_|PRIORITY|TIMESTAMP")
"""Variables that Asterisk itself changes."""
PURE = frozenset({"CALLERID", "CUT", "EXISTS", "FIELDQTY", "FILTER", "IF", "ISNULL", "LEN", "REGEX", "TOLOWER"})
STORED = PURE | {"DB", "DB_EXISTS"}
"""Also what is kept beside the call, where somebody else may change it; and the time of the day."""


class Lasting:
    """One round. `trusted`: functions whose value stays as it is while nothing in the round sets it."""

    def __init__(self, flow: Calls, part: Collection[int], trusted: frozenset[str]) -> None:
        self.flow, self.inside, self.trusted = flow, frozenset(part), trusted

    def may_leave(self, node: int) -> bool:
        """May a decision that is no key lead out of the round, for a caller whom it has not led out before?"""
        return any(
            edge.target not in self.inside and edge.choice.kind in DECIDING and not self._lasts(node, edge.choice.kind)
            for edge in self.flow.space.edges[node]
        )

    def _lasts(self, node: int, kind: Kind) -> bool:
        if kind is Kind.CALLER:
            return True
        if kind is Kind.TIME:
            return self.trusted is STORED
        located = self.flow.located(node)
        if kind is not Kind.CONDITION or located is None or located.calls[0].application.lower() not in ASKS:
            return False
        moves, functions, words = _read(located.calls[0].data.partition("?")[0])
        if moves or not functions <= self.trusted or not self._changed.isdisjoint(words):
            return False
        return not any(map(self._shared, words))

    def _shared(self, name: str) -> bool:
        """Is it a global variable, which other calls may change?"""
        return name in self.flow.subject.plan.globals or self.flow.machine.assigned.get(name) == FORGOTTEN

    @functools.cached_property
    def _changed(self) -> set[str]:
        """Names that steps of the round set; "" for any name."""
        steps = [located for node in self.inside if (located := self.flow.located(node))]
        return {name for located in steps for name in _set_by(located)}


@functools.lru_cache(maxsize=16_384)
def _read(test: str) -> tuple[bool, frozenset[str], frozenset[str]]:
    """May it give another answer by itself; the functions it asks; its words, and "" that stands for any name."""
    moves = bool(CHANGING.search(test) or MOVING.search(test))
    return moves, frozenset(FUNCTION.findall(test)), frozenset([*WORD.findall(test), ""])


def _set_by(located: Located) -> set[str]:
    return {name for call in located.calls for name in _set_by_call(call)}


def _set_by_call(call: Call) -> set[str]:
    name, effect = call.application.lower(), call.effect
    if effect is None:
        return {""}
    if name == "mset" or CHANGING.search(call.data):
        return {*WORD.findall(call.data), *effect.status}
    if name == "set":
        return set(WORD.findall(call.data.partition("=")[0]))
    if name in ("dbdel", "dbdeltree"):
        return {"DB"}
    if name in ("read", "readexten", "importvar"):
        return {*WORD.findall(call.argument(1).partition("=")[0]), *effect.status}
    return {*effect.status, "WAITDIGITRESULT"}
