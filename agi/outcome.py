"""`/outcome`: how a contact ended, as the dialplan or the agent knows it; the history of the next call says it.

Arguments: the outcome, the uniqueid of the call that the gate was asked for (without it, this channel's), the PBX's
name (without it, the variable CONCIERGE_SYSTEM, which `concierge hooks` sets for the whole PBX). `abandoned`:
answered, and no agent was there; `conversation`; anything else (`callback`, `refused`, `no-interest` …) keeps what
became of the call. The answer:

    CONCIERGE_OUTCOME = RECORDED      (UNKNOWN: no such contact, or no such word; FAILED: not recorded)
"""

from __future__ import annotations

import re
from typing import cast

from agi.handlers import Ended, GetVariable, Handling, Outcome, SetVariable
from agi.protocol import Environment

RESULT = "CONCIERGE_OUTCOME"
_WORD = re.compile(r"[a-z][a-z0-9-]{0,39}")


def outcome(environment: Environment) -> Handling:
    """Record, then tell the dialplan."""
    word, found = environment.argument(1), None
    if _WORD.fullmatch(word):
        system = environment.argument(3) or cast(str, (yield GetVariable("CONCIERGE_SYSTEM")))
        found = yield Ended(environment.argument(2) or environment.get("uniqueid"), word, system)
    told = "UNKNOWN" if found is None else "RECORDED" if found else "FAILED"
    yield SetVariable(RESULT, told)
    return Outcome(f"outcome-{told.lower()}", {"outcome": word[:40]})
