"""Texts with a real Asterisk's answers, and the fuzzing tools as modules."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType

import pytest

MEASURED = Path(__file__).with_name("measured.json")
FUZZ = Path(__file__).resolve().parents[2] / "fuzz"


@pytest.fixture
def fuzz(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tests/fuzz/expressions.py."""
    monkeypatch.syspath_prepend(str(FUZZ))
    return importlib.import_module("expressions")


@pytest.fixture
def regexes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tests/fuzz/regexes.py."""
    monkeypatch.syspath_prepend(str(FUZZ))
    return importlib.import_module("regexes")


@pytest.fixture(scope="session")
def measured() -> list[tuple[str, str, str]]:
    """(text, value in Asterisk 22.10, value in 16.28), variables as in tests/fuzz/expression_texts.py."""
    rows = json.loads(MEASURED.read_text(encoding="utf-8"))
    return [(row[0], row[1], row[-1]) for row in rows]
