"""PURE: one caller with a list of keys: what he does when a line of the log or the clock says so."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from concierge.replay.log import Kind, Line, RealStep
from dialplan.applications.arguments import call_in, split
from dialplan.expression import condition
from dialplan.flow.model import LISTEN, WAIT

WAITING: Final = frozenset({"waitexten", "read", "readexten", "waitdigit", "incomplete"})
PLAYING: Final = frozenset({"background"})
LISTENING: Final = WAITING | PLAYING
BUSY: Final = frozenset(
    {"wait", "dial", "playback", "queue", "answer", "busy", "congestion", "saydigits", "saynumber", "sayalpha"}
)
REACTION_SECONDS: Final = 0.12
"""From the prompt's start to the key. Asterisk puts off a key that follows another within 45 ms (main/channel.c)."""
QUIET_SECONDS: Final = 0.3
"""Nothing happened after a key for so long: more digits are being collected."""
EXIT_KEY: Final = re.compile(r"Local/([0-9*#])@")
"""The stand-in that rings on, so that this key can be pressed."""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """Where a call begins and what its caller does.

    `keys`: keys, WAIT (stays silent once) and LISTEN (hears a prompt out). `results`: what Dial and others come to.

    `limit`: steps after which the caller hangs up.
    """

    context: str
    exten: str
    priority: int = 1
    keys: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    limit: int = 60


@dataclass
class Caller:
    """State of one caller. `due`: when to act next, None for never; `late`: a key came after its prompt."""

    call: PlannedCall
    steps: list[RealStep] = field(default_factory=list)
    due: float | None = None
    late: bool = False
    _keys: list[str] = field(default_factory=list)
    _application: str = ""
    _pressed: str = ""
    _collecting: bool = False

    def __post_init__(self) -> None:
        self._keys = list(self.call.keys)

    @property
    def done(self) -> bool:
        """True when enough steps were seen: time to hang up."""
        return len(self.steps) >= self.call.limit

    def hear(self, line: Line, now: float) -> None:
        """Take in one line of the log that is about this call."""
        if line.kind is Kind.DIGIT:
            self._pressed, self._collecting = "", True
            self.due = now + (QUIET_SECONDS if self._application not in BUSY else 3600.0)
            return
        assert line.step is not None  # noqa: S101 - a STEP line has one
        self.late = self.late or bool(self._pressed)
        if self._was_silent(line.step):
            self._keys.pop(0)
        if not self.done:
            self.steps.append(line.step)
        self._collecting = False
        self._application = listener(line.step.application, line.step.data)
        self.due = now + _delay(self._application)
        exit_key = EXIT_KEY.match(line.step.data) if self._application == "dial" else None
        if exit_key:
            self._keys.insert(0, exit_key[1])
            self.due = now + QUIET_SECONDS

    def _was_silent(self, step: RealStep) -> bool:
        """Was the wait behind a prompt that is a last step? With autofallthrough=no no line of the log marks it."""
        timed_out = step.place[1:] in (("t", 1), ("e", 1)) and not self._collecting
        return timed_out and self._application in PLAYING and self._keys[:1] == [WAIT]

    def act(self, now: float) -> str:
        """The key to press now, "" for none; to be asked whenever `due` has come."""
        if self.due is None or now < self.due:
            return ""
        self.due = None
        plays = self._application in PLAYING and not self._collecting
        while not plays and self._keys[:1] == [LISTEN]:
            self._keys.pop(0)
        if not self._keys:
            return ""
        if self._keys[0] in (WAIT, LISTEN):
            if plays == (self._keys[0] == LISTEN):
                self._keys.pop(0)
            return ""
        self._pressed = self._keys.pop(0)
        return self._pressed


def _delay(application: str) -> float:
    if application in LISTENING:
        return REACTION_SECONDS
    return 3600.0 if application in BUSY else 2 * QUIET_SECONDS


def listener(application: str, data: str) -> str:
    """The application in lower case that will really run: for ExecIf the nested one that its condition chooses."""
    name = application.lower()
    if name in ("exec", "tryexec"):
        return call_in(data)[0].strip().lower()
    if name != "execif":
        return name
    question, *rest = split(data, "?")
    first, second = [*split("?".join(rest), ":"), "", ""][:2]
    return call_in(first if condition(question.strip()) else second)[0].strip().lower()
