"""The call is cut off when its time is over

What it finds
    `Set(TIMEOUT(absolute)=N)` for callers from outside who then press keys or talk in a context without
    `T` (and without `e`): after N seconds Asterisk hangs up, whatever happens at that moment. A limit of more
    than half an hour is an information only: it mostly guards against calls that were forgotten.
Why it matters to a caller
    The menu stops in the middle of a word, the conversation with the operator too. With a `T` extension the
    call can be handed to somebody, or be ended with a word.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Set(TIMEOUT(absolute)=60)   ; expect: D004
    same => n,Background(welcome)
    same => n,WaitExten(10)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Dial(PJSIP/operator,30)
    exten => t,1,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Set(TIMEOUT(absolute)=60)
    same => n,Background(welcome)
    same => n,WaitExten(10)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Dial(PJSIP/operator,30)
    exten => t,1,Dial(PJSIP/operator,30)
    exten => T,1,Dial(PJSIP/operator,30)
When to switch it off
    For a line that everybody knows to be limited: a prepaid one, a test number.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow import variables as names
from dialplan.flow.calls import Calls
from dialplan.flow.graph import reachable
from dialplan.flow.leaving import ABSOLUTE
from dialplan.light import pattern
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D004"
SEVERITY = Severity.WARNING
MISSION = "D10"

LIMITS = pattern(r"_{0,2}TIMEOUT\(absolute\)=\s*(\d+)")
ONE_WAY = frozenset({"page"})
LONG = 1800
"""Seconds above which a limit is no part of what a caller meets."""


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each limit."""
    if any(LIMITS.match(call.data) for _, call in subject.by_application.get("set", ())):
        yield from once(_found(subject.flow))


def _found(flow: Calls) -> Iterator[Finding | None]:
    for node in sorted(flow.callers.intersection(flow.running.get("set", ()))):
        located = flow.located(node)
        limit = LIMITS.match(located.step.data) if located else None
        seconds = int(limit[1]) if limit else 0
        where = _without_handler(flow, node, str(seconds)) if seconds else ""
        if where:
            severity = Severity.INFO if seconds > LONG else SEVERITY
            message = f"the call is cut off {seconds} seconds after this, whatever happens: [{where}] has no T"
            yield finding(flow, CODE, severity, message, node)


def _without_handler(flow: Calls, node: int, limit: str) -> str:
    """The first context behind it in which callers press keys or talk and which has no `T` and no `e`; "" for none."""
    states = flow.space.states

    def limited(one: int) -> list[int]:
        return [to for to in flow.targets[one] if names.get(states[to].variables, ABSOLUTE) == limit]

    for one in sorted(reachable(limited(node), limited)):
        context = states[one].context
        asked = one in flow.listening or one in flow.offering
        if not asked or flow.names(one) & ONE_WAY or flow.subject.places.open_ended(context):
            continue
        if not any(flow.machine.exists(context, name) for name in ("T", "e")):
            return context
    return ""
