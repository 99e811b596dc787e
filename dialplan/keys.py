"""Where callers press keys: which priorities listen, and which keys an extension waits for."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from dialplan.applications.arguments import is_literal
from dialplan.applications.calls import Call
from dialplan.plan.model import Context
from dialplan.plan.patterns import Fit, Mode, fit
from dialplan.subject import Located, Subject

KEYS = "1234567890*#"
LISTENING = frozenset({"waitexten", "background"})


def waits(call: Call) -> bool:
    """True for WaitExten."""
    return call.application.lower() == "waitexten"


def listens_while_playing(call: Call) -> bool:
    """True for a Background that any key interrupts, looked up in the current context (not with m, p)."""
    if call.application.lower() != "background" or call.argument(4):
        return False
    options = call.argument(2)
    return is_literal(options) and not set("mp") & set(options)


def listening(subject: Subject, context: str) -> Iterator[tuple[Located, Call]]:
    """The priorities that take any key while this context is current, each with its application."""
    for part in subject.places.path(context):
        yield from _listening_in(subject).get(part.name, ())


def _listening_in(subject: Subject) -> dict[str, list[tuple[Located, Call]]]:
    """The same for the lines of each context itself."""
    found: dict[str, list[tuple[Located, Call]]] | None = subject.memo.get("listening")
    if found is None:
        found = subject.memo["listening"] = {}
        for located in subject.steps():
            if LISTENING.isdisjoint(located.names):
                continue
            for call in located.calls:
                if waits(call) or listens_while_playing(call):
                    found.setdefault(located.context.name, []).append((located, call))
    return found


def accepted(subject: Subject, context: str) -> str:
    """The keys that an extension of this context begins with."""
    found: set[str] = set()
    for part in subject.places.path(context):
        found.update(accepted_by(part))
    return "".join(key for key in KEYS if key in found)


def accepted_by(context: Context) -> set[str]:
    """The same for a context without its includes."""
    return {key for extension in context.extensions if extension.steps for key in _first_keys(extension.pattern)}


@functools.lru_cache(maxsize=4096)
def _first_keys(pattern: str) -> str:
    """The keys that a number which fits the pattern may begin with."""
    return "".join(key for key in KEYS if fit(pattern, key, Mode.CANMATCH) is not Fit.NO)


def single_keys(subject: Subject, context: str) -> str:
    """The keys that are extensions of their own: a menu's choices."""
    return "".join(key for key in KEYS if subject.places.exists(context, key))


def goes_on(subject: Subject, located: Located, current: str) -> bool:
    """May a next priority run after this one while `current` is the current context?"""
    wanted = located.step.priority + 1
    return any(wanted in one.steps for one in subject.places.overlapping(current, located.extension.pattern))


def handled(subject: Subject, context: str, *names: str) -> bool:
    """Does the context, or something outside of the files that it asks or that includes it, have one of these?"""
    places = subject.places
    if subject.fragment and context.endswith("-custom"):
        return True
    return places.open_ended(context) or any(places.exists(context, name) for name in names)
