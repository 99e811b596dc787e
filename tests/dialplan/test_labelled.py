"""Small dialplans with a label: defects are found with their code at their line, look-alikes are not reported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dialplan.applications import tables
from dialplan.finding import Severity
from dialplan.lint import lint
from dialplan.plan import loads
from dialplan.rule import rules
from dialplan.subject import Subject

FOLDER = Path(__file__).parent / "labelled"


@dataclass(frozen=True)
class Case:
    name: str
    text: str

    @property
    def expected(self) -> set[tuple[int, str]]:
        lines = enumerate(self.text.splitlines(), 1)
        return {(number, code) for number, line in lines for code in re.findall(r"; <- (\w+)", line)}


def cases() -> Iterator[Case]:
    for path in sorted(FOLDER.glob("*.conf")):
        for part in path.read_text(encoding="utf-8").split("\n; === ")[1:]:
            name, _, text = part.partition("\n")
            yield Case(f"{path.stem}-{name}", text)


def found(case: Case, least: Severity = Severity.INFO) -> set[tuple[int, str]]:
    """Line and code of every finding that is at least so severe."""
    subject = Subject(loads(case.text.encode()), tables.load("22"))
    findings = lint(subject, rules()).findings
    return {(one.spot.place.line, one.code) for one in findings if one.severity >= least}


@pytest.mark.parametrize("case", [case for case in cases() if case.expected], ids=lambda case: case.name)
def test_a_defect_is_found(case: Case) -> None:
    assert case.expected <= found(case)


@pytest.mark.parametrize("case", [case for case in cases() if not case.expected], ids=lambda case: case.name)
def test_a_look_alike_is_not_reported(case: Case) -> None:
    assert found(case, Severity.WARNING) == set()
