"""A While without EndWhile

What it finds
    A While that no EndWhile of the same extension closes, and an EndWhile, ContinueWhile or ExitWhile in an
    extension without a While.
Why it matters to a caller
    Nothing is repeated, and when the condition is false the steps of the loop run all the same: the caller
    is asked once only, or too often.
Bad
    [from-trunk]
    exten => s,1,Set(tries=0)
    same => n,While($[${tries} < 3])   ; expect: D110
    same => n,Playback(please-hold)
    same => n,Set(tries=$[${tries} + 1])
    same => n,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Set(tries=0)
    same => n,While($[${tries} < 3])
    same => n,Playback(please-hold)
    same => n,Set(tries=$[${tries} + 1])
    same => n,EndWhile()
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    Never: close the loop, or take the While away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dialplan.finding import Finding, Severity
from dialplan.subject import Located, Subject

CODE = "D110"
SEVERITY = Severity.WARNING
MISSION = "D1"

PARTS = ("endwhile", "continuewhile", "exitwhile")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each such step."""
    loops: dict[int, list[Located]] = {}
    for name in ("while", *PARTS):
        for located, _ in subject.by_application.get(name, ()):
            loops.setdefault(id(located.extension), []).append(located)
    for steps in loops.values():
        yield from _unclosed(sorted(steps, key=lambda one: one.step.priority))


def _unclosed(steps: Iterable[Located]) -> Iterator[Finding]:
    """Whiles and EndWhiles of one extension, in order, matched as brackets are."""
    still_open: list[Located] = []
    there_is_one = False
    for located in steps:
        names = located.names
        if "while" in names:
            there_is_one = True
            still_open.append(located)
        elif not there_is_one:
            message = f"{located.step.application} in an extension without a While leads nowhere"
            yield Finding(CODE, SEVERITY, message, located.spot)
        elif "endwhile" in names and still_open:
            still_open.pop()
    for located in still_open:
        message = "this While has no EndWhile: nothing is repeated, and a false condition skips nothing"
        yield Finding(CODE, SEVERITY, message, located.spot)
