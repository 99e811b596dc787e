"""What a rule says about a dialplan: a finding, or that something could not be known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from dialplan.plan.model import Place


class Severity(IntEnum):
    """How bad; ordered, so that `error > info`."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Spot:
    """The step that is spoken of. Empty names where there is none (a line that Asterisk throws away)."""

    place: Place
    context: str = ""
    exten: str = ""
    priority: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON: file, line, column, context, exten, priority."""
        return {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "context": self.context or None,
            "exten": self.exten or None,
            "priority": self.priority,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that would trap or cut off a caller. `message` is one line and holds no value of a global."""

    code: str
    severity: Severity
    message: str
    spot: Spot
    end_column: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON as users rely on it; `witness` and `fix` are null where a rule gives none."""
        head = {"code": self.code, "severity": str(self.severity), "message": self.message}
        where = self.spot.as_dict()
        return {**head, **where, "end_column": self.end_column, "witness": None, "fix": None}


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that was not proven either way: never to be counted as clean."""

    reason: str
    message: str
    spot: Spot

    def as_dict(self) -> dict[str, Any]:
        """JSON: reason (a stable word), message, and the place."""
        return {"reason": self.reason, "message": self.message, **self.spot.as_dict()}
