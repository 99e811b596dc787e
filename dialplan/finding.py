"""What a rule says about a dialplan: a finding, or that something could not be known."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from dialplan.light import Any, dataclass, replace
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
class Way:
    """One thing that happened from outside on the way: `kind` key, wrong-key, silence, result, time, …"""

    kind: str
    value: str = ""
    application: str = ""
    seconds: float = 0
    place: Place | None = None


CALLERS_OWN = ("key", "wrong-key", "silence", "listen")


@dataclass(frozen=True, slots=True)
class WayStep:
    """One step of a call."""

    context: str
    exten: str
    priority: int
    application: str
    place: Place


@dataclass(frozen=True, slots=True)
class Witness:
    """A call that shows a finding: where it begins, what happens to it from outside, what runs, how it ends.

    `before`: so many steps of the call are left out before `entry`, of a very long one.
    """

    entry: str
    ways: tuple[Way, ...]
    steps: tuple[WayStep, ...]
    verdict: str = ""
    before: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys and waits, as `concierge trace --keys` takes them."""
        return tuple(way.value for way in self.ways if way.kind in CALLERS_OWN)

    def cleaned(self, clean: Callable[[str], str]) -> Witness:
        """The same with every text cleaned of credentials."""
        ways = tuple(replace(way, value=clean(way.value), application=clean(way.application)) for way in self.ways)
        steps = tuple(replace(step, context=clean(step.context), exten=clean(step.exten)) for step in self.steps)
        return Witness(clean(self.entry), ways, steps, clean(self.verdict), self.before)

    def as_dict(self) -> dict[str, Any]:
        """JSON: entry, steps_before (if any), keys, results (what else was assumed), steps, verdict."""
        others = [way for way in self.ways if way.kind not in CALLERS_OWN]
        return {
            "entry": self.entry,
            **({"steps_before": self.before} if self.before else {}),
            "keys": list(self.keys),
            "results": [{"kind": w.kind, "application": w.application, "value": w.value} for w in others],
            "seconds": sum(way.seconds for way in self.ways),
            "steps": [
                {
                    "context": step.context,
                    "exten": step.exten,
                    "priority": step.priority,
                    "file": step.place.file,
                    "line": step.place.line,
                    "application": step.application,
                }
                for step in self.steps
            ],
            "verdict": self.verdict,
        }


@dataclass(frozen=True, slots=True)
class Change:
    """Of one line of a file: `old` becomes `new`; with `old` None the new lines come after it. Without line ends."""

    file: str
    line: int
    old: str | None
    new: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON: file, line, old, new."""
        return {"file": self.file, "line": self.line, "old": self.old, "new": list(self.new)}


@dataclass(frozen=True, slots=True)
class Fix:
    """A repair that is certainly right: what it does in words, and to which lines."""

    title: str
    changes: tuple[Change, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON: title, changes."""
        return {"title": self.title, "changes": [change.as_dict() for change in self.changes]}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that would trap or cut off a caller. `message` is one line and holds no value of a global.

    `gui`: where FreePBX or Issabel sets it; `own`: they write it by themselves, so that no administrator can repair it.
    """

    code: str
    severity: Severity
    message: str
    spot: Spot
    end_column: int | None = None
    witness: Witness | None = None
    fix: Fix | None = None
    gui: str = ""
    own: bool = False

    def as_dict(self) -> dict[str, Any]:
        """JSON as users rely on it; `witness` is null where a rule gives none, `fix` where there is none."""
        head = {"code": self.code, "severity": str(self.severity), "message": self.message}
        where = self.spot.as_dict()
        witness = self.witness.as_dict() if self.witness else None
        fix = self.fix.as_dict() if self.fix else None
        more = {"gui": self.gui} if self.gui else {"own": True} if self.own else {}
        return {**head, **where, "end_column": self.end_column, "witness": witness, "fix": fix, **more}


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that was not proven either way: never to be counted as clean."""

    reason: str
    message: str
    spot: Spot

    def as_dict(self) -> dict[str, Any]:
        """JSON: reason (a stable word), message, and the place."""
        return {"reason": self.reason, "message": self.message, **self.spot.as_dict()}
