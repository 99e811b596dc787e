"""The silent caller is hung up without a word

What it finds
    A caller who presses nothing is hung up, at once or after repetitions, and after the last chance to
    press a key nothing is said: no goodbye, no person, no way to leave a message. Also a menu that hangs
    up as soon as its prompt is over, without a WaitExten (a warning).
Why it matters to a caller
    Who has no keys, cannot press them while driving, or did not understand, is thrown out. The operator
    should take the call; an end is allowed only after repetitions and with a goodbye.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Background(welcome)
    same => n,WaitExten(10)
    same => n,Hangup()   ; expect: D003
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Background(welcome)
    same => n,WaitExten(10)
    same => n,Dial(PJSIP/operator,30)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Dial(PJSIP/operator,30)
When to switch it off
    After an opt-out that the law wants to be followed by an immediate end.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.model import Edge, Ended, Kind, Met
from dialplan.rules._flow import finding_at, once
from dialplan.subject import Subject

CODE = "D003"
SEVERITY = Severity.ERROR
MISSION = "D10"

LISTENS = frozenset({"background", "waitexten"})
CHOICES_OF_A_MENU = 2


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each place where a silent caller's way ends like that."""
    yield from once(_found(subject.flow))
    yield from once(_without_waiting(subject.flow))


def _without_waiting(flow: Calls) -> Iterator[Finding | None]:
    """The prompt of a menu, and a hang-up at its end: the first place where this caller can press a key."""
    for start in sorted(flow.menus & flow.fresh & set(flow.running.get("background", ()))):
        keys = {edge.choice.value for edge in flow.space.edges[start] if edge.choice.kind is Kind.KEY}
        if len({key for key in keys if len(key) == 1}) < CHOICES_OF_A_MENU or _listened_before(flow, start):
            continue
        path, end = flow.silent(start)
        if end is None or end.end is None or end.end.kind is not Ended.HANGUP:
            continue
        if any(node in flow.listening or flow.says(node) for node in path[1:]):
            continue
        message = "the call is hung up when the prompt is over: no WaitExten gives the caller time to press a key"
        yield finding_at(flow, CODE, Severity.WARNING, message, start, path, list(_edges(flow, path, end)))


def _listened_before(flow: Calls, node: int) -> bool:
    parent = flow.space.parents[node]
    while parent is not None:
        if parent[0] in flow.listening:
            return True
        parent = flow.space.parents[parent[0]]
    return False


def _found(flow: Calls) -> Iterator[Finding | None]:
    for start in sorted(flow.menus & flow.fresh):
        edges = [edge for edge in flow.space.edges[start] if edge.choice.kind is Kind.SILENCE]
        if not edges or not (flow.names(start) & LISTENS or _reads_a_key(flow, start)):
            continue
        path, end = flow.silent(start)
        if end is None or end.end is None or end.end.kind not in (Ended.HANGUP, Ended.FALLS_OFF):
            continue
        if _polite(flow, path) or (end.end.kind is Ended.FALLS_OFF and flow.last_step(path[-1]) in flow.listening):
            continue
        context = flow.space.states[start].context
        message = f"a caller who presses nothing in [{context}] is hung up here without a word"
        yield finding_at(flow, CODE, SEVERITY, message, start, path, list(_edges(flow, path, end)))


def _reads_a_key(flow: Calls, node: int) -> bool:
    """A menu of Read for callers from outside: the called person may be asked for a key, too (Dial's option U)."""
    located = flow.located(node) if node in flow.callers else None
    call = located.calls[0] if located else None
    return call is not None and call.application.lower() == "read" and call.argument(3) == "1"


def _polite(flow: Calls, path: list[int]) -> bool:
    """Is something said after the last chance to press a key, or has the caller met somebody?"""
    last = max(at for at, node in enumerate(path) if node in flow.listening)
    if flow.space.states[path[-1]].met is not Met.NOBODY:
        return True
    return any(flow.says(node) for node in path[last + 1 :])


def _edges(flow: Calls, path: list[int], end: Edge) -> Iterator[Edge]:
    for node, after in itertools.pairwise(path):
        yield next(
            e for e in flow.space.edges[node] if e.target == after and e.choice.kind not in (Kind.KEY, Kind.WRONG)
        )
    yield end
