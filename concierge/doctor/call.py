"""A real call on this PBX: does the dialplan ask, does the daemon answer, does the answer hold?"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from concierge.doctor.finding import Finding, failed, ok, unknown
from concierge.errors import UserError
from concierge.installation.loaded import Console

_NAME = "test call"
_PATIENCE = 8.0  # seconds
_PAUSE = 0.2
_EXPECTED = "REFUSE!number-unreadable"  # only the daemon says that; a dialplan by itself says gate-…


def check_call(console: Console, sleep: Callable[[float], None] = time.sleep) -> Finding:
    """To a number that is none, on a Local channel: no telephone rings, and no trunk is dialled."""
    number = "".join(secrets.choice("0123456789") for _ in range(24))
    try:
        console.ask(f"channel originate Local/{number}@concierge-doctor/n application NoOp")
        answer = _answer(console, number, sleep)
        console.ask(f"database del concierge-doctor {number}")
    except UserError as error:
        return unknown(_NAME, str(error), "run doctor as root or as Asterisk's user, or say --rx")
    if answer == _EXPECTED:
        return ok(_NAME, "went to the gate, and was refused by the daemon as it should be")
    if not answer:
        return failed(_NAME, "it did not come to the gate", "`concierge hooks install --reload`")
    reason = answer.partition("!")[2]
    return failed(_NAME, f"the answer was {reason or answer}", "start `concierge serve`; its log says more")


def _answer(console: Console, number: str, sleep: Callable[[float], None]) -> str:
    """What the dialplan has noted; empty when it has not."""
    for _ in range(int(_PATIENCE / _PAUSE)):
        shown = console.ask(f"database get concierge-doctor {number}")
        if "Value:" in shown:
            return shown.partition("Value:")[2].strip()
        sleep(_PAUSE)
    return ""
