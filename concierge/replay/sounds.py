"""Silent prompts: long ones where a key may be pressed, short ones elsewhere."""

from __future__ import annotations

import wave
from collections.abc import Iterable
from pathlib import Path

RATE = 8000
LISTENING_SECONDS, SHORT_SECONDS = 1.0, 0.06


def write(folder: Path, names: Iterable[str], seconds: float) -> None:
    """One file NAME.wav each, below `folder` whatever the name says."""
    for name in names:
        path = folder / f"{name.strip('/')}.wav"
        if ".." in path.parts:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            sound.writeframes(bytes(int(RATE * seconds) * 2))
