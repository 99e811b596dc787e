"""Nobody behind a queue or a ring group

What it finds
    A Queue, or a Dial of several, that is the last step for callers from outside, or who have chosen from
    a menu: whoever is not answered waits for ever, or is cut off.
Why it matters to a caller
    All are busy, the queue is full, nobody is logged in: that happens every day. An operator extension takes
    what groups and queues leave over.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Queue(sales,,,,120)   ; expect: D906
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Queue(sales,,,,120)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    For a group that is the operator, or a queue that is never closed, never full and always answers.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.calls import Call
from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.model import Edge, Ended
from dialplan.rules._flow import finding, once
from dialplan.rules.d002_hang_up_on_error import LAST_RESORT
from dialplan.subject import Subject

CODE = "D906"
SEVERITY = Severity.WARNING
MISSION = "D9"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each such step."""
    yield from once(_found(subject.flow))


def _found(flow: Calls) -> Iterator[Finding | None]:
    for node in sorted(flow.callers & flow.offering):
        located = flow.located(node)
        if located is None or not _group(located.calls[0]) or LAST_RESORT.search(located.step.data):
            continue
        end = _only_end(flow, node)
        if end is not None:
            name = located.calls[0].application
            message = f"nothing follows this {name}: a caller who is not answered {_fate(located.calls[0])}"
            yield finding(flow, CODE, SEVERITY, message, node, end)


def _group(call: Call) -> bool:
    name = call.application.lower()
    return name == "queue" or (name == "dial" and "&" in call.argument(1))


def _fate(call: Call) -> str:
    without_time = not call.argument(5 if call.application.lower() == "queue" else 2)
    return "waits for ever, or is cut off" if without_time else "is cut off"


def _only_end(flow: Calls, node: int) -> list[Edge] | None:
    """The way on after a failure, when there is none but to fall off at once."""
    failed = [edge for edge in flow.space.edges[node] if flow.failed(edge) and edge.target >= 0]
    for edge in failed:
        edges = flow.space.edges[edge.target]
        if flow.space.found[edge.target] is not None or flow.space.states[edge.target].frames:
            return None
        if not edges or any(one.end is None or one.end.kind is not Ended.FALLS_OFF for one in edges):
            return None
    return [failed[0], flow.space.edges[failed[0].target][0]] if failed else None
