"""The call goes on in a less specific pattern

What it finds
    An extension whose last step does not end the call, while another pattern that the same number fits
    has the next priority, in its own context or in one that it includes: Asterisk looks each priority up anew, so
    the call goes on there.
Why it matters to a caller
    The caller gets half of one extension and half of another, which nobody has meant.
Bad
    [from-trunk]
    exten => 123,1,Answer()
    same => n,Playback(welcome)   ; expect: D107
    exten => _1XX,1,NoOp(internal)
    same => n,Playback(one-moment)
    same => n,Dial(PJSIP/${EXTEN},30)
Good
    [from-trunk]
    exten => 123,1,Answer()
    same => n,Playback(welcome)
    same => n,Dial(PJSIP/reception,30)
    same => n,Hangup()
    exten => _1XX,1,NoOp(internal)
    same => n,Playback(one-moment)
    same => n,Dial(PJSIP/${EXTEN},30)
When to switch it off
    Where common last steps are written once on purpose, for many patterns.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import branches
from dialplan.applications.effect import Ends
from dialplan.finding import Finding, Severity
from dialplan.flow.classes import numbers
from dialplan.plan.model import Context, Extension
from dialplan.plan.patterns import Fit, fit
from dialplan.subject import Located, Subject

CODE = "D107"
SEVERITY = Severity.WARNING
MISSION = "D1"

Patterns = dict[int, list[Extension]]


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each extension that runs on into a wider pattern of its own context."""
    by_context = {name: _by_priority(context) for name, context in subject.plan.contexts.items()}
    for context in subject.plan.contexts.values():
        patterns = _brought_in(subject, context, by_context)
        for extension in context.extensions:
            if 1 not in extension.steps or not patterns:
                continue
            last = _last(extension)
            located = subject.locate(extension.steps[last])
            if last + 1 not in patterns or _stops(located):
                continue
            other = next((one for one in patterns[last + 1] if _takes_over(one, extension)), None)
            if other is not None:
                message = (
                    f"the call goes on at priority {last + 1} of {other.pattern}, which {extension.pattern} fits too"
                )
                yield Finding(CODE, SEVERITY, message, located.spot)


def _brought_in(subject: Subject, context: Context, by_context: dict[str, Patterns]) -> Patterns:
    """Its own patterns, then those of the contexts that it includes."""
    if not context.includes:
        return by_context[context.name]
    found: Patterns = {}
    for part in subject.places.path(context.name):
        for priority, patterns in by_context[part.name].items():
            found.setdefault(priority, []).extend(patterns)
    return found


def _by_priority(context: Context) -> dict[int, list[Extension]]:
    """Patterns for every caller that begin with priority 1, by each priority they have."""
    found: dict[int, list[Extension]] = {}
    for one in context.extensions:
        if one.pattern.startswith("_") and one.cid is None and 1 in one.steps:
            for priority in one.steps:
                found.setdefault(priority, []).append(one)
    return found


def _last(extension: Extension) -> int:
    last = 1
    while last + 1 in extension.steps:
        last += 1
    return last


def _takes_over(pattern: Extension, extension: Extension) -> bool:
    """Does it fit all numbers of the extension? It has the first step too, so it was written as a whole of its own."""
    if pattern is extension or not extension.pattern.startswith("_"):
        return pattern is not extension and fit(pattern.pattern, extension.pattern) is not Fit.NO
    some = numbers(extension.pattern)
    return bool(some) and all(fit(pattern.pattern, number) is not Fit.NO for number, _ in some)


def _stops(located: Located) -> bool:
    effect = located.calls[0].effect
    if effect is None or effect.ends is Ends.ALWAYS:
        return True
    call = located.calls[0]
    if call.application.lower() in ("gotoif", "gotoiftime"):
        return all(branches(call.data)[1:])
    return call.application.lower() in ("goto", "return", "macroexit", "stasis")
