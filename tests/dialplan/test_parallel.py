"""Several processes find what one finds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from dialplan import lint as linting
from dialplan.applications import tables
from dialplan.finding import Finding
from dialplan.lint import lint
from dialplan.parallel import check_all
from dialplan.plan import loads
from dialplan.rule import Rule, rules
from dialplan.subject import Subject

CONF = Path(__file__).parent / "labelled" / "menus.conf"


def _subject() -> Subject:
    return Subject(loads(CONF.read_bytes()), tables.load("22"))


@pytest.mark.parametrize("jobs", [2, 3])
def test_the_report_is_the_same(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = lint(_subject(), rules())
    monkeypatch.setattr(linting, "WORTH", 0)
    assert lint(_subject(), rules(), jobs) == alone
    assert alone.findings


@dataclass(frozen=True)
class Dying:
    follows_calls: bool = False

    def check(self, _: Subject) -> list[Finding]:
        raise SystemExit(1)


def test_a_process_that_dies_is_no_clean_report() -> None:
    dying: Rule = Dying()  # type: ignore[assignment]
    with pytest.raises(RuntimeError, match="has died"):
        check_all(_subject(), [dying, *rules()], 2)
