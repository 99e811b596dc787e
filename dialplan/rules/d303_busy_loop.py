"""Busy loop

What it finds
    Steps that lead back to themselves without saying, waiting for or asking anything: nothing on the way
    takes time, reaches a person, or may end the round. Also a round that asks a database or the state of
    a device again and again without a Wait (a warning), and a Dial that is tried again at once, for ever,
    when its telephone is busy or not there, or a Queue that is entered again at once, when its status says
    that it is empty or full (warnings).
Why it matters to a caller
    The caller hears nothing until he hangs up, and one call keeps a processor of the server busy.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n(again),NoOp(still here)
    same => n,Goto(again)   ; expect: D303
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n(again),Set(ROUND=$[0${ROUND} + 1])
    same => n,GotoIf($[${ROUND} < 3]?again)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    Never: a round that waits for something needs a Wait.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.model import Edge, Kind
from dialplan.light import pattern
from dialplan.rules._flow import JUMPS, endless, finding, once, place_of
from dialplan.rules._lasting import PURE, Lasting
from dialplan.subject import Subject

CODE = "D303"
SEVERITY = Severity.ERROR
MISSION = "D3"

TRIES = frozenset({"dial", "retrydial", "queue"})
POLLS = pattern(r"\$\{(DB|DB_EXISTS|DEVICE_STATE|EXTENSION_STATE|GROUP_COUNT|QUEUE_\w+|SHARED|STAT|ODBC_\w+|CURL)\(")
ASKS_ONLY = frozenset({"set", "noop", "verbose", "log", "goto", "gotoif", "while", "endwhile"})
ANSWERED_OR_NOT = 2  # edges of a Dial whose status nobody looks at: one of them stands for all failures


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each loop on which nothing is said, at the last jump of it."""
    for one in endless(subject):
        if one.silent:
            message = f"goes round for ever without a wait or a word: {one.steps} steps"
            yield Finding(CODE, SEVERITY, message, one.jump.spot, witness=one.witness)
    yield from once(_redials(subject.flow))
    yield from once(_polls(subject.flow))


def _polls(flow: Calls) -> Iterator[Finding | None]:
    """Rounds that ask a database or a device again at once, until the answer is another one."""
    asking = (flow.subject.by_application.get(name, ()) for name in ("set", "gotoif", "while"))
    if not any("(" in call.data and POLLS.search(call.data) for calls in asking for _, call in calls):
        return

    def at_once(_: int, edge: Edge) -> bool:
        return edge.seconds == 0 and edge.choice.kind in (Kind.NOTHING, Kind.CONDITION)

    for part in flow.rounds(at_once):
        steps = [located for node in part if (located := flow.located(node))]
        idle = all(names <= ASKS_ONLY for names in map(flow.names, part))
        asks = any(POLLS.search(located.step.data) for located in steps)
        known = all(target.literal for located in steps for _, target in located.targets)
        if idle and asks and known and not any(flow.uncertain(node) or _counts(flow, node) for node in part):
            jumps = [node for node in part if flow.names(node) & JUMPS] or part
            message = "asks the same thing again at once until the answer is another one: nothing waits in between"
            yield finding(flow, CODE, Severity.WARNING, message, max(jumps, key=lambda one: place_of(flow, one)))


def _counts(flow: Calls, node: int) -> bool:
    """Does the step change something by itself, so that the round may end?"""
    located = flow.located(node)
    return located is not None and "set" in flow.names(node) and not POLLS.search(located.step.data)


def _redials(flow: Calls) -> Iterator[Finding | None]:
    def at_once(node: int, edge: Edge) -> bool:
        if edge.choice.kind in (Kind.KEY, Kind.WRONG, Kind.SILENCE, Kind.TARGET):
            return False
        whole = node in flow.offering and len(flow.space.edges[node]) == ANSWERED_OR_NOT
        return edge.seconds == 0 or (whole and "queue" not in flow.names(node))

    if not any(flow.names(node) & TRIES for node in flow.offering):
        return
    for part in flow.rounds(at_once):
        lasting = Lasting(flow, part, PURE)
        if any(_gives_way(flow, node, lasting) for node in part) or not any(node in flow.offering for node in part):
            continue
        jumps = [node for node in part if flow.names(node) & JUMPS] or part
        message = "the call is dialled again at once, for ever, when nobody can be reached: nothing waits or counts"
        yield finding(flow, CODE, Severity.WARNING, message, max(jumps, key=lambda one: place_of(flow, one)))


def _gives_way(flow: Calls, node: int, lasting: Lasting) -> bool:
    """Something is said, a key is heard, time passes, another application than Dial tries, or a condition decides."""
    names = flow.names(node)
    if node in flow.offering:
        return not names <= TRIES or flow.uncertain(node)
    if node in flow.listening or flow.says(node) or flow.uncertain(node):
        return True
    located = flow.located(node)
    if located is not None and any(call.effect is not None and call.effect.wait for call in located.calls):
        return True
    return lasting.may_leave(node)
