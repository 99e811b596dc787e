"""When this host last knew all that the feed knows: the time of a small file beside the list.

Whoever answers, in whatever process, reads that time; nothing else has to be written every second.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

_AHEAD = 2.0  # seconds that a clock may have been set back unnoticed


def contact_file(path: Path) -> Path:
    """Beside the list."""
    return path.with_name(path.name + ".sync")


class Contact:
    """Written by the one process that keeps the link."""

    def __init__(self, path: Path, site: str, feed: str) -> None:
        self._file = contact_file(path)
        self._facts: dict[str, Any] = {"site": site, "feed": feed, "trouble": ""}
        self._written: dict[str, Any] | None = None

    def made(self) -> None:
        """Everything was read, now. Raises OSError."""
        self._facts["trouble"] = ""
        now = time.time()
        if self._facts == self._written:
            try:
                os.utime(self._file, (now, now))
                return
            except FileNotFoundError:
                pass
        self._write(now)

    def failed(self, why: str) -> None:
        """The time stays as it is. Raises OSError."""
        self._facts["trouble"] = why
        if self._facts != self._written:
            try:
                self._write(self._file.stat().st_mtime)
            except FileNotFoundError:
                self._write(0.0)

    def _write(self, at: float) -> None:
        new = self._file.with_name(self._file.name + ".new")
        new.write_text(json.dumps(self._facts), encoding="utf-8")
        os.utime(new, (at, at))
        new.replace(self._file)
        self._written = dict(self._facts)


class Age:
    """How long ago that was. For whoever answers questions."""

    def __init__(self, path: Path, max_age: float) -> None:
        """`max_age`: seconds after which the list is stale."""
        self._file = contact_file(path)
        self._text = str(self._file)
        self._max_age = max_age

    def seconds(self) -> float | None:
        """None: never, or not to be found out."""
        try:
            at = os.stat(self._text).st_mtime  # noqa: PTH116 - half the time, at each call
        except OSError:
            return None
        return time.time() - at if at > 0 else None

    def stale(self) -> str:
        """Why the list may lack what other sites have recorded; empty when it does not."""
        age = self.seconds()
        if age is None:
            return "no contact with the other sites yet; see `concierge sync status`"
        if age > self._max_age:
            return f"no contact with the other sites for {age:.0f} s, {self._max_age:g} at most"
        if age < -_AHEAD:
            return "the last contact with the other sites is in the future; was the clock set back?"
        return ""

    def facts(self) -> dict[str, Any]:
        """What the keeper of the link has noted; empty when there is nothing to read."""
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
