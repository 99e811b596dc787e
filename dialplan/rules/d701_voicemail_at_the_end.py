"""Voicemail at the end of a queue

What it finds
    A queue or a ring group (a Dial of several) from which callers from outside, or from a menu, who are
    not answered come to VoiceMail, without a time condition on the way and without another person tried. Times that
    let a call of a Tuesday at 11 through count as opening hours.
Why it matters to a caller
    Who has waited in a queue in opening hours wants to talk. The mailbox belongs to the time after
    hours, after it has been said that the office is closed.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Queue(sales,,,,120)
    same => n,VoiceMail(100,u)   ; expect: D701
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Queue(sales,,,,120)
    same => n,Dial(PJSIP/operator,30)
    same => n,VoiceMail(100,u)
When to switch it off
    Where the queue is open at night only.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.graph import reachable
from dialplan.flow.model import Edge, Kind
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D701"
SEVERITY = Severity.WARNING
MISSION = "D7"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each VoiceMail."""
    yield from once(_found(subject.flow))


def _found(flow: Calls) -> Iterator[Finding | None]:
    groups = {node for node in flow.offering if _group(flow, node)}
    if not groups:
        return
    callers = reachable(flow.outside, flow.following(functools.partial(_in_hours, flow)))
    for node in sorted(groups & callers & flow.callers - flow.given_up):
        failed = [e.target for e in flow.space.edges[node] if e.target >= 0 and flow.failed(e)]
        allowed = flow.following(
            lambda n, e: (
                e.choice.kind not in (Kind.TIME, Kind.TARGET) and not flow.offers(n) and n not in flow.listening
            )
        )
        for after in sorted(reachable(failed, allowed)):
            if "voicemail" in flow.names(after) and flow.names(after) == {"voicemail"}:
                yield finding(flow, CODE, SEVERITY, "who was not answered in a queue ends at a mailbox", after)


TUESDAY = "2026-06-09T11:00"


def _in_hours(flow: Calls, _: int, edge: Edge) -> bool:
    """Does a call of an ordinary Tuesday at 11 take this edge? Times that cannot be read say no."""
    kind, value, spec = edge.choice
    if kind is not Kind.TIME:
        return kind is not Kind.TARGET
    from datetime import datetime

    from dialplan.flow.hours import holds

    moment = datetime.fromisoformat(TUESDAY)
    if value not in ("true", "false"):
        return flow.machine.hours is not None and flow.machine.hours.same(value, moment)
    return holds(spec, moment) is (value == "true")


def _group(flow: Calls, node: int) -> bool:
    located = flow.located(node)
    if located is None or not flow.offers(node):
        return False
    call = located.calls[0]
    name = call.application.lower()
    return name == "queue" or (name == "dial" and "&" in call.argument(1))
