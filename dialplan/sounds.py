"""Prompts that a folder of sounds holds, as main/file.c looks them up: by name without the ending, per language."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from dialplan.light import pattern

LANGUAGE = pattern(r"[a-z]{2,3}(?:[_-]\w+)*/(.+)")


class Sounds:
    """Names of prompts. A prompt that is there in any language counts as there."""

    def __init__(self, names: Iterable[str], folder: str = "") -> None:
        self.folder = folder.rstrip("/")
        self._names = frozenset(names)
        self._below = frozenset(found[1] for found in map(LANGUAGE.fullmatch, self._names) if found)

    def has(self, name: str) -> bool | None:
        """Is the prompt there? None for one that is looked up outside of the folder."""
        if name.startswith("/"):
            if not self.folder or not name.startswith(self.folder + "/"):
                return None
            name = name[len(self.folder) + 1 :]
        return name in self._names or name in self._below


def read(folder: Path) -> Sounds:
    """Every file below the folder, such as /var/lib/asterisk/sounds. Raises OSError when it is no folder."""
    names: set[str] = set()
    os.scandir(folder).close()
    for place, _, files in os.walk(folder, followlinks=True):
        inside = os.path.relpath(place, folder)
        prefix = "" if inside == "." else inside + "/"
        names.update(prefix + (file.rpartition(".")[0] or file) for file in files)
    return Sounds(names, str(folder.absolute()))
