"""Nothing but a program takes the call

What it finds
    Calls from outside that come to a program (AGI, Stasis, AudioSocket, speech recognition) and from
    which the dialplan itself leads to no person, no mailbox and no key.
Why it matters to a caller
    When the program is a bot, there is no way past it; when it fails, nobody takes the call.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Stasis(assistant)   ; expect: D801
    same => n,Hangup()
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Stasis(assistant)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    When the program connects callers with people by itself, and starts with the server.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import PROGRAMS, Calls
from dialplan.flow.graph import reachable
from dialplan.flow.model import Ended, Met
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D801"
SEVERITY = Severity.INFO
MISSION = "D8"

OPEN = frozenset({Ended.UNKNOWN, Ended.OUTSIDE, Ended.LIMIT, Ended.DEAD_JUMP, Ended.NO_APPLICATION, Ended.PERSON})


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each program, at its first step."""
    yield from once(_found(subject.flow))


def _found(flow: Calls) -> Iterator[Finding | None]:
    if PROGRAMS.isdisjoint(flow.running):
        return
    helped = flow.before({node for node in range(len(flow.space.states)) if _helps(flow, node)})
    for entry in sorted(flow.outside - helped):
        beyond = reachable([entry], flow.successors)
        programs = sorted(node for node in beyond if flow.names(node) & PROGRAMS)
        if programs:
            message = "nothing but this program takes the call: no person, no mailbox and no key beside it"
            yield finding(flow, CODE, SEVERITY, message, programs[0])


def _helps(flow: Calls, node: int) -> bool:
    if node in flow.listening or flow.offers(node) or flow.space.states[node].met is not Met.NOBODY:
        return True
    return any(edge.end is not None and edge.end.kind in OPEN for edge in flow.space.edges[node])
