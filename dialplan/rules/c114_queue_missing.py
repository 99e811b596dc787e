"""A queue that does not exist

What it finds
    Queue, AddQueueMember and the like with a queue that the queues.conf beside the dialplan does not have. Not judged
    where realtime has queues, and where a file that queues.conf includes is missing.
Why it matters to a caller
    Asterisk logs "Unable to join queue" and goes on at once: nobody is called, and the caller is where the queue
    leaves those over that nobody serves. An agent who logs in gets no calls.
Bad
    ; queues.conf:
    ;   [sales]
    ;   member => PJSIP/anna
    [from-trunk]
    exten => s,1,Answer()
    same => n,Queue(sale,,,,60)   ; expect: C114
    same => n,Dial(PJSIP/operator,30)
Good
    ; queues.conf:
    ;   [sales]
    ;   member => PJSIP/anna
    [from-trunk]
    exten => s,1,Answer()
    same => n,Queue(sales,,,,60)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    When the queues.conf beside the dialplan is not that of the machine that runs it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import is_literal
from dialplan.finding import Finding, Severity
from dialplan.neighbours.files import complete
from dialplan.rules._beside import arguments, near
from dialplan.subject import Subject

CODE = "C114"
SEVERITY = Severity.WARNING
MISSION = "D1"
EFFECT = {"queue": "nobody is called", "addqueuemember": "no calls come", "removequeuemember": "nothing happens"}


def check(subject: Subject) -> Iterator[Finding]:
    """Each queue at each step that names it."""
    names = [one for one in arguments(subject, EFFECT, 1) if is_literal(one[2]) and "|" not in one[2]]
    found = complete(subject, "queues.conf", "queues") if names else None
    if found is None:
        return
    queues = {section.name for section in found.sections if section.name.lower() != "general"}
    known = {name.lower() for name in queues}
    for located, call, name in names:
        if name.lower() not in known:
            text = f"queues.conf has no queue {name}: {EFFECT[call.application.lower()]}{near(name, queues)}"
            yield Finding(CODE, SEVERITY, text, located.spot)
