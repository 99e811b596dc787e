"""Hang-up on an error

What it finds
    A Dial, a Queue or the like that reaches nobody, after which the call is hung up without a word (the
    tone of Congestion is none) and without another try: for callers from outside, or who have chosen from
    a menu. The last try, an operator or a reception, is no finding. Also an AGI or System whose failure is asked
    for and ends the call in this way, while its success leads on. A Dial after which somebody else is tried, but not
    for BUSY, which ends in the busy tone, is an information.
Why it matters to a caller
    Busy, no answer and errors are the caller's everyday life. They belong to the operator, not to Hangup.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(PJSIP/sales,30)
    same => n,Hangup()   ; expect: D002
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(PJSIP/sales,30)
    same => n,Dial(PJSIP/operator,30)
    same => n,Playback(nobody-is-here)
    same => n,Hangup()
When to switch it off
    For a number behind which there is nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.model import Ended, Met
from dialplan.light import pattern
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D002"
SEVERITY = Severity.WARNING
MISSION = "D10"

TRIES = frozenset({"dial", "queue", "retrydial", "followme", "directory"})
PROGRAMS = frozenset({"agi", "eagi", "deadagi", "fastagi", "system", "trysystem"})
OUTGOING = pattern(r"\$\{EXTEN|@")  # a trunk that fails: the tone says so
LAST_RESORT = pattern(r"operator|recep|attendant|front.?desk|secretar|zentrale|centrala", re.I)


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each hang-up; it points at the step that ends the call."""
    yield from once([*_found(subject.flow), *_programs(subject.flow), *_busy(subject.flow)])


def _busy(flow: Calls) -> Iterator[Finding | None]:
    """Only who is not answered is helped on; whoever meets a busy line gets the tone."""
    dials = flow.callers & flow.offering.intersection(flow.running.get("dial", ()))
    if "busy" not in flow.running or not dials:
        return
    helped_on = flow.before(flow.offering)
    for node in sorted(dials):
        failed = {e.choice.value: e.target for e in flow.space.edges[node] if e.target >= 0 and flow.failed(e)}
        target = failed.pop("BUSY", -1)
        ends = flow.cut_ends(target) if target >= 0 else None
        if not ends or helped_on.isdisjoint(failed.values()):
            continue
        last, end = ends[0]
        if "busy" in flow.names(last) and flow.space.states[node].met is Met.NOBODY:
            message = "a busy line ends the call with a tone, although others who are not answered are helped on"
            yield finding(flow, CODE, Severity.INFO, message, last, [end])


def _programs(flow: Calls) -> Iterator[Finding | None]:
    """A program that fails: the caller has done nothing wrong."""
    running = {node for name in PROGRAMS for node in flow.running.get(name, ())} & flow.callers
    for node in sorted(running):
        located, edges = flow.located(node), flow.space.edges[node]
        if located is None or flow.space.states[node].met is not Met.NOBODY:
            continue
        if not any(not flow.failed(edge) and edge.target >= 0 and not flow.cut_ends(edge.target) for edge in edges):
            continue
        for edge in edges:
            if edge.target < 0 or not flow.failed(edge) or edge.choice.value == "HANGUP":
                continue
            ends = None if edge.target in flow.before_speech else flow.cut_ends(edge.target)
            if ends and all(end.end is not None and end.end.kind is Ended.HANGUP for _, end in ends):
                last, end = ends[0]
                name = located.calls[0].application
                message = f"when {name} comes back with {edge.choice.value}, the caller is hung up here"
                yield finding(flow, CODE, SEVERITY, message, last, [end])


def _found(flow: Calls) -> Iterator[Finding | None]:
    for node in sorted(flow.callers & flow.offering):
        located = flow.located(node)
        if located is None or not flow.names(node) & TRIES:
            continue
        state = flow.space.states[node]
        if LAST_RESORT.search(located.step.data) or state.met is not Met.NOBODY:
            continue
        for edge in flow.space.edges[node]:
            if edge.target < 0 or not flow.failed(edge) or edge.target in flow.before_speech:
                continue
            ends = flow.cut_ends(edge.target)
            over = {Ended.HANGUP, Ended.FALLS_OFF} if "directory" in flow.names(node) else {Ended.HANGUP}
            if ends and all(e.end is not None and e.end.kind in over for _, e in ends):
                last, end = ends[0]
                if OUTGOING.search(located.step.data) and "congestion" in flow.names(last):
                    continue
                status = edge.choice.value
                message = f"when {located.calls[0].application} comes back with {status}, the caller is hung up here"
                yield finding(flow, CODE, SEVERITY, message, last, [end])
