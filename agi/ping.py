"""`/ping`: is the daemon there, and does it speak AGI? Argument 1 is a nonce; `CONCIERGE_PING = nonce`."""

from __future__ import annotations

from agi.handlers import Handling, Outcome, SetVariable, nonce_of
from agi.protocol import Environment


def ping(environment: Environment) -> Handling:
    """Repeat the nonce."""
    yield SetVariable("CONCIERGE_PING", nonce_of(environment.argument(1)))
    return Outcome("ping")
