"""A report as `concierge lint` makes it, of a text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dialplan.applications import tables
from dialplan.lint import Report, lint
from dialplan.plan import loads
from dialplan.report.shown import Shown, add_sources
from dialplan.rule import rules
from dialplan.subject import from_files

Judge = Callable[[str], tuple[Report, Shown]]


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    monkeypatch.chdir(tmp_path)

    def of(text: str, name: str = "extensions.conf") -> tuple[Report, Shown]:
        data = text.encode()
        subject = from_files(loads(data, name), tables.load("22"), {name: text})
        lines: dict[tuple[str, int], str] = {}
        return add_sources(subject, lint(subject, rules()), lines), Shown(lines, version="1.2.3")

    return of
