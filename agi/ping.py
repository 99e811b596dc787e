"""`/ping`: is the daemon there, does it speak AGI, and which list does it read? Argument 1 is a nonce.

CONCIERGE_PING = nonce!identity of the list
"""

from __future__ import annotations

from agi.handlers import Handling, Outcome, SetVariable, nonce_of
from agi.protocol import Environment


def ping(environment: Environment, identity: str) -> Handling:
    """Repeat the nonce."""
    yield SetVariable("CONCIERGE_PING", f"{nonce_of(environment.argument(1))}!{identity}")
    return Outcome("ping")
