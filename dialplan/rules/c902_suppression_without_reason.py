"""A suppression without a reason

What it finds
    `; concierge: ignore CODE` without `-- reason` behind it. The finding stays suppressed, this one
    takes its place.
Why it matters to a caller
    Nobody can tell later whether the caller is cut off on purpose.
Bad
    [from-trunk]
    exten => s,1,Goto(menu,s,1)   ; concierge: ignore D101
    ; expect-above: C902
Good
    [from-trunk]
    exten => s,1,Goto(menu,s,1)   ; concierge: ignore D101 -- [menu] is made by the provisioning system
When to switch it off
    When the reasons are kept somewhere else.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity, Spot
from dialplan.subject import Subject

CODE = "C902"
SEVERITY = Severity.WARNING
MISSION = ""


def review(subject: Subject, ran: frozenset[str]) -> Iterator[Finding]:
    """Every suppression that gives no reason, whatever rule it is about."""
    for item in subject.suppressions:
        if not item.reason and item.code in ran:
            message = f"ignores {item.code} without a reason: write `-- reason` behind it"
            yield Finding(CODE, SEVERITY, message, Spot(item.place))
