"""The prompts that are ours: what is said in each language."""

from __future__ import annotations

from importlib.resources import files


def texts(language: str) -> dict[str, str]:
    """Name -> what is said; of a language that is not ours, nothing."""
    source = files("concierge").joinpath(f"sounds/{language}.txt")
    lines = source.read_text(encoding="utf-8").splitlines() if source.is_file() else []
    return {name: text.strip() for name, _, text in (line.partition(":") for line in lines)}
