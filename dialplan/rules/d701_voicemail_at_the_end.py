"""Voicemail at the end of a queue

What it finds
    A queue or a ring group (a Dial of several) from which callers from outside, or from a menu, who are
    not answered come to VoiceMail, without a time condition on the way and without another person tried.
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

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.graph import reachable
from dialplan.flow.model import Kind
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
    callers = reachable(flow.outside, flow.following(lambda _, edge: edge.choice.kind not in (Kind.TIME, Kind.TARGET)))
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


def _group(flow: Calls, node: int) -> bool:
    located = flow.located(node)
    if located is None or not flow.offers(node):
        return False
    call = located.calls[0]
    name = call.application.lower()
    return name == "queue" or (name == "dial" and "&" in call.argument(1))
