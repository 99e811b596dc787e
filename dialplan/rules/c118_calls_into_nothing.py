"""Calls come in where there is no context

What it finds
    A telephone or trunk in the pjsip.conf, sip.conf, iax.conf or chan_dahdi.conf beside the dialplan whose `context` it
    does not have; the same for the `context` of a queue in queues.conf that the dialplan uses, and for `exitcontext`,
    `dialout` and `callback` in voicemail.conf where it uses a mailbox. Each context is said once, at the first line
    that names it. Not judged for a part of a dialplan, beside other dialplan languages, and where an #include is
    missing or a switch may bring contexts.
Why it matters to a caller
    Asterisk refuses every call from there ("rejected because extension not found in context"). A key that should lead
    out of the queue or to the operator does nothing.
Bad
    ; pjsip.conf:
    ;   [trunk]
    ;   type = endpoint
    ;   context = from-trunc   ; expect: C118
    [from-trunk]
    exten => s,1,Dial(PJSIP/trunk,30)
Good
    ; pjsip.conf:
    ;   [trunk]
    ;   type = endpoint
    ;   context = from-trunk
    [from-trunk]
    exten => s,1,Dial(PJSIP/trunk,30)
When to switch it off
    For a context that a program makes while Asterisk runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity, Spot
from dialplan.neighbours.contexts import Named, named
from dialplan.places import RUNTIME_CONTEXTS
from dialplan.rules._beside import near
from dialplan.rules.c111_driver_removed import removed
from dialplan.subject import Subject

CODE = "C118"
SEVERITY = Severity.WARNING
MISSION = "D1"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each context of each file."""
    plan = subject.plan
    if not plan.loads or not plan.contexts or subject.fragment or plan.not_covered or not subject.mostly_complete:
        return
    if any(one.code == "include-missing" for one in plan.diagnostics):
        return
    missing: dict[tuple[str, str], list[Named]] = {}
    for one in named(subject):
        if not _there(subject, one.context) and not (one.driver and removed(subject, one.driver)):
            missing.setdefault((one.text, one.context), []).append(one)
    for (text, context), given in missing.items():
        others = f" and {len(given) - 1} more" if len(given) > 1 else ""
        message = text.format(f"{given[0].name}{others}", f"context {context}")
        yield Finding(CODE, SEVERITY, message + near(context, plan.contexts), Spot(given[0].setting.place))


def _there(subject: Subject, context: str) -> bool:
    return context in subject.plan.contexts or context in RUNTIME_CONTEXTS or context in subject.elsewhere
