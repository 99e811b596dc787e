"""PURE: what a phone does by itself, and when the next of it is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from concierge.lab.rtp import EVENTS


@dataclass(frozen=True)
class PhoneOptions:
    """How a phone behaves by itself; times in seconds. Everything else is done by the methods of its calls.

    answers        answer an incoming call, after `rings` seconds; otherwise it rings on
    reject         status line to refuse with instead, after `rings` seconds, e.g. "486 Busy Here"
    keys           [(seconds after the answer, key), …], key one of 0-9 * #
    hang_up_after  seconds after the answer; None: stay until the other side hangs up
    voice          send silence all the time, as phones do; without it Answer() waits 0.5 s for audio
    """

    answers: bool = True
    rings: float = 0.0
    reject: str = ""
    keys: Sequence[tuple[float, str]] = ()
    hang_up_after: float | None = None
    voice: bool = True

    def __post_init__(self) -> None:
        """Raises ValueError for what is no key."""
        wrong = [key for _, key in self.keys if key not in EVENTS]
        if wrong:
            raise ValueError(f"keys are 0-9, * and #, not {', '.join(map(repr, wrong))}")


@dataclass(frozen=True)
class Step:
    """An order or a key for a call, `delay` seconds after it arrived or, `answered`, after it was answered."""

    delay: float
    answered: bool
    order: str = ""
    key: str = ""


def answers_at_once(options: PhoneOptions) -> bool:
    """True when no ringing is wanted."""
    return options.answers and not options.reject and options.rings <= 0


def plan_steps(options: PhoneOptions, incoming: bool) -> list[Step]:
    """The steps of every call of such a phone, in order of time."""
    if incoming and options.reject:
        return [Step(options.rings, False, order="reject")]
    steps = []
    if incoming and options.answers and not answers_at_once(options):
        steps.append(Step(options.rings, False, order="answer"))
    steps += [Step(delay, True, key=key) for delay, key in sorted(options.keys, key=lambda pair: pair[0])]
    if options.hang_up_after is not None:
        steps.append(Step(options.hang_up_after, True, order="hangup"))
    return steps


def due_step(steps: Sequence[Step], done: int, invited_at: float, answered_at: float | None, now: float) -> Step | None:
    """The next step when its time has come: `done` steps were taken; all times in epoch seconds."""
    if done >= len(steps):
        return None
    step = steps[done]
    start = answered_at if step.answered else invited_at
    return step if start is not None and now >= start + step.delay else None
