"""A mailbox instead of a person

What it finds
    Callers from outside who come to VoiceMail although nobody was called, nothing was said and no key was
    pressed before, without a time condition on the way, or where no call that comes in there ever reaches
    anybody; and a VoiceMail that names no mailbox, which asks the caller for the number of one.
Why it matters to a caller
    He wanted to talk. A mailbox belongs to the time after hours, after it has been said that the office is
    closed.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,VoiceMail(100,u)   ; expect: D702
Good
    [from-trunk]
    exten => s,1,Dial(PJSIP/100,20)
    same => n,VoiceMail(100,u)
When to switch it off
    For a number that is only a mailbox, and known as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import PROGRAMS, Calls
from dialplan.flow.graph import reachable
from dialplan.flow.model import Edge, Kind
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D702"
SEVERITY = Severity.WARNING
MISSION = "D7"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each VoiceMail."""
    flow = subject.flow
    boxes = {node for node in flow.running.get("voicemail", ()) if flow.names(node) == {"voicemail"}}
    if boxes:
        yield from once(_unnamed(flow, boxes))
        yield from once(_instead(flow, boxes))


def _unnamed(flow: Calls, boxes: set[int]) -> Iterator[Finding | None]:
    for node in sorted(boxes & flow.callers):
        located = flow.located(node)
        if located is not None and not located.calls[0].argument(1):
            yield finding(
                flow, CODE, SEVERITY, "VoiceMail without a mailbox asks the caller for the number of one", node
            )


def _instead(flow: Calls, boxes: set[int]) -> Iterator[Finding | None]:
    for entry in sorted(flow.outside):
        at_once = reachable([entry], _silently(flow, entry))
        for node in sorted(at_once & boxes):
            located = flow.located(node)
            if located is None or not located.calls[0].argument(1) or _number_of_a_mailbox(flow, entry, node):
                continue
            message = "a caller from outside comes to this mailbox: nobody was called, and nothing was said"
            yield finding(flow, CODE, SEVERITY, message, node)


def _number_of_a_mailbox(flow: Calls, entry: int, node: int) -> bool:
    """One number, and the mailbox is in its own extension: then it is dialled for that."""
    first, last = flow.space.states[entry], flow.space.states[node]
    return first.exten.isdigit() and not first.free and first[:2] == last[:2]


def _silently(flow: Calls, entry: int) -> Callable[[int], list[int]]:
    """Where calls go on without a person, a word, a key, or a decision; of the time too, if nobody is ever called."""
    called = any(_somebody(flow, node) for node in reachable([entry], flow.successors))
    kinds = {Kind.NOTHING} if called else {Kind.NOTHING, Kind.TIME}

    def goes_on(node: int, edge: Edge) -> bool:
        something = _somebody(flow, node) or flow.says(node) or "voicemail" in flow.names(node)
        return not something and edge.choice.kind in kinds

    return flow.following(goes_on)


def _somebody(flow: Calls, node: int) -> bool:
    """May more than a mailbox follow there?"""
    return flow.offers(node) or node in flow.listening or flow.uncertain(node) or bool(flow.names(node) & PROGRAMS)
