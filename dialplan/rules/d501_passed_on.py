"""A chain of transfers

What it finds
    A caller from outside, or one who has chosen from a menu, who is tried at a fourth place after three
    others have not answered: telephones, ring groups, queues, one after the other. The same place tried
    again counts as another one.
Why it matters to a caller
    He is handed round for minutes and hears ringing that ends again and again. After two tries somebody
    who surely answers, or an offer to be called back, is due.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(PJSIP/anna,20)
    same => n,Dial(PJSIP/ben,20)
    same => n,Dial(PJSIP/carl,20)
    same => n,Dial(PJSIP/operator,30)   ; expect: D501
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(PJSIP/anna&PJSIP/ben&PJSIP/carl,20)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    For an emergency line that must try everybody.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.graph import distances
from dialplan.flow.model import Kind
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D501"
SEVERITY = Severity.INFO
MISSION = "D5"

MOST_TRIES = 3
TRIES = frozenset({"dial", "queue", "retrydial", "followme"})


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each chain, at its fourth place."""
    yield from once(_found(subject.flow))


def _found(flow: Calls) -> Iterator[Finding | None]:
    passed = distances(_starts(flow), lambda node: _steps(flow, node))
    for node, tries in sorted(passed.items()):
        if tries == MOST_TRIES and _tries(flow, node) and node not in flow.given_up:
            message = f"the caller is tried here after {tries} others have not answered"
            yield finding(flow, CODE, SEVERITY, message, node)


def _starts(flow: Calls) -> set[int]:
    """Where callers come in, and where they come to by a key."""
    pressed = (
        e.target for node in flow.menus & flow.fresh for e in flow.space.edges[node] if e.choice.kind is Kind.KEY
    )
    return flow.outside | {target for target in pressed if target >= 0}


def _tries(flow: Calls, node: int) -> bool:
    return bool(flow.names(node) & TRIES) and flow.offers(node)


def _steps(flow: Calls, node: int) -> Iterator[tuple[int, int]]:
    """Where the call goes on, and 1 when somebody was tried in vain."""
    tried = node in flow.offering and _tries(flow, node)
    for edge in flow.space.edges[node]:
        if edge.target >= 0 and edge.choice.kind is not Kind.TARGET:
            yield edge.target, int(tried and flow.failed(edge))
