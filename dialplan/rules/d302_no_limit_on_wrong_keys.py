"""No limit on wrong keys

What it finds
    A menu to which every wrong key leads back, in the same state: no counter, no condition, no person, no
    program on the way that could end it. It points at the jump that leads back.
Why it matters to a caller
    Who cannot find the right key (or has a telephone whose keys do not arrive) never reaches anybody.
    After two or three tries the operator should take the call.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n(menu),Background(welcome)
    same => n,WaitExten(10)
    same => n,Dial(PJSIP/operator,30)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Playback(invalid)
    same => n,Goto(s,menu)   ; expect: D302
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n(menu),Background(welcome)
    same => n,WaitExten(10)
    same => n,Dial(PJSIP/operator,30)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Set(WRONG=$[${WRONG} + 1])
    same => n,GotoIf($[${WRONG} > 2]?operator,1)
    same => n,Playback(invalid)
    same => n,Goto(s,menu)
    exten => operator,1,Dial(PJSIP/operator,30)
When to switch it off
    For a menu of your own staff.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.model import Edge, Kind
from dialplan.rules._flow import DECIDING, finding, jump_on, once, way_back
from dialplan.subject import Subject

CODE = "D302"
SEVERITY = Severity.WARNING
MISSION = "D3"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each menu that an always wrong caller never leaves."""
    yield from once(_found(subject.flow))


def _found(flow: Calls) -> Iterator[Finding | None]:
    wrong = {n for n in flow.listening if any(e.choice.kind is Kind.WRONG for e in flow.space.edges[n])}

    def allowed(node: int, edge: Edge) -> bool:
        if node in wrong:
            return edge.choice.kind is Kind.WRONG
        return node not in flow.listening and not flow.offers(node)

    for part in flow.rounds(allowed):
        inside = set(part)
        slips = [
            (node, edge)
            for node in sorted(inside & wrong)
            for edge in flow.space.edges[node]
            if edge.choice.kind is Kind.WRONG and edge.target in inside
        ]
        if not slips or any(flow.uncertain(node) or _may_leave(flow, node, inside) for node in part):
            continue
        node, edge = slips[0]
        jump = jump_on(flow, way_back(flow, edge.target, node, inside))
        context = flow.space.states[node].context
        message = f"wrong keys lead back to the menu in [{context}] for ever: nothing counts them"
        yield finding(flow, CODE, SEVERITY, message, jump)


def _may_leave(flow: Calls, node: int, inside: set[int]) -> bool:
    return any(edge.choice.kind in DECIDING and edge.target not in inside for edge in flow.space.edges[node])
