"""`/callback`: what the PBX keeps for a caller, handed over; answered when it is durable, then the copy goes.

Arguments: nonce, key, value, as `concierge-keep` wrote them into AstDB, and the PBX's name, where it has one:

    key    uniqueid!promise|followup!how many of this channel
    value  epoch!number!reason!language!seconds waited!channel

The answer:

    CONCIERGE_TAKEN = RECORDED!nonce      (REJECTED: can never be recorded; anything else: not recorded yet)
"""

from __future__ import annotations

import re

from agi.handlers import CallBack, Handling, Outcome, SetVariable, nonce_of
from agi.protocol import Environment

RESULT = "CONCIERGE_TAKEN"
_KEY = re.compile(r"([^!]{1,150})!(promise|followup)!([0-9]{1,4})")
_VALUE = re.compile(r"([0-9]{1,11})!([0-9+]+)!([a-z0-9-]*)!([A-Za-z_]*)!(-?[0-9]{1,11})!(.*)", re.DOTALL)


def callback(environment: Environment) -> Handling:
    """Record first, then tell the dialplan."""
    kept = read_kept(environment.argument(2), environment.argument(3), environment.argument(4))
    durable = None if kept is None else (yield kept)
    word = "RECORDED" if durable is True else "REJECTED" if durable is None else "FAILED"
    yield SetVariable(RESULT, f"{word}!{nonce_of(environment.argument(1))}")
    fields = {"kind": kept.kind, "reason": kept.reason, "waited": kept.waited} if kept else {}
    return Outcome(f"callback-{word.lower()}", fields)


def read_kept(key: str, value: str, system: str = "") -> CallBack | None:
    """What the PBX `system` has kept; None when it is no such thing."""
    who, what = _KEY.fullmatch(key), _VALUE.fullmatch(value)
    if who is None or what is None:
        return None
    at = int(what[1])
    # never longer than a day, whatever the PBX's clock did meanwhile
    waited = min(max(int(what[5]), 0), 86_400)
    # what is too long is cut: whoever has been promised a call must not be lost for a long word
    words = what[2][:40], what[3][:60], what[4][:20]
    return CallBack(who[2], *words, waited, int(who[3]), what[6][:200], who[1], at, system)
