"""A time condition that never decides anything

What it finds
    A GotoIfTime or ExecIfTime behind another one of the same extension that already takes all of its
    times; and one whose times Asterisk cannot read, so that they never come.
Why it matters to a caller
    The holiday, the lunch break or the night service is announced, and the call goes where it goes on any
    other day.
Bad
    [from-trunk]
    exten => s,1,GotoIfTime(8:00-18:00,mon-fri,*,*?open,1)
    same => n,GotoIfTime(12:00-13:00,mon-fri,*,*?lunch,1)   ; expect: D601
    same => n,Dial(PJSIP/night,30)
    exten => open,1,Dial(PJSIP/reception,30)
    exten => lunch,1,Dial(PJSIP/night,30)
Good
    [from-trunk]
    exten => s,1,GotoIfTime(12:00-13:00,mon-fri,*,*?lunch,1)
    same => n,GotoIfTime(8:00-18:00,mon-fri,*,*?open,1)
    same => n,Dial(PJSIP/night,30)
    exten => open,1,Dial(PJSIP/reception,30)
    exten => lunch,1,Dial(PJSIP/night,30)
When to switch it off
    While a branch is switched off on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import branches, is_literal
from dialplan.finding import Finding, Severity
from dialplan.plan.timing import Timing, parse
from dialplan.subject import Located, Subject

CODE = "D601"
SEVERITY = Severity.WARNING
MISSION = "D6"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each condition that is never true when it is asked."""
    for context in subject.plan.contexts.values():
        for extension in context.extensions:
            earlier: list[Timing] = []
            for step in extension.steps.values():
                located = subject.locate(step)
                if step.label or step.application.lower() != "gotoiftime":
                    if step.label or not _passes(located):
                        earlier.clear()
                    continue
                spec, true, false = branches(step.data)
                if not is_literal(spec):
                    continue
                timing = parse(spec)
                if not (timing.minutes and timing.weekdays and timing.days and timing.months):
                    yield Finding(CODE, SEVERITY, f"the time {spec} never comes", located.spot)
                elif any(_covers(one, timing) for one in earlier):
                    message = f"the time {spec} is already taken by a condition above"
                    yield Finding(CODE, SEVERITY, message, located.spot)
                if true and not false:
                    earlier.append(timing)


def _passes(located: Located) -> bool:
    """Does the call surely go on to the next step, so that what was asked above still holds?"""
    return located.calls[0].application.lower() in ("noop", "answer", "verbose", "set", "progress", "ringing", "wait")


def _covers(wide: Timing, narrow: Timing) -> bool:
    pairs = (
        (wide.minutes, narrow.minutes),
        (wide.weekdays, narrow.weekdays),
        (wide.days, narrow.days),
        (wide.months, narrow.months),
    )
    return wide.zone == narrow.zone and all(one | other == one for one, other in pairs)
