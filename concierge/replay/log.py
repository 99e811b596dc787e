"""PURE: lines of Asterisk's log that tell what a call does (pbx.c, channel.c, with `verbose` of 3 or more)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

_EXECUTING: Final = re.compile(
    r"VERBOSE\S* pbx\.c: Executing \[(?P<exten>.*)@(?P<context>[^@]*):(?P<priority>\d+)\] "
    r"(?P<application>[^(]*)\(\"(?P<channel>[^\"]*)\", \"(?P<data>.*?)(?:\"\)(?: in new stack)?)?$"
)
_DIGIT: Final = re.compile(r"DTMF\S* channel\.c: DTMF end '(?P<digit>.)' received on (?P<channel>.*), duration")


class Kind(Enum):
    """What a line tells."""

    STEP = "step"
    DIGIT = "digit"


@dataclass(frozen=True, slots=True)
class RealStep:
    """A step that ran. `data` after substitution, without line breaks' rest."""

    context: str
    exten: str
    priority: int
    application: str
    data: str = ""

    @property
    def place(self) -> tuple[str, str, int]:
        """Where it ran, in the words of the channel: not the pattern, but the extension."""
        return self.context, self.exten, self.priority


@dataclass(frozen=True, slots=True)
class Line:
    """One telling line: `step` for STEP, `digit` for DIGIT (a key was taken off the channel)."""

    kind: Kind
    channel: str
    step: RealStep | None = None
    digit: str = ""


def read(line: str) -> Line | None:
    """One line of the log; None when it tells nothing of a call."""
    found = _EXECUTING.search(line) if "Executing [" in line else None
    if found:
        place = found["context"], found["exten"], int(found["priority"])
        return Line(Kind.STEP, found["channel"], RealStep(*place, found["application"], found["data"]))
    found = _DIGIT.search(line) if "DTMF end" in line else None
    return Line(Kind.DIGIT, found["channel"], digit=found["digit"]) if found else None
