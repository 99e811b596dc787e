"""How long to wait before the next attempt. Pure: the dice are an argument.

A connection that was lost is tried again soon; a refused login is tried seldom, because nothing but a person
can cure it and intrusion detection counts failed logins.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.backoff import delay


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. A link that stood for `stable_after` starts the series again."""

    first: float = 1.0
    longest: float = 60.0
    refused_first: float = 60.0
    refused_longest: float = 300.0
    stable_after: float = 10.0


class Backoff:
    """The series of waits of one connection."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._lost = 0
        self._refused = 0

    def after_loss(self, stood: float, roll: float) -> float:
        """stood: seconds that the link was up and logged in, 0 if it never was."""
        self._refused = 0
        if stood >= self._pace.stable_after:
            self._lost = 0
        self._lost += 1
        return delay(self._pace.first, self._pace.longest, self._lost - 1, roll)

    def after_refusal(self, roll: float) -> float:
        """The wait after a refused login."""
        self._refused += 1
        return delay(self._pace.refused_first, self._pace.refused_longest, self._refused - 1, roll)
