"""Rules whose modules are not imported for a plan would have found nothing in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dialplan.applications import tables
from dialplan.finding import Finding
from dialplan.lint import lint
from dialplan.plan import load
from dialplan.rule import rules
from dialplan.rules import SPEAKS_OF, without_a_cause
from dialplan.sounds import Sounds
from dialplan.subject import Subject, from_files

TESTS = Path(__file__).parents[1]
PLANS = sorted([*(TESTS / "rules").glob("*.conf"), *(TESTS / "labelled").glob("*.conf")])


def cut(path: Path, folder: Path) -> Iterator[Path]:
    """Each context by itself, so that few applications are together."""
    parts = path.read_text(encoding="utf-8").split("\n[")
    for number, part in enumerate(parts[1:]):
        one = folder / f"{number}" / "extensions.conf"
        one.parent.mkdir()
        one.write_text(f"[{part}\n", encoding="utf-8")
        yield one


def found_by_idle(subject: Subject) -> list[Finding]:
    idle = without_a_cause(subject)
    checks = [rule.check for rule in rules() if rule.code in idle and rule.check]
    return [finding for check in checks for finding in check(subject)]


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_what_is_left_out_finds_nothing(path: Path, tmp_path: Path) -> None:
    table = tables.load("22")
    for one in (path, *cut(path, tmp_path)):
        assert found_by_idle(from_files(load(one), table)) == []


def test_every_rule_that_may_be_left_out_is_one() -> None:
    assert SPEAKS_OF.keys() <= {rule.code for rule in rules()}


def test_what_is_there_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "extensions.conf"
    path.write_text("[a]\nexten => 1,1,Dial(PJSIP/1)\n")
    subject = from_files(load(path), tables.load("22"))
    assert {"D701", "C901", "C108", "C112", "D601"} <= without_a_cause(subject)
    assert "D305" not in without_a_cause(subject)
    subject.sounds = Sounds([])
    (tmp_path / "queues.conf").write_text("[general]\n")
    assert without_a_cause(subject).isdisjoint({"C108", "C114", "C118"})
    assert {"C112", "C113"} <= without_a_cause(subject)
    (tmp_path / "modules.conf").write_text("[modules]\n")
    assert "C112" not in without_a_cause(subject)
    path.write_text("[a]\nexten => 1,1,${APP}(PJSIP/1) ; lint: ignore C103\ninclude => b,9:00-17:00,*,*,*\n")
    assert without_a_cause(from_files(load(path), tables.load("22"))) == frozenset()
    assert lint(from_files(load(path), tables.load("22")), rules()).priorities == 1
