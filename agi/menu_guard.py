"""`/menu`: how often has this caller been here? Over the limit, or after an error: to the operator, never cut off.

Arguments: menu, happening (`pass`, `wrong`, `silence`, `error`), nonce, state so far, seconds since the first, the
PBX's name, where it has one. The answer is one variable:

    CONCIERGE_STEP = GO|OPERATOR!reason!state!nonce
"""

from __future__ import annotations

from agi.handlers import Handling, Outcome, SetVariable, nonce_of
from agi.protocol import Environment
from models.flow import Limits, NextStep, next_step

STEP = "CONCIERGE_STEP"


def menu(environment: Environment, limits: Limits) -> Handling:
    """Count one happening and tell the dialplan where to go."""
    name, happening = environment.argument(1), environment.argument(2) or "pass"
    spent = environment.argument(5)
    seconds = int(spent) if spent.isascii() and spent.isdigit() and len(spent) < 10 else 0
    found = next_step(environment.argument(4), name, happening, limits, seconds)
    yield SetVariable(STEP, token(found, nonce_of(environment.argument(3))))
    fields = {"menu": name, "happening": happening, "reason": found.reason, "state": found.state}
    return Outcome(found.step.value.lower(), fields)


def token(found: NextStep, nonce: str) -> str:
    """What the dialplan compares and takes apart."""
    return "!".join((found.step.value, found.reason, found.state, nonce))
