"""A menu with too many choices

What it finds
    A menu of more than seven choices of one key (a pattern counts as one), and a menu of which several keys lead to
    the very same step.
Why it matters to a caller
    Nobody remembers the first of eight choices when the last one has been read out; and two keys for one
    desk make a small firm pretend to be a large one.
Bad
    [from-trunk]
    exten => s,1,Background(welcome)   ; expect: D402
    same => n,WaitExten(10)
    same => n,Goto(desk,s,1)
    exten => 1,1,Goto(desk,s,1)
    exten => 2,1,Goto(desk,s,1)
    exten => i,1,Goto(desk,s,1)

    [desk]
    exten => s,1,Dial(PJSIP/desk,30)
Good
    [from-trunk]
    exten => s,1,Background(welcome)
    same => n,WaitExten(10)
    same => n,Goto(desk,s,1)
    exten => 1,1,Goto(desk,s,1)
    exten => i,1,Goto(desk,s,1)

    [desk]
    exten => s,1,Dial(PJSIP/desk,30)
When to switch it off
    Where the keys are known by heart, as in a menu of your own staff.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.model import Kind
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D402"
SEVERITY = Severity.INFO
MISSION = "D4"

MOST = 7
LISTENS = frozenset({"background", "waitexten"})


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each menu, at the first step that listens."""
    yield from once(_found(subject.flow))


def _found(flow: Calls) -> Iterator[Finding | None]:
    told: set[str] = set()
    for node in sorted(flow.menus & flow.fresh & flow.callers):
        context = flow.space.states[node].context
        if context in told or not flow.names(node) & LISTENS:
            continue
        told.add(context)
        targets = {
            edge.choice.value: edge.target
            for edge in flow.space.edges[node]
            if edge.choice.kind is Kind.KEY and len(edge.choice.value) == 1
        }
        same = _same_place(flow, targets)
        choices = {id(one.extension) for target in targets.values() if target >= 0 and (one := flow.located(target))}
        if len(choices) > MOST:
            yield finding(flow, CODE, SEVERITY, f"the menu in [{context}] has {len(choices)} choices", node)
        elif same:
            text = f"the keys {' and '.join(same)} of the menu in [{context}] lead to the same place"
            yield finding(flow, CODE, SEVERITY, text, node)


def _same_place(flow: Calls, targets: dict[str, int]) -> list[str]:
    """Keys whose extensions are one Goto to the same other context."""
    places: dict[tuple[str, str, int], list[str]] = {}
    for key, target in targets.items():
        edges = flow.space.edges[target] if target >= 0 else []
        if target < 0 or flow.names(target) != {"goto"} or len(edges) != 1 or edges[0].target < 0:
            continue
        landing, here = flow.space.states[edges[0].target], flow.space.states[target]
        if landing.context != here.context and not flow.space.states[target].free:
            places.setdefault(landing[:3], []).append(key)
    return next((keys for keys in places.values() if len(keys) > 1), [])
