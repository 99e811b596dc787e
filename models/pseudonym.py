"""PURE: a stable name for a telephone number, that nobody without the key can turn back: HMAC-SHA256.

Plain hashes of telephone numbers are no secret: all numbers of a country are tried in minutes.
"""

from __future__ import annotations

import hashlib
import hmac

_SIZE = 10  # bytes of the name: two of a thousand million numbers share one in one of two million lists
LEAST = 16  # bytes of a key


class Pseudonyms:
    """Of one key."""

    def __init__(self, key: bytes) -> None:
        """Raises ValueError for a key that could be guessed."""
        if len(key) < LEAST:
            raise ValueError(f"a key has {LEAST} bytes or more")
        self._key = key

    def __call__(self, e164: int) -> str:
        """`~` and 20 hexadecimal digits; the same for the same number and key, always."""
        return "~" + hmac.digest(self._key, str(e164).encode(), hashlib.sha256).hex()[: 2 * _SIZE]
