"""PURE: the canonical log line of a call. One line, bounded, numbers masked, whatever a telephone has sent."""

from __future__ import annotations

import re
from collections.abc import Mapping

from models.number import masked

MAX_VALUE = 200  # characters of one field; syslog cuts whole lines at 1,024 or 8,192 bytes

# a dialled number in a channel name (Local/48501502503@out-0000001a;2), not the serial number at its end
_DIALLED = re.compile(r"(?<![-0-9A-Za-z])\+?([0-9]{7,})")


def line(decision: str, fields: Mapping[str, object], milliseconds: float) -> str:
    """`decision=… name=value … ms=…`; fields whose value is empty are left out."""
    told = "".join(f" {name}={_value(str(value))}" for name, value in fields.items() if value != "")
    return f"decision={decision}{told} ms={milliseconds:.1f}"


def without_numbers(text: str) -> str:
    """The text with everything in it that may be a telephone number masked."""
    return _DIALLED.sub(lambda found: masked(int(found[1][:18])), text)


def _value(text: str) -> str:
    if len(text) > MAX_VALUE:
        text = text[:MAX_VALUE] + "…"
    if text.isprintable() and " " not in text and '"' not in text:
        return text
    return '"' + text.encode("unicode_escape").decode().replace('"', "'") + '"'
