"""`reaches 8500 within 20 s` and its kin: read, and judged against one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dialplan.flow.model import Ended, Trace, TraceStep
from dialplan.light import NamedTuple, pattern

GRAMMAR = """\
reaches PLACE [within N s]       PLACE: CONTEXT,EXTEN[,PRIO], an extension, or a device or queue that is called
does not reach PLACE
plays PROMPT [within N s]
is answered | is hung up | can leave a message | goes round for ever
ends within N s"""
REACHES = pattern(r"(reaches|plays)\s+(\S+?)(?:\s+within\s+(\d+(?:\.\d+)?)\s*s(?:econds?)?)?")
AVOIDS = pattern(r"(?:does not|never)\s+reach(?:es)?\s+(\S+)")
ENDS = pattern(r"ends\s+within\s+(\d+(?:\.\d+)?)\s*s(?:econds?)?")
HUNG_UP = frozenset(
    {Ended.HANGUP, Ended.FALLS_OFF, Ended.INVALID, Ended.TIMEOUT, Ended.DEAD_JUMP, Ended.NO_APPLICATION}
)
STATES: Mapping[str, Callable[[Trace], bool]] = {
    "is answered": lambda trace: trace.end.kind is Ended.PERSON,
    "is hung up": lambda trace: trace.end.kind in HUNG_UP,
    "can leave a message": lambda trace: any(one.application.lower() == "voicemail" for one in trace.steps),
    "goes round for ever": lambda trace: trace.end.kind in (Ended.LOOP, Ended.LIMIT),
}
CALLING = frozenset({"dial", "retrydial", "queue", "page", "followme", "confbridge", "meetme", "voicemail"})
PLAYING = frozenset({"playback", "background", "read", "controlplayback"})


class ExpectationError(ValueError):
    """It cannot be read: says which, and what can be written."""


class Expectation(NamedTuple):
    """`kind`: reaches, plays, avoids, ends, or a key of STATES; `seconds`: None without a limit."""

    text: str
    kind: str
    place: str = ""
    seconds: float | None = None

    def broken(self, trace: Trace, seconds_until: Callable[[int], float]) -> str:
        """What is not as expected, "" when all is. `seconds_until`: how long the call takes to the step of a number."""
        if self.kind in STATES:
            return "" if STATES[self.kind](trace) else f"the call ends: {_end(trace)}"
        if self.kind == "ends":
            late = self.seconds is not None and trace.seconds > self.seconds
            return f"it ends after {trace.seconds:g} s" if late else ""
        met = _plays if self.kind == "plays" else _meets
        at = next((number for number, step in enumerate(trace.steps) if met(step, self.place)), None)
        if self.kind == "avoids":
            return "" if at is None else f"step {at + 1} of the call is there"
        if at is None:
            return f"the call never gets there: {_end(trace)}"
        took = seconds_until(at) if self.seconds is not None else 0
        return f"only after {took:g} s" if self.seconds is not None and took > self.seconds else ""


def parse(text: str) -> Expectation:
    """Raises ExpectationError."""
    words = " ".join(text.split())
    if words in STATES:
        return Expectation(words, words)
    if found := REACHES.fullmatch(words):
        return Expectation(words, found[1], found[2], float(found[3]) if found[3] else None)
    if found := AVOIDS.fullmatch(words):
        return Expectation(words, "avoids", found[1])
    if found := ENDS.fullmatch(words):
        return Expectation(words, "ends", "", float(found[1]))
    raise ExpectationError(f"{text!r} is no expectation; write one of\n{GRAMMAR}")


def _meets(step: TraceStep, place: str) -> bool:
    """Is the step at this place, or does it call it?"""
    parts = place.split(",")
    if len(parts) > 1:
        here = (step.context, step.exten, str(step.priority))
        return here[: len(parts)] == tuple(parts)
    if step.exten == place:
        return True
    if step.application.lower() not in CALLING:
        return False
    devices = step.data.split(",")[0].split("&")
    return any(place in (one, one.rpartition("/")[2], one.partition("@")[0]) for one in devices)


def _plays(step: TraceStep, prompt: str) -> bool:
    """Does the step play this prompt?"""
    data = step.data.split(",")
    prompts = data[1] if step.application.lower() == "read" and len(data) > 1 else data[0]
    return step.application.lower() in PLAYING and prompt in prompts.split("&")


def _end(trace: Trace) -> str:
    return f"{trace.end.kind}" + (f" ({trace.end.text})" if trace.end.text else "")
