"""A bracket that is not closed

What it finds
    `${` without its `}`, or `$[` without its `]`, in the arguments of an application; and a `}` too many in a value
    that Set gives (`Set(STATE=UNKNOWN})`), where the plan puts no text with braces together piece by piece.
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

from dialplan.applications.arguments import cut, outside
from dialplan.finding import Finding, Severity
from dialplan.subject import Subject

CODE = "C110"
SEVERITY = Severity.WARNING
MISSION = "D1"

CLOSES = {"${": "}", "$[": "]"}


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each priority."""
    yield from _too_many(subject)
    for located in subject.steps():
        data = located.step.data
        if "$" in data and (data.count("{") > data.count("}") or data.count("[") > data.count("]")):
            opened = _open(data)
            if opened:
                message = f"{opened} is not closed by {CLOSES[opened]}: the value is not what is written"
                yield Finding(CODE, SEVERITY, message, located.spot)


def _too_many(subject: Subject) -> Iterator[Finding]:
    """Values of Set with a `}` that closes nothing; none in a plan that builds texts with braces piece by piece."""
    given = [
        (located, outside(value))
        for located, call in subject.by_application.get("set", ())
        if ("{" in call.data or "}" in call.data) and "=" in call.data
        for value in cut(call.data, "=", 2)[1:]
    ]
    if any(text.count("{") > text.count("}") for _, text in given):
        return
    for located, text in given:
        if text.count("}") > text.count("{"):
            message = "} closes nothing here: it becomes part of the value"
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
