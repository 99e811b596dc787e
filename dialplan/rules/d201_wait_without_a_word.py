"""A wait without a word

What it finds
    A Wait or WaitExten of more than 15 seconds where callers from outside are, or callers who have chosen
    from a menu; or several of Wait, one behind the other, that are longer together.
Why it matters to a caller
    After some 15 seconds of silence callers believe that the line is dead. Say something, play music, or
    go on.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Wait(30)   ; expect: D201
    same => n,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Playback(one-moment)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    Where something else is heard meanwhile, such as music that was started before.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.machine import number
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D201"
SEVERITY = Severity.INFO
MISSION = "D2"

PATIENCE = 15.0


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each such step."""
    yield from once(_found(subject.flow))


def _found(flow: Calls) -> Iterator[Finding | None]:
    if any(not flow.callers.isdisjoint(flow.running.get(name, ())) for name in ("startmusiconhold", "playtones")):
        return
    waits = {node for name in ("wait", "waitexten") for node in flow.running.get(name, ())}
    for node in sorted(waits & flow.callers):
        located = flow.located(node)
        if located is None:
            continue
        call = located.calls[0]
        seconds = number(call.argument(1), 0) if call.application.lower() in ("wait", "waitexten") else 0
        if seconds > PATIENCE and "m" not in call.argument(2):
            message = f"{seconds:g} seconds without a word"
            yield finding(flow, CODE, SEVERITY, message, node)
        elif seconds and not _follows_a_wait(flow, node):
            last, sum_ = _in_a_row(flow, node)
            if sum_ > PATIENCE:
                yield finding(flow, CODE, SEVERITY, f"{sum_:g} seconds without a word, in several waits", last)


def _in_a_row(flow: Calls, node: int) -> tuple[int, float]:
    """The node with which waits that nothing parts get longer than PATIENCE, and their sum."""
    waited, here, seen = 0.0, node, set[int]()
    while here not in seen and waited <= PATIENCE:
        seen.add(here)
        names, located, edges = flow.names(here), flow.located(here), flow.space.edges[here]
        if located is None or flow.says(here) or here in flow.offering or here in flow.listening or len(edges) != 1:
            break
        if names == {"wait"}:
            seconds, node = number(located.calls[0].argument(1), 0), here
            if seconds > PATIENCE:
                break
            waited += seconds
        here = edges[0].target
        if here < 0:
            break
    return node, waited


def _follows_a_wait(flow: Calls, node: int) -> bool:
    """Is it in the middle of a row? Then the first of them tells."""
    parent = flow.space.parents[node]
    return parent is not None and flow.names(parent[0]) == {"wait"}
