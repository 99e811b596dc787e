"""A handler that can never run

What it finds
    A `t` extension that Asterisk never looks for: after WaitExten it is used only when there is no next
    priority, and after Background not at all (with the default autofallthrough=yes). A `t` that only leads back
    into a context which never asks for a key is a precaution, and no finding; neither is one in a context of
    nothing but such handlers that nothing includes yet. Also an `i` in a menu in which every key is taken by
    some extension, a `T` when nothing sets TIMEOUT(absolute), and an `o` or `a` when nothing takes a message or
    reads a directory. An `i` where no key is asked for is an
    information only: it looks like help for numbers that nobody has, and Asterisk refuses these calls
    before any step runs. The keys of a menu that listens in `TryExec(WaitExten())` are an error: TryExec takes
    a key for a failure and goes on.
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
from dialplan.applications.calls import Target
from dialplan.finding import Finding, Severity
from dialplan.keys import KEYS, goes_on, listening, single_keys, waits
from dialplan.light import pattern
from dialplan.plan.model import Context
from dialplan.resolve import Fate, Resolved, resolve
from dialplan.rules._misspelt import misspelt
from dialplan.subject import Located, Subject

CODE = "D104"
SEVERITY = Severity.WARNING
MISSION = "D10"

# It collects digits too and leaves by `t` when none come.
INCOMPLETE = "incomplete"
CLASS = pattern(r"\[[^\]]*\]")


TAKES_O = frozenset({"voicemail", "directory", "minivmrecord", "minivmgreet", "record", "privacymanager", "queue"})
TAKES_A = frozenset({"voicemail", "voicemailmain", "directory"})
HANDLERS = frozenset({"i", "t", "T", "e", "h", "o", "a", "failed"})
ASKS_ELSEWHERE = frozenset({"disa", "readexten", "directory", "incomplete"})
PROGRAMS = frozenset({"agi", "eagi", "deadagi", "fastagi", "stasis", "externalivr", "raiseexception"})


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each handler that nothing leads to."""
    yield from _timeouts(subject)
    yield from _lost_keys(subject)
    for located, why in misspelt(subject, ((exten, resolved) for _, exten, resolved, _ in _jumps(subject))):
        yield Finding(CODE, SEVERITY, f"{located.extension.pattern} never runs: {why}", located.spot)
    handlers = [
        (extension.pattern, subject.locate(extension.steps[1]))
        for context in subject.plan.contexts.values()
        for extension in context.extensions
        if extension.pattern in ("i", "T", "o", "a") and 1 in extension.steps
    ]
    if not handlers or not subject.plan.options.autofallthrough:
        return
    jumped = {name: _jumped_to(subject, name) for name in {name for name, _ in handlers}}
    facts = Facts(subject)
    for name, handler in handlers:
        currents = set(subject.places.currents(handler.context.name))
        if "" not in jumped[name] and not jumped[name] & currents:
            severity, why = _why(facts, name, handler, currents)
            if why:
                yield Finding(CODE, severity, f"{name} in [{handler.context.name}] never runs: {why}", handler.spot)


def _lost_keys(subject: Subject) -> Iterator[Finding]:
    """TryExec takes a key for a failure and goes on, whatever extension it has (measured)."""
    for located, call in subject.by_application.get("waitexten", ()):
        keys = single_keys(subject, located.context.name) if call.tolerant else ""
        if keys:
            message = f"a key such as {keys[0]} never leads to its extension: TryExec goes on when WaitExten gets one"
            yield Finding(CODE, Severity.ERROR, message, located.spot)


class Facts:
    """What holds for the whole plan, found out once."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.runs = frozenset(subject.by_application)
        # Contexts in which a jump may look for an extension that is not there; "" for any.
        self.missing = frozenset(_missing_jumps(subject))
        # Contexts in which keys are looked up that were pressed elsewhere.
        self.lent = frozenset(call.argument(4) for _, call in subject.by_application.get("background", ()))
        self.limited = any("timeout(absolute" in c.data.lower() for _, c in subject.by_application.get("set", ()))


def _why(facts: Facts, name: str, handler: Located, currents: set[str]) -> tuple[Severity, str]:
    """Why nothing leads to it; "" when something may."""
    if name == "i":
        return _why_invalid(facts, handler, currents)
    if name == "T":
        limited = facts.limited or facts.runs & (PROGRAMS | {"absolutetimeout"})
        return SEVERITY, "" if limited else "nothing limits the call"
    takers = TAKES_O if name == "o" else TAKES_A
    return SEVERITY, "" if facts.runs & (takers | PROGRAMS) else "nothing takes a message or reads a directory"


def _why_invalid(facts: Facts, handler: Located, currents: set[str]) -> tuple[Severity, str]:
    subject = facts.subject
    looked_up = facts.runs & (ASKS_ELSEWHERE | PROGRAMS) or "" in facts.missing or facts.missing & currents
    if looked_up or any(subject.places.open_ended(one) for one in currents):
        return SEVERITY, ""
    if not any(True for one in currents for _ in listening(subject, one)):
        if _restarts(handler) or facts.lent & currents:
            return SEVERITY, ""
        return Severity.INFO, "no key is asked for here, and a call to a number that nobody has is refused at once"
    if all(_every_key(subject, one) for one in currents):
        return SEVERITY, "every key is taken by some extension"
    return SEVERITY, ""


def _every_key(subject: Subject, current: str) -> bool:
    """Does each key by itself lead to an extension, with no longer number that could fail?"""
    if set(single_keys(subject, current)) != set(KEYS):
        return False
    extensions = (one for part in subject.places.path(current) for one in part.extensions if one.steps)
    return all(one.pattern.isalpha() or len(numbers_of(one.pattern)) == 1 for one in extensions)


def numbers_of(pattern: str) -> str:
    """What the pattern asks for, one character a key."""
    return CLASS.sub("X", pattern.lstrip("_"))


def _missing_jumps(subject: Subject) -> Iterator[str]:
    """Contexts in which a jump may look for an extension that they do not have: then `i` takes the call."""
    for _, _, resolved, _ in _jumps(subject):
        if resolved.fate in (Fate.COMPUTED, Fate.NOT_READ):
            yield resolved.context if is_literal(resolved.context) else ""
        elif resolved.fate is Fate.HANDLED:
            yield resolved.context


def _timeouts(subject: Subject) -> Iterator[Finding]:
    handlers = [
        subject.locate(extension.steps[1])
        for context in subject.plan.contexts.values()
        for extension in context.extensions
        if extension.pattern == "t" and 1 in extension.steps
    ]
    if not handlers or not subject.plan.options.autofallthrough:
        return
    jumped = _jumped_to(subject, "t")
    for handler in handlers:
        currents = subject.places.currents(handler.context.name)
        if tuple(currents) == (handler.context.name,) and _for_others(handler.context):
            continue
        if "" in jumped or jumped & set(currents) or any(_used(subject, one) for one in currents):
            continue
        if any(_asks(subject, one) for one in currents) or not _restarts(handler):
            message = (
                f"t in [{handler.context.name}] never runs: no WaitExten is the last priority"
                " of its extension, and nothing jumps to t"
            )
            yield Finding(CODE, SEVERITY, message, handler.spot)


def _for_others(context: Context) -> bool:
    """Handlers and nothing to handle: written to be included, and nothing includes it."""
    return not context.includes and all(extension.pattern in HANDLERS for extension in context.extensions)


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


def _jumped_to(subject: Subject, name: str) -> set[str]:
    """Contexts into which a jump goes to the handler or to a computed extension; "" for a computed context."""
    found: set[str] = set()
    for located, exten, resolved, target in _jumps(subject):
        if exten == name or ("$" in exten and could_be(exten, name)):
            known = is_literal(resolved.context) and target.context is not None
            found.update((resolved.context,) if known else _unknown_context(subject, located, target.context))
        elif target.exten is None and not is_literal(target.priority):
            found.add("")
    return found


def _jumps(subject: Subject) -> list[tuple[Located, str, Resolved, Target]]:
    """Every jump of the plan, with the extension that it looks for."""
    made: list[tuple[Located, str, Resolved, Target]] | None = subject.memo.get("jumps")
    if made is None:
        made = subject.memo["jumps"] = [
            (located, resolved.exten, resolved, target)
            for located in subject.steps()
            for _, target in located.targets
            for resolved in (resolve(subject, located, target),)
        ]
    return made


def _unknown_context(subject: Subject, located: Located, context: str | None) -> tuple[str, ...]:
    return subject.places.currents(located.context.name) if context is None else ("",)
