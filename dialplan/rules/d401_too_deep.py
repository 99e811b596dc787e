"""A menu that is too deep

What it finds
    A menu that a caller from outside only comes to after three choices in three other menus.
Why it matters to a caller
    Each level costs half a minute and one more chance to press a wrong key. Who has made three choices
    wants to talk to somebody.
Bad
    [from-trunk]
    exten => s,1,Background(welcome)
    same => n,WaitExten(10)
    same => n,Dial(PJSIP/operator,30)
    exten => 1,1,Goto(products,s,1)
    exten => i,1,Dial(PJSIP/operator,30)

    [products]
    exten => s,1,Background(products)
    same => n,WaitExten(10)
    same => n,Dial(PJSIP/operator,30)
    exten => 1,1,Goto(printers,s,1)
    exten => i,1,Dial(PJSIP/operator,30)

    [printers]
    exten => s,1,Background(printers)
    same => n,WaitExten(10)
    same => n,Dial(PJSIP/operator,30)
    exten => 1,1,Goto(ink,s,1)
    exten => i,1,Dial(PJSIP/operator,30)

    [ink]
    exten => s,1,Background(ink)   ; expect: D401
    same => n,WaitExten(10)
    same => n,Dial(PJSIP/operator,30)
    exten => 1,1,Dial(PJSIP/ink,30)
    exten => i,1,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Background(welcome)
    same => n,WaitExten(10)
    same => n,Dial(PJSIP/operator,30)
    exten => 1,1,Goto(printers,s,1)
    exten => i,1,Dial(PJSIP/operator,30)

    [printers]
    exten => s,1,Background(printers)
    same => n,WaitExten(10)
    same => n,Dial(PJSIP/operator,30)
    exten => 1,1,Dial(PJSIP/ink,30)
    exten => i,1,Dial(PJSIP/operator,30)
When to switch it off
    For a service that is nothing but a menu, such as a library of recordings.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.graph import distances
from dialplan.flow.model import Edge, Kind
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D401"
SEVERITY = Severity.INFO
MISSION = "D4"

MOST_CHOICES = 2


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each such menu, at its first step that listens."""
    yield from once(_found(subject.flow))


def _found(flow: Calls) -> Iterator[Finding | None]:
    told: set[str] = set()
    depths = distances(flow.outside, lambda node: _steps(flow, node))
    for node in sorted(flow.menus & flow.fresh, key=lambda one: (depths.get(one, 0), one)):
        context = flow.space.states[node].context
        if context in told or node not in depths or node in flow.given_up:
            continue
        told.add(context)
        if depths[node] > MOST_CHOICES:
            message = f"the menu in [{context}] comes after {depths[node]} choices in other menus"
            yield finding(flow, CODE, SEVERITY, message, node)


def _steps(flow: Calls, node: int) -> Iterator[tuple[int, int]]:
    """Where the call goes on, and 1 for a choice that was made."""
    here = flow.space.states[node]
    for edge in flow.space.edges[node]:
        if edge.target >= 0 and edge.choice.kind is not Kind.TARGET:
            yield edge.target, int(_choice(edge) and flow.space.states[edge.target].context == here.context)


def _choice(edge: Edge) -> bool:
    """One key of a menu; typed numbers and what Read takes are no levels."""
    return edge.choice.kind is Kind.KEY and len(edge.choice.value) == 1 and not edge.choice.application
