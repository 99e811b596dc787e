"""PURE: what differs between a call and the model's path of it, in the words of a caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from concierge.doctor.finding import Finding, failed, ok, warning
from concierge.walking.caller import Bounds, Called
from concierge.walking.follow import PEOPLE
from concierge.walking.ways import LISTENING
from dialplan.flow import Ended, TraceStep

NOWHERE = frozenset({Ended.DEAD_JUMP, Ended.INVALID, Ended.TIMEOUT, Ended.NO_APPLICATION})
ASSUMED = "taken for false"
"""So begin the notes of a walk on conditions that it could not know."""
OURS = "${CONCIERGE_"
"""What the contexts of Concierge ask the daemon changes no way that they lead."""
TOLERANCE = 5.0
"""Seconds that a call may take longer than the model promises."""
_RELOAD = "has Asterisk loaded these files (dialplan reload)? where it has, AstDB or another program decides otherwise"

_DEAD = "is the telephone registered, has the queue members? (pjsip show contacts, queue show)"

Length = Callable[[str], float | None]
"""Seconds of a prompt, None where it cannot be found."""


def judge(number: str, called: Called, bounds: Bounds, length: Length) -> Iterator[Finding]:
    """One finding that the call went as promised, or what differs, each with the keys that show it."""
    way = called.follower.way
    name = f"{number} keys {way.keys}"
    found = [*_differences(name, called, bounds, length)]
    assumed = [note for note in way.trace.notes if note.startswith(ASSUMED) and OURS not in note]
    if assumed:
        found = [warning(one.name, one.seen, f"{one.remedy}; the model has {assumed[0]}") for one in found]
    yield from found
    if not found:
        yield ok(name, f"comes to {_text(called.follower.current)}, in {called.seconds:.0f} s, as the model says")


def _differences(name: str, called: Called, bounds: Bounds, length: Length) -> Iterator[Finding]:
    follower = called.follower
    if called.answered is None and not (called.rang and follower.arrived):
        yield failed(name, f"nobody and nothing answers within {bounds.answer:g} s", "see where the number leads")
        return
    wrong = _destination(name, called)
    if wrong is not None:
        yield wrong
    if called.silent:
        seen = f"silence for {bounds.word:g} s at {follower.quiet_at}"
        yield failed(name, seen, "a prompt is missing, or comes too late")
    elif wrong is None:
        yield from _late(name, called, length)


def _destination(name: str, called: Called) -> Finding | None:
    follower = called.follower
    here, way = follower.current, follower.way
    if called.rang:
        return None
    if follower.strayed is not None:
        dead = _passed(called)
        if dead is not None:
            seen = f"dead destination: {_text(dead)} came back at once, the call goes on at {follower.strayed}"
            return failed(name, seen, _DEAD)
        return failed(name, f"is at {follower.strayed}; the model says {_text(_next(called))}", _RELOAD)
    ahead = _next(called)
    dead = _person(here) or _person(ahead)
    if called.gone and dead is not None:
        return failed(name, f"dead destination: the call ends at {_text(dead)}, and nobody was there", _DEAD)
    if called.gone and ahead is not None:
        return failed(
            name, f"the call is cut off before {_text(ahead)}", "errors belong to the operator: concierge lint"
        )
    if called.silent:
        return None
    if not called.gone and not follower.arrived:
        return failed(
            name, f"has not come to {_text(ahead)} in {called.seconds:.0f} s; it is at {_text(here)}", _RELOAD
        )
    if way.trace.end.kind in NOWHERE and way.until == len(way.trace.steps) - 1:
        return failed(name, f"leads nowhere, as the model says too: {way.trace.end.text}", "concierge lint")
    return None


def _passed(called: Called) -> TraceStep | None:
    """The person's place that the call has left without ringing there: it is where it comes when nobody is reached."""
    follower = called.follower
    strayed = follower.strayed
    ahead = follower.way.trace.steps[max(follower.step, 0) : follower.way.until + 1]
    first = next(filter(_person, ahead), None)
    return first if strayed is not None and strayed[1:4] in follower.way.failed else None


def _person(step: TraceStep | None) -> TraceStep | None:
    return step if step is not None and step.application.lower() in PEOPLE else None


def _next(called: Called) -> TraceStep | None:
    """The next step of the path on which the call would stay for a while; None: none is to come."""
    steps, until = called.follower.way.trace.steps, called.follower.way.until
    ahead = (one for one in steps[called.follower.step + 1 : until + 1] if _stays(one))
    return next(ahead, None)


def _stays(step: TraceStep) -> bool:
    """For long enough to be seen there; a prompt may be missing."""
    return step.application.lower() in (LISTENING | PEOPLE) - {"background"} or (_wait(step) or 0.0) >= 2.0


def _wait(step: TraceStep) -> float | None:
    return _number(step.data.split(",")[0]) if step.application.lower() == "wait" else None


def _late(name: str, called: Called, length: Length) -> Iterator[Finding]:
    for seconds, first, last in called.follower.waits:
        steps = called.follower.way.trace.steps
        parts = [_seconds(one, length) for one in steps[first + 1 : last]]
        known = [part for part in parts if part is not None]
        if len(known) == len(parts) and seconds > sum(known) + TOLERANCE:
            seen = f"{_text(steps[last])} is reached {seconds:.0f} s after {_text(steps[first])}"
            yield failed(name, f"{seen}; the model promises {sum(known):.0f} s", "what takes so long in between?")


def _seconds(step: TraceStep, length: Length) -> float | None:
    """How long a step takes that nobody interrupts; None: cannot be known."""
    application, data = step.application.lower(), step.data.split(",")
    if application in ("playback", "background"):
        lengths = [length(prompt.strip()) for prompt in data[0].split("&")]
        return None if None in lengths else sum(one or 0.0 for one in lengths)
    if application == "wait":
        return _wait(step)
    if application == "waitexten":
        return _number(data[0]) or 10.0
    return None if application in PEOPLE | LISTENING | {"agi", "fastagi", "eagi", "system", "stasis"} else 0.0


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _text(step: TraceStep | None) -> str:
    if step is None:
        return "its beginning"
    data = f"({step.data})" if len(step.data) < 60 else "(…)"
    return f"[{step.context}] {step.exten},{step.priority} {step.application}{data}"
