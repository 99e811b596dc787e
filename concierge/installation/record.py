"""What an installation notes about itself in its own dialplan file, so that nobody has to say it twice."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from concierge.installation.layout import Layout

_MARK = "; Installed with "


@dataclass(frozen=True, slots=True)
class Record:
    """`freepbx`: a version whose hooks are called as they were when it was installed, 0 for plain Asterisk.

    `asterisk`: its major version then; `sounds`: where the prompts went.
    """

    freepbx: int
    asterisk: int
    sounds: str


def line_of(layout: Layout, sounds: Path) -> str:
    """A comment of one line."""
    record = Record(layout.freepbx if layout.generated else 0, layout.asterisk, str(sounds))
    return f"{_MARK}{json.dumps(asdict(record))}\n"


def record_in(path: Path) -> Record | None:
    """None when there is no such file, or nothing noted in it that can be read."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    noted = next((line for line in text.splitlines()[:5] if line.startswith(_MARK)), "")
    try:
        found = json.loads(noted.removeprefix(_MARK))
        return Record(int(found["freepbx"]), int(found["asterisk"]), str(found["sounds"]))
    except (ValueError, TypeError, KeyError):
        return None
