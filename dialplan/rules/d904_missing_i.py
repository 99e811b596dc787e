"""A wrong key cuts the call off

What it finds
    A context in which callers press keys (WaitExten, or Background with choices), where some keys lead
    nowhere and there is no `i` (and no `e`). Reported once, at the first place that listens.
Why it matters to a caller
    One slip of the finger and the call is over, without a word.
Bad
    [menu]
    exten => s,1,Answer()
    same => n,Background(welcome)   ; expect: D904
    same => n,WaitExten(10)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => t,1,Dial(PJSIP/operator,30)
Good
    [menu]
    exten => s,1,Answer()
    same => n,Background(welcome)
    same => n,WaitExten(10)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Dial(PJSIP/operator,30)
    exten => t,1,Dial(PJSIP/operator,30)
When to switch it off
    In a context that only your own telephones reach.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.keys import KEYS, accepted, handled, listening, waits
from dialplan.subject import Located, Subject

CODE = "D904"
SEVERITY = Severity.ERROR
MISSION = "D10"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each context that listens itself and lets wrong keys fall through everywhere."""
    for context in subject.plan.contexts.values():
        first = _first_listener(subject, context.name)
        if first is None:
            continue
        currents = subject.places.currents(context.name)
        wrong = set(KEYS)
        for current in currents:
            wrong -= set(accepted(subject, current))
        if wrong and not any(handled(subject, current, "i", "e") for current in currents):
            key = min(wrong, key=KEYS.index)
            message = f"a caller who presses a wrong key (such as {key}) is cut off: [{context.name}] has no i"
            yield Finding(CODE, SEVERITY, message, first.spot)


def _first_listener(subject: Subject, context: str) -> Located | None:
    """The first priority of this context that listens; Background alone counts when there are choices."""
    found = [(one, call) for one, call in listening(subject, context) if one.context.name == context]
    if not any(waits(call) for _, call in found) and not accepted(subject, context):
        return None
    return min((one for one, _ in found), key=lambda one: one.step.place[:2], default=None)
