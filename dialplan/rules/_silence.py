"""Menus to which a caller who does nothing comes back again and again, in the same state."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.model import Edge, Kind
from dialplan.light import pattern
from dialplan.rules._flow import JUMPS, finding, stuck_counter, way_back
from dialplan.rules._lasting import STORED, Lasting

ASKS = frozenset({"gotoif", "while", "execif"})
COUNTED = pattern(r"\$\[[^?]*\$\{(\w+)\}\s*(?:<|>|<=|>=)\s*\d")


def counter(flow: Calls, node: int) -> str:
    """The variable that a condition compares with a number, "" for another step."""
    located = flow.located(node)
    if located is None or not flow.names(node) & ASKS:
        return ""
    found = COUNTED.match(located.step.data.strip())
    return found[1] if found else ""


def rounds(flow: Calls, code: str, severity: Severity) -> Iterator[Finding | None]:
    """At the jump that leads back. D304 has those with a counter, D901 those that no key leaves."""

    def nothing_done(node: int, edge: Edge) -> bool:
        if node in flow.listening:
            return edge.choice.kind in (Kind.SILENCE, Kind.NOTHING)
        return edge.choice.kind is not Kind.TARGET and node not in flow.offering

    asking = (flow.listening & flow.callers & flow.ending) - flow.given_up
    for part in flow.rounds(nothing_done):
        inside = set(part)
        waits = [
            (node, edge)
            for node in sorted(inside & asking)
            for edge in flow.space.edges[node]
            if edge.choice.kind is Kind.SILENCE and edge.target in inside
        ]
        if not waits or not inside & flow.menus or _may_end(flow, part):
            continue
        node, edge = waits[0]
        name = stuck_counter(flow, part)
        why = f"the counter {name} begins empty and stays empty" if name else "nothing counts it"
        message = f"silence leads back to the menu in [{flow.space.states[node].context}] for ever: {why}"
        yield finding(flow, code, severity, message, _jumped_from(flow, way_back(flow, edge.target, node, inside)))


def _may_end(flow: Calls, part: list[int]) -> bool:
    lasting = Lasting(flow, part, STORED)
    return any(flow.uncertain(node) or lasting.may_leave(node) or counter(flow, node) for node in part)


def _jumped_from(flow: Calls, path: list[int]) -> int:
    """The last step of the path that another one than the next follows, else its first."""
    states = flow.space.states
    for node, after in reversed(list(itertools.pairwise(path))):
        here = states[node]
        if flow.names(node) & JUMPS and states[after][:3] != (here.context, here.exten, here.priority + 1):
            return node
    return path[0]
