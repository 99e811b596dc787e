"""The call falls off the end

What it finds
    A caller from outside, or one who has chosen from a menu, reaches the last priority of an extension
    that neither ends the call nor leads on; nothing went wrong before. A last step that tries to reach a
    person, takes a message, runs a program or says goodbye is no finding, but for a Dial that is the last step
    of a Gosub without Return.
Why it matters to a caller
    Asterisk hangs up there, in the middle of the sentence so to speak: nobody has decided how the call is
    to go on.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Playback(welcome)   ; expect: D902
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Playback(welcome)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    For an announcement after which the call is meant to end; a Hangup says so too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import PEOPLE_APPS, PROGRAMS, Calls
from dialplan.flow.model import Ended, Met
from dialplan.light import pattern
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D902"
SEVERITY = Severity.WARNING
MISSION = "D9"

GOODBYE = pattern(r"bye|adios|revoir|arrivederci|wiedersehen|wiederhoeren|widzenia|tchau|thank", re.I)
OTHERS = frozenset({"background", "waitexten", "goto", "voicemail", "voicemailmain", "record", "directory", "transfer"})


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each last step."""
    yield from once(_found(subject.flow))


def _not_reached_in_gosub(flow: Calls) -> set[int]:
    """Where a Gosub goes on after a Dial in vain."""
    failed = (
        edge.target for node in flow.smooth & flow.offering for edge in flow.space.edges[node] if flow.failed(edge)
    )
    return {node for node in failed if node >= 0 and flow.space.states[node].frames}


def _found(flow: Calls) -> Iterator[Finding | None]:
    for node in sorted(flow.smooth | _not_reached_in_gosub(flow)):
        for edge in flow.space.edges[node]:
            if edge.end is None or edge.end.kind is not Ended.FALLS_OFF:
                continue
            last = flow.last_step(node)
            inside = flow.space.states[node].frames and not flow.space.states[node].frames[-1].macro
            if flow.space.states[node].met is not Met.NOBODY or flow.names(last) & (PROGRAMS | OTHERS):
                continue
            if (flow.names(last) & PEOPLE_APPS or _takes_leave(flow, last)) and not inside:
                continue
            message = f"the call ends here because there is nothing more to run: {edge.end.text}"
            if any(other.end is not None and other.end.kind is Ended.STAYS for other in flow.space.edges[last]):
                message = "the caller stays here until he hangs up: it has no end, and nobody takes the call"
            if inside:
                message = f"the Gosub ends here without Return, and the call with it: {edge.end.text}"
            yield finding(flow, CODE, SEVERITY, message, node, [edge])


def _takes_leave(flow: Calls, node: int) -> bool:
    """Is goodbye said there?"""
    located = flow.located(node)
    return located is not None and "playback" in flow.names(node) and bool(GOODBYE.search(located.step.data))
