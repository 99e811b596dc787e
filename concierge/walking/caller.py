"""Places one call to oneself and sees where it goes, by Asterisk's console alone."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from concierge.installation.loaded import Console
from concierge.selftest import read_notes
from concierge.walking.follow import PEOPLE, Follower, Seen
from concierge.walking.ways import Way

_FAMILY = "concierge-selftest"
_PAUSE = 0.25


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds: until an answer, of silence, of ringing at a person's telephone, of a whole call."""

    answer: float = 15.0
    word: float = 15.0
    ring: float = 2.0
    call: float = 120.0


@dataclass(frozen=True, slots=True)
class Called:
    """What became of it. `answered`: seconds, None: never. `rang`: at a person's place for long enough. `gone`: the
    call ended by itself. `seconds`: of the whole call.
    """

    follower: Follower
    answered: float | None
    rang: bool
    gone: bool
    seconds: float
    silent: bool = False


class Caller:
    """One call; `number` in the context where callers come in. `run` raises UserError when Asterisk cannot be asked."""

    def __init__(
        self,
        console: Console,
        number: str,
        context: str,
        bounds: Bounds,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.console, self.bounds = console, bounds
        self.channel = f"Local/{number}@{context}"
        self.name = "".join(secrets.choice("123456789") for _ in range(12))
        self._sleep, self._clock = sleep, clock
        self._answered: float | None = None
        self._sent = False
        self._heard = ""
        self._ours = ""

    def run(self, way: Way) -> Called:
        """Place it, press what the way says, look on until it has come to its end, and hang up."""
        before = set(_channels(self.console.ask("core show channels concise")))
        self._began = self._clock()
        follower = Follower(way)
        try:
            self.console.ask(f"channel originate {self.channel}/n extension {self.name}@{_FAMILY}-walk")
            return self._look_on(follower, before)
        finally:
            if self._ours:
                self.console.ask(f"channel request hangup {self._ours}")
            self.console.ask(f"database deltree {_FAMILY} {self.name}")

    def _look_on(self, follower: Follower, before: set[str]) -> Called:
        bounds = self.bounds
        while True:
            self._sleep(_PAUSE)
            now = self._clock() - self._began
            heard = self._note(now, follower)
            seen = self._see(now, heard, before)
            if seen is None and (self._ours or now > bounds.answer):
                return self._called(follower, now, gone=True)
            if seen is not None:
                follower.look(seen)
                ringing = follower.at_person and now - follower.came_at >= bounds.ring
                if follower.strayed or ringing or (follower.arrived and not follower.at_person):
                    return self._called(follower, now, rang=ringing)
            if self._answered is None and now > bounds.answer and not (seen and seen.application.lower() in PEOPLE):
                return self._called(follower, now)
            if self._answered is not None and follower.longest_quiet > bounds.word:
                return self._called(follower, now, silent=True)
            if now > bounds.call:
                return self._called(follower, now)
            self._press(follower)

    def _note(self, now: float, follower: Follower) -> bool:
        """What the caller's side has noted: answered, heard, pressed."""
        noted = read_notes(self.console.ask(f"database show {_FAMILY} {self.name}"))
        if self._answered is None and "answered" in noted:
            self._answered = follower.quiet_since = now
        if self._answered is None:
            follower.quiet_since = now
        if self._sent and "press" not in noted:
            self._sent = False
            follower.has_pressed(now)
        heard, self._heard = noted.get("heard", "") != self._heard, noted.get("heard", "")
        return heard

    def _see(self, now: float, heard: bool, before: set[str]) -> Seen | None:
        lines = _channels(self.console.ask("core show channels concise"))
        if not self._ours:
            mine = re.compile(rf"{re.escape(self.channel)}-[0-9a-f]+;2")
            self._ours = next((name for name in lines if name not in before and mine.fullmatch(name)), "")
        found = lines.get(self._ours)
        if found is None:
            return None
        context, exten, priority, _, application = found[:5]
        application = "" if application == "(None)" else application
        return Seen(now, context, exten, int(priority) if priority.isdigit() else 0, application, heard)

    def _press(self, follower: Follower) -> None:
        key = None if self._sent or self._answered is None else follower.key()
        if key:
            self.console.ask(f"database put {_FAMILY} {self.name}/press {key}")
            self._sent = True

    def _called(
        self, follower: Follower, now: float, rang: bool = False, gone: bool = False, silent: bool = False
    ) -> Called:
        return Called(follower, self._answered, rang, gone, now, silent)


def _channels(shown: str) -> dict[str, list[str]]:
    """Name -> context, extension, priority, state, application, …"""
    parts = [line.split("!") for line in shown.splitlines() if line.count("!") > 5]
    return {one[0]: one[1:] for one in parts}
