"""A suppression that suppresses nothing

What it finds
    `; concierge: ignore CODE` where that rule has nothing to say about the line, where no rule has that code, or
    which is written so that it cannot be read.
Why it matters to a caller
    It hides the next mistake of that kind on this line.
Bad
    [from-trunk]
    ; concierge: ignore D101 -- the context comes with the next release   ; expect: C901
    exten => s,1,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Dial(PJSIP/operator,30)
When to switch it off
    While the same files are linted for several versions of Asterisk.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from dialplan.finding import Finding, Severity, Spot
from dialplan.subject import Subject
from dialplan.suppression import UNREADABLE

CODE = "C901"
SEVERITY = Severity.WARNING
MISSION = ""


def review(subject: Subject, ran: frozenset[str]) -> Iterator[Finding]:
    """Only codes that were checked in this run can be called unused."""
    for item in subject.suppressions:
        if item.code == UNREADABLE:
            yield Finding(
                CODE, SEVERITY, "ignores nothing: write `; concierge: ignore D101 -- reason`", Spot(item.place)
            )
        elif item.code not in _codes():
            yield Finding(CODE, SEVERITY, f"ignores nothing: {_no_rule(item.code)}", Spot(item.place))
        elif item.code in ran and item not in subject.used:
            yield Finding(CODE, SEVERITY, f"nothing to ignore: {item.code} is not found here", Spot(item.place))


@functools.cache
def _codes() -> frozenset[str]:
    from dialplan.rule import rules  # it has loaded this module

    return frozenset(rule.code for rule in rules())


def _no_rule(code: str) -> str:
    several = sorted(one for one in _codes() if one.startswith(code))
    if several:
        return f"{code} is no whole code; name each, such as {several[0]}"
    return f"there is no rule {code}; `concierge rule --all` lists them"
