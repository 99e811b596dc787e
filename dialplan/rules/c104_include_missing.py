"""An include of a context that does not exist

What it finds
    `include => NAME` where no context NAME is in the files.
Why it matters to a caller
    Asterisk goes on without it. Extensions that were to come from there are not found. Generated
    dialplans include `…-custom` contexts that are allowed to be missing: these are not reported.
Bad
    [menu]
    exten => 1,1,Dial(PJSIP/operator,30)
    include => oparators   ; expect: C104
Good
    [menu]
    exten => 1,1,Dial(PJSIP/operator,30)
    include => operators

    [operators]
    exten => 2,1,Dial(PJSIP/operator,30)
When to switch it off
    When a module fills the context while Asterisk runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity, Spot
from dialplan.places import RUNTIME_CONTEXTS
from dialplan.subject import Subject

CODE = "C104"
SEVERITY = Severity.INFO
MISSION = ""


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each include without a context, but for those that are meant to be optional."""
    contexts = subject.plan.contexts
    for context in contexts.values():
        for include in context.includes:
            name = include.context
            optional = name.endswith("-custom") or name in RUNTIME_CONTEXTS or name in subject.elsewhere
            if name not in contexts and not optional:
                message = f"[{context.name}] includes {name}, which does not exist"
                yield Finding(CODE, SEVERITY, message, Spot(include.place, context.name))
