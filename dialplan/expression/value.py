"""What an evaluation yields: text that is known, or text of which parts cannot be known.

Text inside the evaluator is a string of bytes (one character per byte, as in Asterisk, where LEN and
substrings count bytes); `to_bytes_text` and `from_bytes_text` convert at the border.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from dialplan.light import dataclass


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch of text of unknown content (possibly empty), and why it is unknown."""

    source: str
    reason: str


@dataclass(frozen=True)
class Unknown:
    """Text that is known only in part: known strings and holes in order, at least one of them a hole."""

    pieces: tuple[str | Hole, ...]

    @classmethod
    def because(cls, source: str, reason: str) -> Unknown:
        """Nothing at all is known of the text that `source` stands for."""
        return cls((Hole(source, reason),))

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self.pieces)

    @cached_property
    def reason(self) -> str:
        """Why: the reason of the first hole."""
        return next(piece.reason for piece in self.pieces if isinstance(piece, Hole))

    @property
    def prefix(self) -> str:
        """The known text before the first hole."""
        return self.pieces[0] if isinstance(self.pieces[0], str) else ""

    @property
    def suffix(self) -> str:
        """The known text after the last hole."""
        return self.pieces[-1] if isinstance(self.pieces[-1], str) else ""

    def could_be(self, text: str) -> bool:
        """False only when no content of the holes can make this `text`."""
        prefix, suffix = self.prefix, self.suffix
        if len(text) < len(prefix) + len(suffix) or not (text.startswith(prefix) and text.endswith(suffix)):
            return False
        place, end = len(prefix), len(text) - len(suffix)
        for piece in self.pieces[1:-1]:
            if isinstance(piece, str):
                place = text.find(piece, place, end)
                if place < 0:
                    return False
                place += len(piece)
        return True

    def __str__(self) -> str:
        return "".join(piece if isinstance(piece, str) else "\N{HORIZONTAL ELLIPSIS}" for piece in self.pieces)


Value = str | Unknown


class UnknowableError(Exception):
    """Raised inside an evaluation where Asterisk's answer cannot be told; an Unknown at its border."""


def join(parts: Iterable[Value]) -> Value:
    """The concatenation; adjacent known pieces are merged."""
    pieces: list[str | Hole] = []
    known: list[str] = []
    for part in parts:
        for piece in (part,) if isinstance(part, str) else part.pieces:
            if isinstance(piece, str):
                known.append(piece)
                continue
            pieces.extend(filter(None, ["".join(known)]))
            known.clear()
            pieces.append(piece)
    rest = "".join(known)
    if not pieces:
        return rest
    return Unknown((*pieces, rest) if rest else tuple(pieces))


def to_bytes_text(text: str) -> str:
    """One character per byte of the UTF-8 text, up to the first NUL, where a C string ends."""
    if not text.isascii():
        try:
            text = text.encode("utf-8", "surrogateescape").decode("latin-1")
        except UnicodeEncodeError:
            text = text.encode("utf-8", "replace").decode("latin-1")
    return text if "\0" not in text else text[: text.index("\0")]


def from_bytes_text(text: str) -> str:
    """The reverse of `to_bytes_text`; bytes that are not UTF-8 become surrogate escapes."""
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogateescape")


def value_in(value: Value) -> Value:
    """A caller's value as the evaluator's."""
    if isinstance(value, str):
        return to_bytes_text(value)
    return Unknown(tuple(to_bytes_text(piece) if isinstance(piece, str) else piece for piece in value.pieces))


def value_out(value: Value) -> Value:
    """The evaluator's value as a caller's."""
    if isinstance(value, str):
        return from_bytes_text(value)
    return Unknown(tuple(from_bytes_text(piece) if isinstance(piece, str) else piece for piece in value.pieces))
