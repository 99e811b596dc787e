"""A line that Asterisk throws away

What it finds
    A line that Asterisk drops with no more than a warning in its log: no `=`, an unknown directive, a
    priority that is no number, a priority or a label that is already taken, an extension without a
    name, a missing `)`. Also, without any warning, `n` right behind a hint, and a line of a dialplan below
    [general] or [globals]. An error in a file that is included, such as an #include of its own that is
    missing, costs the rest of that file.
Why it matters to a caller
    The step is not there. A call ends at the gap, or does what an older line says instead of the newer
    one.
Bad
    [menu]
    exten => s,1,Answer()
    exten => s,1,Dial(PJSIP/operator,30)   ; expect: C102
Good
    [menu]
    exten => s,1,Answer()
    exten => s,2,Dial(PJSIP/operator,30)
When to switch it off
    For a line that is meant for another program which reads the same file.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity, Spot
from dialplan.subject import Subject

CODE = "C102"
SEVERITY = Severity.WARNING
MISSION = "D1"

# Nothing is lost with these: the same thing is said twice.
HARMLESS = frozenset({"already-included", "already-ignored", "already-switched", "included-again"})
# Errors that cost their line only; the others end the file that was included, without a refusal of the whole.
ONE_LINE = frozenset({"same-without-extension", "no-extension-name"})
# These have a page of their own.
ELSEWHERE = frozenset({"include-unknown", "catches-all"})


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each line that the reader complains about and that the plan survives."""
    for note in subject.plan.diagnostics:
        if note.code in ELSEWHERE or (note.severity == "error" and not subject.plan.loads):
            continue
        if note.severity == "error" and note.code not in ONE_LINE:
            message = f"{note.message}: Asterisk reads no further in this file ({note.code})"
            yield Finding(CODE, Severity.ERROR, message, Spot(note.place))
            continue
        severity = Severity.INFO if note.code in HARMLESS or note.severity == "info" else SEVERITY
        yield Finding(CODE, severity, f"{note.message} ({note.code})", Spot(note.place))
    for place in subject.plan.unsaid:
        message = "n behind a hint is priority 0: Asterisk drops this line without a word; its number is 1"
        yield Finding(CODE, SEVERITY, message, Spot(place))
    for section in subject.plan.reserved:
        for place in section.lines:
            message = f"[{section.name}] is no context: Asterisk takes this line for a setting"
            yield Finding(CODE, SEVERITY, message, Spot(place))
