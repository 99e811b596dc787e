"""PURE: does a real call run what the interpreter says?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from concierge.replay.log import RealStep
from dialplan.flow.model import Ended, Trace, TraceStep

OPEN: Final = frozenset({Ended.LOOP, Ended.LIMIT, Ended.UNKNOWN, Ended.OUTSIDE, Ended.STAYS})
"""Ends of a trace after which the real call goes on."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`differs` is the number of the first step that differs (from 0), None when the paths agree.

    `whole`: all of both was compared; `limited`: both go on after `limit` steps that were. Else only a beginning was.
    """

    differs: int | None
    whole: bool
    text: str = ""
    limited: bool = False

    @property
    def agrees(self) -> bool:
        """True when nothing differs."""
        return self.differs is None


def compare(
    trace: Trace, real: Sequence[RealStep], *, ended: bool, limit: int, places_only: bool = False
) -> Comparison:
    """Step by step: context, extension, priority, application, and the data where the trace knows it.

    `places_only`: applications were replaced, so only where the call is counts.
    """
    open_end = trace.end.kind in OPEN
    # Asterisk does not say that it executes what it does not find
    expected = [step for step in (*trace.steps, *(() if open_end else trace.hangup_steps)) if not step.missing]
    for number, (mine, theirs) in enumerate(zip(expected, real, strict=False)):
        text = difference(mine, theirs, places_only)
        if text:
            return Comparison(number, False, text)
    count = min(len(expected), len(real))
    if count >= limit:
        return Comparison(None, False, limited=True)
    if len(real) < len(expected) and not ended:
        return Comparison(None, False, "cut by time")
    if len(real) < len(expected):
        return Comparison(count, False, f"the real call ended; expected {shown(expected[count])}")
    if open_end:
        return Comparison(None, False)
    if len(real) > len(expected):
        return Comparison(count, False, f"the real call went on: {shown(real[count])}; expected {trace.end.text}")
    if not ended:
        return Comparison(count, False, f"the real call did not end; expected {trace.end.text}")
    return Comparison(None, True)


def difference(mine: TraceStep, theirs: RealStep, places_only: bool = False) -> str:
    """What is not the same in two steps, "" when they are."""
    if (mine.context, mine.exten, mine.priority) != theirs.place:
        return f"expected {shown(mine)}, ran {shown(theirs)}"
    if places_only:
        return ""
    if mine.application.lower() != theirs.application.lower():
        return f"{shown(theirs)}: expected the application {mine.application}"
    if isinstance(mine.data, str) and mine.data != theirs.data:
        return f"{shown(theirs)}: expected the data {mine.data!r}"
    return ""


def shown(step: TraceStep | RealStep) -> str:
    """One step in a line."""
    return f"{step.context},{step.exten},{step.priority} {step.application}({step.data})"
