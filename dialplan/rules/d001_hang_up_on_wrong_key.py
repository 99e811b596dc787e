"""Hang-up on a wrong key

What it finds
    An `i` extension that surely ends the call, at once or after a prompt, in a context where callers
    press keys: whatever happens, no other key is asked for and no person is reached. A repetition, even
    a counted one, is no finding.
Why it matters to a caller
    One slip of the finger and the call is over. Errors belong to a repetition or to the operator.
Bad
    [menu]
    exten => s,1,Answer()
    same => n,Background(welcome)
    same => n,WaitExten(10)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Playback(invalid)
    same => n,Hangup()   ; expect: D001
    exten => t,1,Dial(PJSIP/operator,30)
Good
    [menu]
    exten => s,1,Answer()
    same => n,Background(welcome)
    same => n,WaitExten(10)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Playback(invalid)
    same => n,Dial(PJSIP/operator,30)
    exten => t,1,Dial(PJSIP/operator,30)
When to switch it off
    After an opt-out that the law wants to be followed by an immediate end.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.model import Ended, Kind
from dialplan.follow import Outcome, follow
from dialplan.keys import listening
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D001"
SEVERITY = Severity.ERROR
MISSION = "D10"

WORDS = {Outcome.HANGUP: "is hung up here", Outcome.FALLS_OFF: "is cut off here, there is no next priority"}


def check(subject: Subject) -> Iterator[Finding]:
    """What is written in `i` itself, and what calls that were followed show; at the last step."""
    yield from once([*_static(subject), *_explored(subject.flow)])


def _explored(flow: Calls) -> Iterator[Finding | None]:
    """Menus in which the first wrong key surely ends the call, whatever happens after it."""
    for node in sorted(flow.listening & flow.fresh):
        for edge in flow.space.edges[node]:
            if edge.choice.kind is not Kind.WRONG or edge.choice.application or edge.target < 0:
                continue
            ends = flow.cut_ends(edge.target)
            if ends:
                last, end = ends[0]
                context = flow.space.states[node].context
                how = WORDS[Outcome.HANGUP if end.end and end.end.kind is Ended.HANGUP else Outcome.FALLS_OFF]
                message = f"a caller who presses a wrong key in [{context}] {how}"
                yield finding(flow, CODE, SEVERITY, message, last, [end])


def _static(subject: Subject) -> Iterator[Finding]:
    """One finding for each `i` whose certain way ends the call; it points at the last step."""
    for context in subject.plan.contexts.values():
        for extension in context.extensions:
            first = extension.steps.get(1)
            if extension.pattern != "i" or first is None or not any(listening(subject, context.name)):
                continue
            path, outcome = follow(subject, subject.locate(first))
            if outcome in WORDS:
                message = f"a caller who presses a wrong key in [{context.name}] {WORDS[outcome]}"
                yield Finding(CODE, SEVERITY, message, path[-1].spot)
