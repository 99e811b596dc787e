"""A queue without an end or a call to nobody

What it finds
    A Queue without a time-out although there is a step behind it for the callers that the queue leaves
    over; a Dial without one before VoiceMail, or before another Dial of somebody who is named; MusicOnHold
    without a duration and with a next step; a Queue or Dial without a destination. A Queue without a time-out
    that only a Hangup follows is an information (with nothing behind it, it is D906): how long callers wait is
    decided by the agents and by queues.conf; where that lies beside the plan and has a `context` or
    `leavewhenempty` for the queue it is none. Also a round of queues and phones, with a word in between, that whoever
    is not answered never leaves; and a Dial without a time-out in a Gosub behind which somebody else is called.
Why it matters to a caller
    Nobody comes to that step: who is not answered waits for ever, and the operator that was meant to take
    over is never asked.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Queue(sales)   ; expect: D905
    same => n,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Queue(sales,,,,120)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    When the queue's settings (leavewhenempty, joinempty) are what the next step is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dialplan.applications.arguments import is_literal
from dialplan.applications.calls import Call
from dialplan.finding import Finding, Severity
from dialplan.flow.entries import beside
from dialplan.subject import Located, Subject

CODE = "D905"
SEVERITY = Severity.WARNING
MISSION = "D9"

OPTIONS_WITH_TIME = frozenset("n")
TRIES = frozenset({"dial", "queue", "retrydial"})
OPERATORS = ("dial", "queue", "goto", "voicemail", "background")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each such step."""
    yield from _written(subject)
    if subject.flow.offering and not TRIES.isdisjoint(subject.flow.running):
        from dialplan.rules import _waiting as waiting

        yield from waiting.rounds(subject.flow, CODE, SEVERITY)
        yield from waiting.behind_gosub(subject.flow, CODE, SEVERITY)


def _written(subject: Subject) -> Iterator[Finding]:
    for located in subject.steps():
        for call in located.calls:
            name = call.application.lower()
            if name == "musiconhold" and call.certain and not call.argument(2) and _goes_on(located):
                message = "the music has no end: nobody comes to the next step"
                yield Finding(CODE, SEVERITY, message, located.spot)
            if name not in ("queue", "dial"):
                continue
            if not call.argument(1):
                yield Finding(CODE, Severity.ERROR, f"{call.application} names nobody to call", located.spot)
            elif name == "queue" and call.certain and _endless(call) and _next_takes_over(located):
                message = "this queue has no time-out: nobody comes to the next step for want of an answer"
                yield Finding(CODE, SEVERITY, message, located.spot)
            elif name == "queue" and call.certain and _endless(call) and _hangs_up(located):
                if not _has_way_out(subject, call.argument(1)):
                    message = (
                        "this queue has no time-out and nothing behind it: without an agent a caller waits for ever"
                    )
                    yield Finding(CODE, Severity.INFO, message, located.spot)
            elif name == "dial" and call.certain and _rings_on(call) and _somebody_else(located):
                message = "this Dial has no time-out: nobody comes to the next step for want of an answer"
                yield Finding(CODE, SEVERITY, message, located.spot)


def _goes_on(located: Located) -> bool:
    step = located.extension.steps.get(located.step.priority + 1)
    return step is not None and step.application.lower() != "hangup"


def _has_way_out(subject: Subject, queue: str) -> bool:
    """Does queues.conf beside the plan let callers leave, by a key or when nobody is there?"""
    settings: dict[str, Mapping[str, str]] | None = subject.memo.get("queues.conf")
    if settings is None:
        settings = subject.memo["queues.conf"] = dict(beside(subject, "queues.conf"))
    own, common = settings.get(queue, {}), settings.get("general", {})
    leaves = {**common, **own}.get("leavewhenempty", "no").lower()
    return bool(own.get("context")) or leaves not in ("no", "0", "false", "off", "n", "f", "")


def _hangs_up(located: Located) -> bool:
    step = located.extension.steps.get(located.step.priority + 1)
    return step is not None and step.application.lower() == "hangup"


def _rings_on(call: Call) -> bool:
    """Of somebody who is named: a Dial to a number goes to a trunk, and the next step is for a trunk that fails."""
    return not call.argument(2) and is_literal(call.data) and "|" not in call.data and "@" not in call.data


def _somebody_else(located: Located) -> bool:
    """A mailbox (but not its greeting for a busy line), or somebody else."""
    step = located.extension.steps.get(located.step.priority + 1)
    if step is None or not is_literal(step.data):
        return False
    call = Call(step.application, step.data)
    if step.application.lower() == "voicemail":
        return "b" not in call.argument(2)
    return step.application.lower() == "dial" and "@" not in step.data


def _endless(call: Call) -> bool:
    return not call.argument(5) and "|" not in call.data and not OPTIONS_WITH_TIME & set(call.argument(2))


def _next_takes_over(located: Located) -> bool:
    after = located.step.priority + 1
    step = located.extension.steps.get(after)
    if step is not None and step.application.lower() == "playback":
        step = located.extension.steps.get(after + 1)
    return step is not None and step.application.lower() in OPERATORS
