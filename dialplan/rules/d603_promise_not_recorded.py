"""A promised callback that nothing records

What it finds
    A prompt whose name promises a call back, after which the call ends without anything that could have
    recorded the promise: no program, no message, no event, no database.
Why it matters to a caller
    The caller hangs up satisfied, and nobody ever calls back.
Bad
    [from-trunk]
    exten => s,1,Dial(PJSIP/operator,30)
    same => n,Playback(we-will-call-you-back)   ; expect: D603
    same => n,Hangup()
Good
    [from-trunk]
    exten => s,1,Dial(PJSIP/operator,30)
    same => n,UserEvent(Callback,Number: ${CALLERID(num)})
    same => n,Playback(we-will-call-you-back)
    same => n,Hangup()
When to switch it off
    When the call records are searched for such calls afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import PROGRAMS, Calls
from dialplan.flow.graph import reachable
from dialplan.flow.model import Met
from dialplan.light import pattern
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D603"
SEVERITY = Severity.WARNING
MISSION = "D6"

PROMISE = pattern(r"(we|will|shall).{0,10}call.{0,6}back|call.?you.?back|rueckruf|oddzwonimy", re.I)
RECORDS = frozenset({"userevent", "system", "trysystem", "originate", "record", "voicemail", "queuelog", "mixmonitor",
                     "celgenuserevent", "queue", "callcompletionrequest", "gosub", "macro"})  # fmt: skip


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each such prompt."""
    yield from once(_found(subject.flow))


def _found(flow: Calls) -> Iterator[Finding | None]:
    spoken = {node for name in ("playback", "background") for node in flow.running.get(name, ())}
    for node in sorted(spoken):
        located = flow.located(node)
        if located is None or located.calls[0].application.lower() not in ("playback", "background"):
            continue
        if not PROMISE.search(located.step.data) or flow.space.states[node].met is Met.MESSAGE:
            continue
        if not any(_records(flow, one) for one in (*_before(flow, node), *reachable([node], flow.successors))):
            yield finding(flow, CODE, SEVERITY, "a call back is promised here, and nothing records it", node)


def _before(flow: Calls, node: int) -> Iterator[int]:
    while flow.space.parents[node] is not None:
        parent = flow.space.parents[node]
        node = parent[0] if parent else node
        yield node


def _records(flow: Calls, node: int) -> bool:
    located = flow.located(node)
    names = flow.names(node)
    writes = located is not None and "set" in names and ("DB(" in located.step.data or "ODBC" in located.step.data)
    return bool(names & (RECORDS | PROGRAMS)) or writes
