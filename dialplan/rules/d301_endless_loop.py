"""Endless loop

What it finds
    A Goto that leads back to itself through steps that surely run and that neither wait, nor take a
    key, nor ask a condition, nor reach a person.
Why it matters to a caller
    The caller hears the same thing, or nothing, again and again until he hangs up; the server is kept
    busy.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n(again),Playback(all-lines-are-busy)
    same => n,Goto(again)   ; expect: D301
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n(again),Playback(all-lines-are-busy)
    same => n,Set(ROUND=$[${ROUND} + 1])
    same => n,GotoIf($[${ROUND} < 3]?again)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    For a line that is meant to repeat one announcement for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.follow import Outcome, follow
from dialplan.subject import Located, Subject

CODE = "D301"
SEVERITY = Severity.ERROR
MISSION = "D3"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each loop, at the last Goto of it."""
    followed: set[int] = set()
    for located in subject.steps():
        if not _is_goto(located) or id(located) in followed:
            continue
        path, outcome = follow(subject, located, followed)
        followed.update(map(id, path))
        if outcome is not Outcome.LOOP:
            continue
        loop = _loop(subject, path)
        if not any(_gives_way(one) for one in path):
            jump = max((one for one in loop if _is_goto(one)), key=lambda one: one.step.place[:2])
            message = f"goes round for ever: {len(loop)} steps, none waits, takes a key or asks a condition"
            yield Finding(CODE, SEVERITY, message, jump.spot)


def _loop(subject: Subject, path: list[Located]) -> list[Located]:
    """The part of the path that repeats: from where the last step leads to."""
    again, _ = follow(subject, path[-1])
    back = again[1] if len(again) > 1 else path[-1]
    start = path.index(back)
    return path[start:]


def _is_goto(located: Located) -> bool:
    return located.calls[0].application.lower() == "goto"


def _gives_way(located: Located) -> bool:
    """It waits, or it has set a limit to the call's time."""
    effect = located.calls[0].effect
    waits = effect is not None and effect.wait is not None
    return waits or "timeout(absolute" in located.step.data.lower()
