"""PURE: one call as it really goes, held against the model's path step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from concierge.walking.ways import LISTENING, Way
from dialplan.flow import TraceStep

PEOPLE = frozenset({"dial", "retrydial", "queue", "page", "followme"})
_SETTLED = 0.8
"""Seconds after a key in which the place before it may still be seen."""


class Seen(NamedTuple):
    """Where the call was at `at` seconds since it was placed; `heard`: a sound since the last look."""

    at: float
    context: str
    exten: str
    priority: int
    application: str
    heard: bool = False

    def __str__(self) -> str:
        """As the dialplan names it."""
        return f"[{self.context}] {self.exten},{self.priority} {self.application}".rstrip()


@dataclass(slots=True)
class Follower:
    """`step`: how far the call has come on the model's path; `pressed`: how many keys; `strayed`: seen elsewhere.

    `waits`: seconds from a key (or the beginning) at one step to the next menu or person at another.
    """

    way: Way
    step: int = -1
    pressed: int = 0
    pressed_at: float = 0.0
    strayed: Seen | None = None
    quiet_since: float = 0.0
    longest_quiet: float = 0.0
    quiet_at: str = ""
    waits: list[tuple[float, int, int]] = field(default_factory=list)
    came_at: float = 0.0
    _left: int = -1
    _since: tuple[float, int] | None = (0.0, -1)
    _doubted: Seen | None = None

    def look(self, seen: Seen) -> None:
        """Note one observation. A place that is not on the path counts when the call is still there the next time:
        what a program decides in passing is not the caller's business.
        """
        self._listen(seen)
        if self.strayed is not None:
            return
        found = self._place(seen)
        if found is None:
            same = self._doubted is not None and self._doubted[1:4] == seen[1:4]
            self.strayed, self._doubted = (seen if same else None), seen
            return
        self._doubted = None
        if found != self.step:
            self._come(found, seen.at)

    def _come(self, step: int, at: float) -> None:
        self.step, self.came_at = step, at
        here = self.current
        stops = here is not None and here.application.lower() in LISTENING | PEOPLE
        if stops and self._since is not None and step > self._since[1]:
            began, first = self._since
            self.waits.append((at - began, first, step))
            self._since = None

    def key(self) -> str | None:
        """What is to be pressed now; None: nothing (yet)."""
        while self.strayed is None and self.pressed < len(self.way.presses):
            wanted = self.way.decided[self.pressed]
            if self.step < wanted:
                return None
            press = self.way.presses[self.pressed]
            if press.keys:
                return press.keys
            if self.step == wanted:
                return None  # nothing is pressed here: until the call goes on by itself
            self._advance(self.came_at)
        return None

    def has_pressed(self, at: float) -> None:
        """The key was sent."""
        self._left = self.step
        self._since = at, self.way.decided[self.pressed]
        self._advance(at)

    def _advance(self, at: float) -> None:
        self.pressed += 1
        self.pressed_at = self.quiet_since = at

    @property
    def current(self) -> TraceStep | None:
        """The model's step where the call is."""
        return self.way.trace.steps[self.step] if 0 <= self.step < len(self.way.trace.steps) else None

    @property
    def at_person(self) -> bool:
        """Is it where a person's telephone rings, and the model says so too?"""
        here = self.current
        return self._doubted is None and here is not None and here.application.lower() in PEOPLE

    @property
    def arrived(self) -> bool:
        """Has it come as far as this call is to be followed?"""
        return self.pressed == len(self.way.presses) and self.step >= self.way.until

    def _place(self, seen: Seen) -> int | None:
        """The step of the path where it is: here, further on, or at this menu's next chance to press."""
        start = max(self.step, 0)
        if (
            self._left == self.step
            and seen.at - self.pressed_at > _SETTLED
            and self._ahead(seen, start + 1) is not None
        ):
            start += 1  # the same place again, after the key: it came round
        found = self._ahead(seen, start)
        if found is not None:
            return found
        return None if seen.application else self.step

    def _ahead(self, seen: Seen, start: int) -> int | None:
        """Not beyond a menu whose key has not been pressed."""
        steps, way = self.way.trace.steps, self.way
        last = way.decided[self.pressed] if self.pressed < len(way.presses) else len(steps) - 1
        if self.pressed < len(way.presses) and not way.presses[self.pressed].keys:
            last = len(steps) - 1
        places = range(start, min(last, len(steps) - 1) + 1)
        found = next((at for at in places if steps[at][:3] == seen[1:4]), None)
        if found is None and seen.application.lower() in LISTENING:  # on the path a key came earlier in this menu
            found = next((at for at in range(start, places.stop) if _same_menu(steps[at], seen)), None)
        return found

    def _listen(self, seen: Seen) -> None:
        people = seen.application.lower() in PEOPLE
        if seen.heard or people:
            self.quiet_since = seen.at
        elif seen.at - self.quiet_since > self.longest_quiet:
            self.longest_quiet, self.quiet_at = seen.at - self.quiet_since, str(seen)


def _same_menu(step: TraceStep, seen: Seen) -> bool:
    listens = step.application.lower() in LISTENING
    return listens and (step.context, step.exten) == seen[1:3] and step.priority < seen.priority
