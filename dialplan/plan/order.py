"""Names and order of extensions (main/pbx.c: ext_strncpy, ext_cmp, ext_cmp_pattern_pos).

Two extensions are the same when their keys are equal, and Asterisk tries them in ascending order of their
keys:
exact ones first, then patterns position by position, fewer characters first. Keys are made from bytes held as
Latin-1 text.
"""

from __future__ import annotations

import re

from dialplan.light import Final, TypeAlias, pattern

Key: TypeAlias = "tuple[int, bytes | tuple[int, ...]]"

_SIGNED: Final = bytes(byte ^ 0x80 for byte in range(256))
_EVERY: Final = (1 << 256) - 1
_END: Final = 0x30000 << 256 | _EVERY
_TOKENS: Final = pattern(r"\[[^\]]*\]|[^-]", re.S)
_REMEMBERED: Final = 10_000
_UNCLOSED: Final = 0x40000 << 256 | _EVERY
_CLASSES: Final = {"x": "0-9", "z": "1-9", "n": "2-9"}


def key(exten: str) -> Key:
    """The sorting key of an extension or of a caller-id pattern."""
    if exten[:1] != "_":
        return 0, (exten.replace("-", "") + "\0").encode("latin-1").translate(_SIGNED)
    positions = [_POSITIONS[token] for token in _TOKENS.findall(exten, 1)]
    if 0 in positions:  # empty sets, which Asterisk passes over
        positions = [position for position in positions if position]
    positions.append(_END)
    return 1, tuple(positions)


def _position(rank: int, members: int) -> int:
    """`members`: bit 255 for byte 0 … Among equal ranks the set with the lower bytes comes first."""
    return rank << 256 | (_EVERY ^ members)


def _set(text: str) -> int:
    """One `[…]`; 0 for the empty set, which Asterisk passes over."""
    members, lowest, at = 0, 0xFF, 0
    while at < len(text):
        first = last = ord(text[at])
        if at + 2 < len(text) and text[at + 1] == "-":
            last = ord(text[at + 2])
            at += 2
        at += 1
        lowest = min(lowest, first)
        for byte in range(first, last + 1):
            members |= 1 << (255 - byte)
    count = members.bit_count()
    return _position(count << 8 | lowest, members) if count else 0


def _single(char: str) -> int:
    if char == ".":
        return 0x18000 << 256 | _EVERY
    if char == "!":
        return 0x28000 << 256 | _EVERY
    return _set(_CLASSES.get(char.lower(), char))


class _Positions(dict[str, int]):
    """The rank of each token of a pattern, worked out once."""

    def __missing__(self, piece: str) -> int:
        if len(self) > _REMEMBERED:
            self.clear()
        if piece == "[":
            rank = _UNCLOSED
        else:
            rank = self[piece] = _set(piece[1:-1]) if piece[0] == "[" else _single(piece)
        return rank


_POSITIONS: Final = _Positions()


def without_blanks(exten: str) -> str:
    """How Asterisk shows an extension: blanks dropped, but for those in the sets of a pattern."""
    if " " not in exten:
        return exten
    return _filtered(exten, " ")


def without_fluff(exten: str) -> str:
    """What Asterisk compares: dashes dropped too."""
    if " " not in exten and "-" not in exten:
        return exten
    return _filtered(exten, " -")


def _filtered(exten: str, dropped: str) -> str:
    if "[" not in exten or exten[0] != "_":
        return exten.translate(_DROP[dropped])
    return _OUTSIDE[dropped].sub(r"\1", exten)


_DROP: Final = {" ": str.maketrans("", "", " "), " -": str.maketrans("", "", " -")}
_OUTSIDE: Final = {chars: pattern(rf"(\[[^\]]*\]?)|[{chars}]+") for chars in _DROP}


def shrink(number: str) -> str:
    """A caller-id pattern as stored (main/callerid.c: ast_shrink_phone_number): no blanks, dashes,
    parentheses, dots but a last one.
    """
    if not _SHRINKABLE.intersection(number):
        return number
    kept, depth = [], 0
    for at, char in enumerate(number):
        depth += {"[": 1, "]": -1}.get(char, 0)
        if char in "( )" or (char == "-" and not depth) or (char == "." and at + 1 < len(number)):
            continue
        kept.append(char)
    return "".join(kept)


_SHRINKABLE: Final = frozenset("( )-.")
