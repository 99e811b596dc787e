"""A handler that can never run

What it finds
    A `t` extension that Asterisk never looks for: after WaitExten it is used only when there is no next
    priority, and after Background not at all (with the default autofallthrough=yes). A `t` that only leads
    back into a context which never asks for a key is a precaution, and no finding.
Why it matters to a caller
    What was written for the silent caller does not happen; something else does, mostly a hang-up.
Bad
    [menu]
    exten => s,1,Answer()
    same => n,Background(welcome)
    same => n,WaitExten(10)
    same => n,Playback(goodbye)
    same => n,Hangup()
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Dial(PJSIP/operator,30)
    exten => t,1,Dial(PJSIP/operator,30)   ; expect: D104
Good
    [menu]
    exten => s,1,Answer()
    same => n,Background(welcome)
    same => n,WaitExten(10)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Dial(PJSIP/operator,30)
    exten => t,1,Dial(PJSIP/operator,30)
When to switch it off
    When a program (AGI, ARI) sends calls to `t` by name.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import could_be, is_literal
from dialplan.finding import Finding, Severity
from dialplan.keys import goes_on, listening, waits
from dialplan.resolve import resolve
from dialplan.subject import Located, Subject

CODE = "D104"
SEVERITY = Severity.WARNING
MISSION = "D10"

# It collects digits too and leaves by `t` when none come.
INCOMPLETE = "incomplete"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each `t` that nothing leads to."""
    handlers = [
        subject.locate(extension.steps[1])
        for context in subject.plan.contexts.values()
        for extension in context.extensions
        if extension.pattern == "t" and 1 in extension.steps
    ]
    if not handlers or not subject.plan.options.autofallthrough:
        return
    jumped = _jumped_to(subject)
    for handler in handlers:
        currents = subject.places.currents(handler.context.name)
        if "" in jumped or jumped & set(currents) or any(_used(subject, one) for one in currents):
            continue
        if any(_asks(subject, one) for one in currents) or not _restarts(handler):
            message = (
                f"t in [{handler.context.name}] never runs: no WaitExten is the last priority"
                " of its extension, and nothing jumps to t"
            )
            yield Finding(CODE, SEVERITY, message, handler.spot)


def _asks(subject: Subject, current: str) -> bool:
    """Is a key asked for in this context's own lines?"""
    return any(located.context.name == current for located, _ in listening(subject, current))


def _restarts(handler: Located) -> bool:
    """Does it only lead back into its own context? In one that asks for no keys that is a mere precaution."""
    return handler.calls[0].application.lower() == "goto" and handler.calls[0].data.count(",") < 2


def _used(subject: Subject, current: str) -> bool:
    """May a time-out in this context look for `t`?"""
    for located in subject.steps_of(current):
        for call in located.calls:
            if call.application.lower() == INCOMPLETE:
                return True
            if waits(call) and not goes_on(subject, located, current):
                return True
    return False


def _jumped_to(subject: Subject) -> set[str]:
    """Contexts into which a jump goes to `t` or to a computed extension; "" for a computed context."""
    found: set[str] = set()
    for located in subject.steps():
        for _, target in located.targets:
            resolved = resolve(subject, located, target)
            if could_be(resolved.exten, "t"):
                known = is_literal(resolved.context) and target.context is not None
                found.update((resolved.context,) if known else _unknown_context(subject, located, target.context))
            elif target.exten is None and not is_literal(target.priority):
                found.add("")
    return found


def _unknown_context(subject: Subject, located: Located, context: str | None) -> tuple[str, ...]:
    return subject.places.currents(located.context.name) if context is None else ("",)
