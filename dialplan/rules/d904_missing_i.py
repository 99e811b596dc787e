"""A wrong key cuts the call off

What it finds
    A context in which callers press keys (WaitExten, or Background with choices), where some keys lead
    nowhere and there is no `i` (and no `e`). Reported once, at the first place that listens. Where only
    includes with times bring one in and leave times over, that is a warning.
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
from dialplan.keys import KEYS, accepted, accepted_by, handled, listening, waits
from dialplan.plan.timing import parse
from dialplan.rules._times import left_over
from dialplan.subject import Located, Subject

CODE = "D904"
SEVERITY = Severity.ERROR
MISSION = "D10"

HANDLERS = ("i", "e")


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
        elif len(currents) == 1:
            text = _at_times(subject, currents[0])
            if text:
                yield Finding(CODE, Severity.WARNING, text, first.spot)


def _at_times(subject: Subject, name: str) -> str:
    """The time at which no include brings an `i` or `e`, and some key leads nowhere; "" for none."""
    context = subject.plan.contexts.get(name)
    if context is None or subject.places.open_ended(name):
        return ""
    timed = [one for one in context.includes if one.timing]
    always = [one.context for one in context.includes if not one.timing]
    if not timed or any(any(subject.places.matching_in(context, one)) for one in HANDLERS):
        return ""
    if any(handled(subject, one, *HANDLERS) for one in always):
        return ""
    bring = [parse(one.timing) for one in timed if one.timing and handled(subject, one.context, *HANDLERS)]
    when = left_over(bring) if bring else ""
    wrong = [key for key in KEYS if not any(key in accepted(subject, one) for one in always)]
    wrong = [key for key in wrong if key not in accepted_by(context)]
    if not when or not wrong:
        return ""
    return f"{when} a caller who presses a wrong key (such as {wrong[0]}) is cut off: [{name}] has no i at that time"


def _first_listener(subject: Subject, context: str) -> Located | None:
    """The first priority of this context that listens; Background alone counts when there are choices."""
    found = [(one, call) for one, call in listening(subject, context) if one.context.name == context]
    if not any(waits(call) for _, call in found) and not accepted(subject, context):
        return None
    return min((one for one, _ in found), key=lambda one: one.step.place[:2], default=None)
