"""PURE: a stable name for a telephone number, that nobody without the key can turn back: HMAC-SHA256.

Plain hashes of telephone numbers are no secret: all numbers of a country are tried in minutes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any

from models.number import without_numbers

_SIZE = 10  # bytes of the name: two of a thousand million numbers share one in one of two million lists
LEAST = 16  # bytes of a key
_IDENTITIES = frozenset({"uniqueid", "linkedid", "report_id"})
# times and ids hold long digits too
_KEPT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[+-]\d\d:\d\d|Z)?)?(?!\d)"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{64}\b"
)


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


def in_text(text: str, name: Callable[[int], str]) -> str:
    """With names instead of whatever may be a telephone number."""
    found, end = [], 0
    for kept in _KEPT.finditer(text):
        found += [without_numbers(text[end : kept.start()], name), kept[0]]
        end = kept.end()
    return "".join([*found, without_numbers(text[end:], name)])


def in_facts(value: Any, name: Callable[[int], str], key: str = "") -> Any:
    """The same in every text of values of JSON, and in numbers that are called so; the ids of calls stay."""
    if isinstance(value, dict):
        return {one: in_facts(found, name, one) for one, found in value.items()}
    if isinstance(value, list):
        return [in_facts(one, name, key) for one in value]
    if isinstance(value, str) and key not in _IDENTITIES:
        return in_text(value, name)
    return name(value) if key in ("number", "last") and type(value) is int else value
