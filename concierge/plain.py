"""Texts of strangers on a terminal and in evidence: a line stays one line, and moves no cursor.

A reason comes from a file, a complaint from whoever complains. With a line break in it, it would write further lines of
evidence; with an escape sequence it would hide some.
"""

from __future__ import annotations

import re

# C0, DEL and C1, line and paragraph separators, and what turns the direction of writing; a tab is ours
_SPECIAL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    """With such characters named as Python names them."""
    return _SPECIAL.sub(lambda found: repr(found[0])[1:-1], text)


def say(line: str) -> None:
    """On standard output."""
    print(one_line(line))
