"""What a configuration file complains about, before the dialplan gives it a place in the plan."""

from __future__ import annotations

from dialplan.light import NamedTuple


class Note(NamedTuple):
    """`severity` is `error`, `warning` or `info`; `file` a path as read."""

    severity: str
    code: str
    message: str
    file: str
    line: int
