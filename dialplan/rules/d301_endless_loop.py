"""Endless loop

What it finds
    Steps that lead back to themselves, say something on the way, and neither wait, nor take a key, nor
    reach a person; no condition that may end them, no counter that is reached. A condition about something
    that nothing on the way changes, such as the caller's number, ends them for some and never for the others.
Why it matters to a caller
    The caller hears the same thing again and again until he hangs up.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n(again),Playback(all-lines-are-busy)
    same => n,Goto(again)   ; expect: D301
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n(again),Playback(all-lines-are-busy)
    same => n,Set(ROUND=$[0${ROUND} + 1])
    same => n,GotoIf($[${ROUND} < 3]?again)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    For a line that is meant to repeat one announcement for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.rules._flow import endless
from dialplan.subject import Subject

CODE = "D301"
SEVERITY = Severity.ERROR
MISSION = "D3"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each loop on which something is said, at the last jump of it."""
    for one in endless(subject):
        if not one.silent:
            message = f"goes round for ever: {one.steps} steps, none waits, takes a key or may end it"
            if one.counter:
                message += f"; the counter {one.counter} begins empty and stays empty"
            yield Finding(CODE, SEVERITY, message, one.jump.spot, witness=one.witness)
