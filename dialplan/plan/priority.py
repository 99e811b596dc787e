"""The second field of an exten line: `n`, `s`, `12`, `hint`, a label; `+2`, `(label)` (pbx/pbx_config.c)."""

from __future__ import annotations

import re
from functools import lru_cache

from dialplan.light import Final, NamedTuple, pattern

BLANKS: Final = "".join(map(chr, range(1, 33)))
_NUMBER = pattern(r"[ \t\n\v\f\r]*([+-]?\d+)", re.A)


class Priority(NamedTuple):
    """`word` as written before `+` and `(`; `number` what scanf reads of it, None when it reads none."""

    word: str
    number: int | None
    plus: int
    label: str | None
    closed: bool = True


@lru_cache(maxsize=4096)
def parse(written: str) -> Priority:
    """Cut the field (blanks around it already stripped); `closed` is False when a label lacks its `)`."""
    word, opened, rest = written.partition("(")
    label, closed, _ = rest.partition(")")
    word, _, plus = word.partition("+")
    return Priority(word, _scan(word, 30), _scan(plus) or 0, label or None, bool(closed) or not opened)


def _scan(text: str, width: int = 8192) -> int | None:
    """scanf's %d and atoi: clamped to 64 bits, then cut to 32."""
    blanks = len(text) - len(text.lstrip(" \t\n\v\f\r"))
    found = _NUMBER.match(text, 0, blanks + width)
    if not found:
        return None
    number = max(-(2**63), min(2**63 - 1, int(found[1][:40])))
    return (number + 2**31) % 2**32 - 2**31
