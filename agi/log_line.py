"""PURE: the canonical log line of a call. One line, bounded, numbers masked, whatever a telephone has sent."""

from __future__ import annotations

from collections.abc import Mapping

from models.number import without_numbers

__all__ = ["MAX_VALUE", "line", "pairs", "without_numbers"]

MAX_VALUE = 200  # characters of one field; syslog cuts whole lines at 1,024 or 8,192 bytes


def line(decision: str, fields: Mapping[str, object], milliseconds: float) -> str:
    """`decision=… name=value … ms=…`; fields whose value is empty are left out."""
    told = pairs(fields)
    return f"decision={decision}{' ' if told else ''}{told} ms={milliseconds:.1f}"


def pairs(fields: Mapping[str, object]) -> str:
    """`name=value …`, each value on this line and bounded."""
    return " ".join(f"{name}={_value(str(value))}" for name, value in fields.items() if value != "")


def _value(text: str) -> str:
    if len(text) > MAX_VALUE:
        text = text[:MAX_VALUE] + "…"
    if text.isprintable() and " " not in text and '"' not in text:
        return text
    return '"' + text.encode("unicode_escape").decode().replace('"', "'") + '"'
