"""A pattern that catches the special extensions

What it finds
    `_.` and other patterns that also fit h, i or t, in a context that does not write these out.
Why it matters to a caller
    A time-out, a wrong key or the hang-up goes to this extension as if `t`, `i` or `h` had been
    dialled: the call is placed to a number named t, or goes round after the caller has gone.
Bad
    [internal]
    exten => _.,1,Dial(PJSIP/${EXTEN}@trunk,60)   ; expect: D106
Good
    [internal]
    exten => _X.,1,Dial(PJSIP/${EXTEN}@trunk,60)
When to switch it off
    In a context that is only ever reached through a jump to a known extension.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.keys import listening
from dialplan.plan.patterns import Fit, fit
from dialplan.subject import Subject

CODE = "D106"
SEVERITY = Severity.WARNING
MISSION = "D1"

SPECIAL = ("h", "i", "t")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each pattern, with the special extensions that only it takes."""
    for context in subject.plan.contexts.values():
        special = SPECIAL if _asks(subject, context.name) else ("h",)
        written = {extension.pattern for extension in context.extensions if extension.steps}
        for extension in context.extensions:
            pattern = extension.pattern
            caught = [name for name in special if name not in written and fit(pattern, name) is not Fit.NO]
            if pattern.startswith("_") and extension.steps and caught:
                step = next(iter(extension.steps.values()))
                message = f"{pattern} also catches {', '.join(caught)}: a time-out, wrong key or hang-up goes here"
                yield Finding(CODE, SEVERITY, message, subject.locate(step).spot)


def _asks(subject: Subject, name: str) -> bool:
    """Is a key asked for where the context is current? Nothing else looks for `i` and `t` beside such a pattern."""
    if not subject.plan.options.autofallthrough:
        return True
    return any(any(listening(subject, current)) for current in subject.places.currents(name))
