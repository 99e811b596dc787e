"""PURE: what an allowed call carries to its legs, so that a leg that nobody asked for is told from one that was.

`NUMBER.SECONDS.SIGNATURE`: for which number, when, signed with this host's key. It needs no memory: it holds after a
restart, and for the plain AGI script too.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum

_SIZE = 16  # bytes of the signature
_SKEW = 5.0  # seconds that a clock may step back


class Flaw(StrEnum):
    """Why a permit does not count."""

    NONE = "no-permit"
    FORGED = "forged-permit"
    STALE = "stale-permit"


@dataclass(frozen=True, slots=True)
class Permit:
    """A call to this number (E.164) was allowed then; seconds since the epoch."""

    number: int
    at: float


def permit(key: bytes, number: int, at: float) -> str:
    """For a call that is allowed now. No `!`, comma or blank: it goes through dialplan variables."""
    head = f"{number}.{int(at)}"
    return f"{head}.{_signature(key, head)}"


def read_permit(key: bytes, text: str, now: float, fresh: float) -> Permit | Flaw:
    """What a leg carries. `fresh`: seconds from the check to the dialling."""
    if not text:
        return Flaw.NONE
    head, _, signature = text.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(key, head).encode()):
        return Flaw.FORGED
    number, _, at = head.partition(".")
    found = Permit(int(number), float(at))
    return found if -_SKEW <= now - found.at <= fresh else Flaw.STALE


def _signature(key: bytes, head: str) -> str:
    return hmac.digest(key, f"permit {head}".encode(), "sha256")[:_SIZE].hex()
