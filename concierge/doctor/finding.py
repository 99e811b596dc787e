"""The shape of a finding."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`unknown`: could not be looked at from here."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One precondition: its name, how it is, what was seen, and what to do when it is not ok."""

    name: str
    state: State
    seen: str
    remedy: str = ""


def ok(name: str, seen: str) -> Finding:
    """As it should be."""
    return Finding(name, State.OK, seen)


def failed(name: str, seen: str, remedy: str) -> Finding:
    """Something does not work until this is mended."""
    return Finding(name, State.FAILED, seen, remedy)


def warning(name: str, seen: str, remedy: str) -> Finding:
    """Works, but not as it should."""
    return Finding(name, State.WARNING, seen, remedy)


def unknown(name: str, seen: str, remedy: str) -> Finding:
    """Could not be looked at from here."""
    return Finding(name, State.UNKNOWN, seen, remedy)
