"""`/optout`: a key press that the PBX has kept; answered when it is durable, then the PBX lets its copy go.

Arguments: number (E.164 digits), nonce, campaign, digit, how many times pressed on this leg, the leg's uniqueid, its
channel, when (seconds since the epoch); without the last three, this leg and now. The answer:

    CONCIERGE_OPTOUT = RECORDED!nonce      (REJECTED: can never be recorded; anything else: not recorded yet)
"""

from __future__ import annotations

from agi.handlers import Handling, OptOut, Outcome, SetVariable, nonce_of
from agi.protocol import Environment

RESULT = "CONCIERGE_OPTOUT"


def opt_out(environment: Environment) -> Handling:
    """Record first, then tell the dialplan."""
    wanted = OptOut(
        environment.argument(1),
        environment.argument(3),
        environment.argument(4),
        max(1, _count(environment.argument(5))),
        environment.argument(7) or environment.get("channel"),
        environment.argument(6) or environment.get("uniqueid"),
        _count(environment.argument(8)),
    )
    durable = yield wanted
    word = "RECORDED" if durable is True else "REJECTED" if durable is None else "FAILED"
    yield SetVariable(RESULT, f"{word}!{nonce_of(environment.argument(2))}")
    return Outcome(f"opt-out-{word.lower()}", {"campaign": wanted.campaign, "digit": wanted.digit})


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
