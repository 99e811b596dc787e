"""Is the daemon's one loop ever held up? What waits in it waits for a call, or makes Asterisk cut the listener."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

log = logging.getLogger("concierge.stall")

LIMIT = 0.05  # seconds
_EVERY = 0.02


@dataclass(slots=True)
class Stalls:
    """How often the loop was held up for more than LIMIT, and the longest time, in seconds."""

    count: int = 0
    longest: float = 0.0
    total: float = 0.0

    async def watch(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _EVERY
            await asyncio.sleep(_EVERY)
            self.note(loop.time() - due)

    def note(self, late: float) -> None:
        """The loop came so much later than it was due."""
        if late <= LIMIT:
            return
        self.count += 1
        self.total += late
        self.longest = max(self.longest, late)
        log.warning("stall=%.0f ms count=%d longest_ms=%.0f", late * 1000, self.count, self.longest * 1000)
