"""A limit that never comes

What it finds
    A round of a silent caller, of somebody who is not reached, or of a Read, in which a condition asks a
    counter that nothing on the way round changes: the branch that was to end the round is never taken.
    A comparison with a number that the counter passes by: 0, 2, 4, 6 is never 5. A counter that counts from a
    variable much like its own name, which nothing sets: `Set(COUNT=$[${CUONT} + 1])`.
    (Rounds of wrong keys have D302, rounds without any key or person D301 and D303.)
Why it matters to a caller
    Somebody has written a limit, and it does not work: the caller goes round until he hangs up.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Set(SILENT=0)
    same => n(menu),Background(welcome)
    same => n,WaitExten(5)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Dial(PJSIP/operator,30)
    exten => t,1,GotoIf($[${SILENT} < 3]?s,menu)   ; expect: D304
    same => n,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Set(SILENT=0)
    same => n(menu),Background(welcome)
    same => n,WaitExten(5)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Dial(PJSIP/operator,30)
    exten => t,1,Set(SILENT=$[${SILENT} + 1])
    same => n,GotoIf($[${SILENT} < 3]?s,menu)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    When a program that the round does not show changes the counter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow import variables as names
from dialplan.flow.calls import Calls
from dialplan.flow.model import Edge, Kind
from dialplan.plan.model import Place
from dialplan.rules._counters import mistyped, skipped
from dialplan.rules._flow import endless, finding, once
from dialplan.rules._lasting import STORED, Lasting
from dialplan.rules._silence import counter
from dialplan.subject import Subject

CODE = "D304"
SEVERITY = Severity.WARNING
MISSION = "D3"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each such condition."""
    for located, why in skipped(subject):
        yield Finding(CODE, SEVERITY, f"the counter passes by this limit: {why}", located.spot)
    for located, why in mistyped(subject):
        yield Finding(CODE, SEVERITY, why, located.spot)
    yield from once(_found(subject.flow, {one.jump.spot.place for one in endless(subject)}))


def _found(flow: Calls, known: set[Place]) -> Iterator[Finding | None]:
    asking = {node for node in range(len(flow.space.states)) if counter(flow, node)}
    if not asking:
        return

    def of_the_silent(_: int, edge: Edge) -> bool:
        return edge.choice.kind is not Kind.WRONG and (
            edge.choice.kind is not Kind.KEY or bool(edge.choice.application)
        )

    for part in flow.rounds(of_the_silent):
        inside = set(part)
        places = {located.step.place for node in part if (located := flow.located(node))}
        lasting = Lasting(flow, inside, STORED)
        if places & known or any(flow.uncertain(node) or lasting.may_leave(node) for node in part):
            continue
        for node in sorted(inside & asking):
            name = counter(flow, node)
            if _decided(flow, node) and _same(flow, part, name):
                message = f"nothing on the way round changes {name}, which is to limit it"
                yield finding(flow, CODE, SEVERITY, message, node)


def _decided(flow: Calls, node: int) -> bool:
    edges = flow.space.edges[node]
    return len(edges) == 1 and edges[0].choice.kind is Kind.NOTHING


def _same(flow: Calls, part: Iterable[int], name: str) -> bool:
    return len({names.get(flow.space.states[node].variables, name) for node in part}) == 1
