"""PURE: how long to wait before the next attempt. The dice are an argument."""

from __future__ import annotations


def delay(first: float, longest: float, failures: int, roll: float) -> float:
    """Seconds after `failures` (from 0) in a row: doubled each time, plus up to a quarter by `roll` < 1."""
    return min(longest, first * 2.0 ** min(failures, 32)) * (1 + roll / 4)
