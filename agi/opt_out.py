"""`/optout`: the called person has pressed the key; answer only when that is durable, then the dialplan speaks.

Arguments: number (E.164 digits), nonce, campaign, digit, how many times pressed on this leg. The answer:

    CONCIERGE_OPTOUT = RECORDED!nonce      (anything else: not recorded)
"""

from __future__ import annotations

from agi.handlers import Handling, OptOut, Outcome, SetVariable, nonce_of
from agi.protocol import Environment

RESULT = "CONCIERGE_OPTOUT"


def opt_out(environment: Environment) -> Handling:
    """Record first, then tell the dialplan."""
    press = environment.argument(5)
    wanted = OptOut(
        environment.argument(1),
        environment.argument(3),
        environment.argument(4),
        int(press) if press.isascii() and press.isdigit() and len(press) < 5 else 1,
        environment.get("channel"),
        environment.get("uniqueid"),
    )
    durable = yield wanted
    word = "RECORDED" if durable is True else "FAILED"
    yield SetVariable(RESULT, f"{word}!{nonce_of(environment.argument(2))}")
    return Outcome(f"opt-out-{word.lower()}", {"campaign": wanted.campaign, "digit": wanted.digit})
