"""Hang-up on a wrong key

What it finds
    An `i` extension that surely ends the call, at once or after a prompt, in a context where callers
    press keys: whatever happens, no other key is asked for and no person is reached; the same behind a Read
    of one key. A repetition, even a counted one, is no finding. A pattern that takes all the keys that are
    no choice, and hangs up, is a warning.
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

import re
from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import SAYS, Calls
from dialplan.flow.graph import reachable
from dialplan.flow.model import Ended, Kind
from dialplan.follow import Outcome, follow
from dialplan.keys import KEYS, listening
from dialplan.light import pattern
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D001"
SEVERITY = Severity.ERROR
MISSION = "D10"

BESIDE, REST = 2, 3
ERROR = pattern(r"invalid|wrong|error|sorry|not.?valid|option|unknown|try|bad", re.I)
WORDS = {Outcome.HANGUP: "is hung up here", Outcome.FALLS_OFF: "is cut off here, there is no next priority"}


def check(subject: Subject) -> Iterator[Finding]:
    """What is written in `i` itself, and what calls that were followed show; at the last step."""
    yield from once([*_static(subject), *_explored(subject.flow)])


def _explored(flow: Calls) -> Iterator[Finding | None]:
    """Menus in which the first wrong key surely ends the call, whatever happens after it."""
    for node in sorted(flow.listening & flow.fresh):
        for edge in flow.space.edges[node]:
            if edge.choice.kind is not Kind.WRONG or edge.target < 0:
                continue
            if not edge.choice.application or _menu_of_read(flow, node):
                yield _hung_up(flow, node, edge.target, "presses a wrong key", SEVERITY)
        for target in _caught(flow, node):
            yield _hung_up(flow, node, target, "presses a key that is no choice", Severity.WARNING)


def _hung_up(flow: Calls, node: int, target: int, who: str, severity: Severity) -> Finding | None:
    ends = flow.cut_ends(target)
    if not ends:
        return None
    last, end = ends[0]
    how = WORDS[Outcome.HANGUP if end.end and end.end.kind is Ended.HANGUP else Outcome.FALLS_OFF]
    message = f"a caller who {who} in [{flow.space.states[node].context}] {how}"
    return finding(flow, CODE, severity, message, last, [end])


def _menu_of_read(flow: Calls, node: int) -> bool:
    """Does it ask for one key, and know at least two?"""
    located = flow.located(node)
    if located is None or located.calls[0].application.lower() != "read" or located.calls[0].argument(3) != "1":
        return False
    return sum(edge.choice.kind is Kind.KEY and len(edge.choice.value) == 1 for edge in flow.space.edges[node]) > 1


def _caught(flow: Calls, node: int) -> Iterator[int]:
    """Where a pattern that takes the rest of the keys leads, when it says no more than that they are wrong."""
    targets = {edge.target for edge in flow.space.edges[node] if edge.choice.kind is Kind.KEY and edge.target >= 0}
    for target in sorted(targets):
        found, context = flow.space.found[target], flow.space.states[target].context
        if len(targets) < BESIDE or found is None or not found.extension.pattern.startswith("_"):
            continue
        takes = [
            key for key in KEYS if any(f.extension is found.extension for f in flow.machine.possible(context, key, 1))
        ]
        if len(takes) >= REST and flow.cut_ends(target):
            steps = [located.step for one in _after(flow, target) if (located := flow.located(one))]
            said = [step.data for step in steps if step.application.lower() in SAYS]
            if all(ERROR.search(text) for text in said) and not any("${EXTEN" in step.data for step in steps):
                yield target


def _after(flow: Calls, target: int) -> list[int]:
    """The nodes of a way that surely ends, with a step."""
    return [node for node in sorted(reachable([target], flow.successors)) if flow.located(node) is not None]


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
