"""PURE: a token bucket. Time is an argument."""

from __future__ import annotations


class Bucket:
    """Holds `burst` at most and gains `rate` a second."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._at = float(burst), now

    def take(self, now: float) -> float:
        """Take one: 0 when it was there, else the seconds until one will be."""
        self._level = min(self._burst, self._level + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) / self._rate
