"""How long the prompts are that the model only names."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

_BYTES = {
    "gsm": 1650,
    "ulaw": 8000,
    "ul": 8000,
    "pcm": 8000,
    "alaw": 8000,
    "al": 8000,
    "g722": 8000,
    "g729": 1000,
    "sln": 16_000,
    "sln16": 32_000,
}
"""A second in each format (formats/*.c)."""


def lengths(sounds: Path, language: str = "en") -> Callable[[str], float | None]:
    """Of a prompt's name: its seconds, None where no file of it can be read."""

    def length(prompt: str) -> float | None:
        folders = [Path()] if prompt.startswith("/") else [sounds / language, sounds]
        for base in (folder / prompt for folder in folders):
            for file in sorted(base.parent.glob(f"{base.name}.*")) if base.parent.is_dir() else ():
                found = _seconds(file)
                if found is not None:
                    return found
        return None

    return length


def _seconds(file: Path) -> float | None:
    try:
        if file.suffix == ".wav":
            with wave.open(str(file)) as sound:
                return float(sound.getnframes() / sound.getframerate())
        rate = _BYTES.get(file.suffix[1:])
        return file.stat().st_size / rate if rate else None
    except (OSError, wave.Error, EOFError, ZeroDivisionError):
        return None
