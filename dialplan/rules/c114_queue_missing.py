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

from dialplan.finding import Finding, Severity
from dialplan.rules._beside import arguments, unknown
from dialplan.subject import Subject

CODE = "C114"
SEVERITY = Severity.WARNING
MISSION = "D1"
EFFECT = {"queue": "nobody is called", "addqueuemember": "no calls come", "removequeuemember": "nothing happens"}


def check(subject: Subject) -> Iterator[Finding]:
    """Each queue at each step that names it."""
    for application, effect in EFFECT.items():
        named = ((located, name) for located, _, name in arguments(subject, [application], 1))
        for located, name, meant in unknown(subject, named, "queues.conf", "queues"):
            yield Finding(CODE, SEVERITY, f"queues.conf has no queue {name}: {effect}{meant}", located.spot)
