"""A bracket that is not closed

What it finds
    `${` without its `}`, or `$[` without its `]`, in the arguments of an application.
Why it matters to a caller
    Asterisk logs "Error in extension logic" and takes the rest of the line for the name or the expression:
    the value is empty, and the call goes to the wrong branch or to nobody.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(PJSIP/${OPERATOR,30)   ; expect: C110
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(PJSIP/${OPERATOR},30)
When to switch it off
    Never: close the bracket.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.subject import Subject

CODE = "C110"
SEVERITY = Severity.WARNING
MISSION = "D1"

CLOSES = {"${": "}", "$[": "]"}


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each priority."""
    for located in subject.steps():
        data = located.step.data
        if "$" in data and (data.count("{") > data.count("}") or data.count("[") > data.count("]")):
            opened = _open(data)
            if opened:
                message = f"{opened} is not closed by {CLOSES[opened]}: the value is not what is written"
                yield Finding(CODE, SEVERITY, message, located.spot)


def _open(text: str) -> str:
    """The first of `${` and `$[` that is never closed; plain brackets inside count too."""
    stack: list[str] = []
    index = 0
    while index < len(text):
        pair, char = text[index : index + 2], text[index]
        if char == "\\":
            index += 1
        elif pair in CLOSES:
            stack.append(pair)
            index += 1
        elif stack and char in "{[":
            stack.append(char)
        elif stack and char == {"${": "}", "$[": "]", "{": "}", "[": "]"}[stack[-1]]:
            stack.pop()
        index += 1
    return next((one for one in stack if one in CLOSES), "")
