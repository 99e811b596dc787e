"""Calls with what is expected of them, for tests of a dialplan: one call is walked, each expectation is judged."""

from dialplan.scenarios.expectation import Expectation, ExpectationError, parse
from dialplan.scenarios.run import Scenario, Verdict, run

__all__ = ["Expectation", "ExpectationError", "Scenario", "Verdict", "parse", "run"]
