"""Waiting for a condition instead of sleeping for a guess."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from concierge.lab.errors import LabTimeoutError

T = TypeVar("T")

POLL_SECONDS = 0.01
patience = 1.0  # times each limit: on a busy machine what is right comes late


def wait_until(condition: Callable[[], T], timeout: float = 5.0, what: str = "the condition") -> T:
    """Ask `condition` every 10 ms until it is true and return its value; `what` completes "waited for …".

    Raises LabTimeoutError after `timeout` seconds times `patience`; the condition is asked a last time at the limit.
    """
    limit = time.monotonic() + timeout * patience
    while True:
        late = time.monotonic() >= limit
        value = condition()
        if value:
            return value
        if late:
            raise LabTimeoutError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(POLL_SECONDS)
