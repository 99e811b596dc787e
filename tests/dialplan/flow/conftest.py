"""Small plans for calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dialplan.applications import tables
from dialplan.flow import At, Inputs, Trace, walk
from dialplan.plan import loads

Call = Callable[..., Trace]


@pytest.fixture
def call() -> Call:
    """Walk a call through a plan's text: call(text, "a,s,1", keys=…, results=…)."""

    def run(text: str, at: str = "a,s,1", version: str = "22", **inputs: object) -> Trace:
        context, exten, priority = at.split(",")
        plan = loads(text.encode())
        return walk(plan, tables.load(version), At(context, exten, int(priority)), Inputs(**inputs))  # type: ignore[arg-type]

    return run


@pytest.fixture
def path() -> Callable[[Trace], str]:
    """The steps in short: `a,s,1 a,s,2 …` without the context where it stays the same."""

    def short(trace: Trace) -> str:
        return " ".join(f"{step.context},{step.exten},{step.priority}" for step in trace.steps)

    return short
