"""One call and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from dialplan.applications.tables import Table
from dialplan.flow import At, Inputs, Trace, walk
from dialplan.light import NamedTuple, replace
from dialplan.plan.model import Plan
from dialplan.scenarios.expectation import Expectation


class Scenario(NamedTuple):
    """A call: where it begins, what happens to it from outside, what is expected of it."""

    name: str
    at: At
    inputs: Inputs
    expected: Sequence[Expectation]


class Verdict(NamedTuple):
    """`broken`: each expectation that does not hold, with why; `trace`: the call."""

    scenario: Scenario
    trace: Trace
    broken: tuple[tuple[Expectation, str], ...]


def run(plan: Plan, table: Table, scenario: Scenario) -> Verdict:
    """Walk the call. Seconds are waits for keys and ringing: how long a prompt takes is not known."""
    trace = walk(plan, table, scenario.at, scenario.inputs)

    def seconds_until(step: int) -> float:
        return walk(plan, table, scenario.at, replace(scenario.inputs, steps=step)).seconds if step else 0.0

    found = [(one, one.broken(trace, seconds_until)) for one in scenario.expected]
    return Verdict(scenario, trace, tuple((one, why) for one, why in found if why))
