"""Busy loop

What it finds
    Steps that lead back to themselves without saying, waiting for or asking anything: nothing on the way
    takes time, reaches a person, or may end the round.
Why it matters to a caller
    The caller hears nothing until he hangs up, and one call keeps a processor of the server busy.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n(again),NoOp(still here)
    same => n,Goto(again)   ; expect: D303
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n(again),Set(ROUND=$[0${ROUND} + 1])
    same => n,GotoIf($[${ROUND} < 3]?again)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    Never: a round that waits for something needs a Wait.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.rules._flow import endless
from dialplan.subject import Subject

CODE = "D303"
SEVERITY = Severity.ERROR
MISSION = "D3"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each loop on which nothing is said, at the last jump of it."""
    for one in endless(subject):
        if one.silent:
            message = f"goes round for ever without a wait or a word: {one.steps} steps"
            yield Finding(CODE, SEVERITY, message, one.jump.spot, witness=one.witness)
