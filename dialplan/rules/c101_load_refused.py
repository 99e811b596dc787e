"""Asterisk refuses the whole dialplan

What it finds
    A line that makes Asterisk throw away everything: a section name without `]`, a line above the first
    section, an unknown template, an `#include` of a file that is not there. Asterisk names the first of them;
    here all are named.
Why it matters to a caller
    After a restart there is no dialplan at all: no call is answered. On a reload the old plan stays,
    the command line says "Dialplan reloaded.", and the change that was wanted never takes effect.
Bad
    [from-trunk
    ; expect-above: C101
    exten => s,1,Goto(menu,s,1)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    Never: nothing else in the file has a meaning before this is repaired.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity, Spot
from dialplan.subject import Subject

CODE = "C101"
SEVERITY = Severity.ERROR
MISSION = "D1"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each line that makes the load fail."""
    if subject.plan.loads:
        return
    for note in subject.plan.diagnostics:
        if note.severity == "error":
            message = f"{note.message}: Asterisk refuses the whole dialplan"
            yield Finding(CODE, SEVERITY, message, Spot(note.place))
    for note in subject.plan.also_refused:
        message = f"{note.message}: Asterisk refuses the dialplan for this, too, once the line above is repaired"
        yield Finding(CODE, SEVERITY, message, Spot(note.place))
