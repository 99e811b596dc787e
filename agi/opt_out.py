"""`/optout`: a key press or a number by hand, kept by the PBX; answered when it is durable, then it lets its copy go.

Arguments: number (E.164 digits), nonce, campaign, digit, how many times pressed on this leg, the leg's uniqueid, its
channel, when (seconds since the epoch); without the last three, this leg and now. A number that somebody lists has
`hand` for the number and one of WAYS for the digit, and behind: the number as it is written, the extension that
listed it, its caller id. The answer:

    CONCIERGE_OPTOUT = RECORDED!nonce      (REJECTED: can never be recorded; anything else: not recorded yet)
"""

from __future__ import annotations

from agi.handlers import ByHand, Handling, OptOut, Outcome, SetVariable, nonce_of
from agi.protocol import Environment

RESULT = "CONCIERGE_OPTOUT"
HAND = "hand"
# how a number was listed -> is it written as callers write numbers (else: as it is dialled at this site)?
WAYS = {
    "party": False,
    "last": False,
    "keyed": False,
    "party-caller": True,
    "last-caller": True,
    "line-caller": True,
    "line-keyed": True,
}


def opt_out(environment: Environment) -> Handling:
    """Record first, then tell the dialplan."""
    by_hand = environment.argument(1) == HAND
    durable = yield _listed(environment) if by_hand else _pressed(environment)
    word = "RECORDED" if durable is True else "REJECTED" if durable is None else "FAILED"
    yield SetVariable(RESULT, f"{word}!{nonce_of(environment.argument(2))}")
    what = "how" if by_hand else "digit"
    return Outcome(f"opt-out-{word.lower()}", {"campaign": environment.argument(3), what: environment.argument(4)})


def _pressed(environment: Environment) -> OptOut:
    return OptOut(
        environment.argument(1),
        environment.argument(3),
        environment.argument(4),
        max(1, _count(environment.argument(5))),
        environment.argument(7) or environment.get("channel"),
        environment.argument(6) or environment.get("uniqueid"),
        _seconds(environment.argument(8)),
        _system(environment),
    )


def _listed(environment: Environment) -> ByHand:
    return ByHand(
        number=environment.argument(9),
        how=environment.argument(4),
        campaign=environment.argument(3),
        turn=max(1, _count(environment.argument(5))),
        channel=environment.argument(7) or environment.get("channel"),
        uniqueid=environment.argument(6) or environment.get("uniqueid"),
        extension=environment.argument(10),
        caller=environment.argument(11),
        at=_count(environment.argument(8)),
        system=_system(environment),
    )


def _system(environment: Environment) -> str:
    """Which PBX it was: the arguments end with its name behind `pbx`, where it has one."""
    return environment.argument(13) if environment.argument(12) == "pbx" else ""


def _seconds(text: str) -> float:
    head, _, tail = text.partition(".")
    whole = _count(head)
    return float(f"{whole}.{tail}") if whole and tail.isascii() and tail.isdigit() and len(tail) < 10 else float(whole)


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
