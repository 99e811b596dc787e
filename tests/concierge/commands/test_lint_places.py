"""Where lint is told that calls begin, and what it is told twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from concierge.cli import main

PLAN = """[from-trunk]
exten => s,1,Answer()
 same => n,Dial(PJSIP/operator,30)
 same => n,Plaback(nobody)
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "extensions.conf"
    path.write_text(PLAN)
    return path


@pytest.mark.parametrize("place", ["from-trunk,s,9", "from-trunk,s,0", "from-trunk,t", "from-trunk,100"])
def test_an_entry_that_no_call_can_begin_at_is_refused(
    plan: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lint", str(plan), "--entry", place]) == 2
    assert "no call begins at" in capsys.readouterr().err


def test_an_entry_that_is_there_is_taken(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(plan), "--entry", "from-trunk,s,2"]) == 1
    assert "Plaback" in capsys.readouterr().out


def test_a_file_that_is_named_twice_is_judged_once(
    plan: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["lint", str(plan)])
    once = capsys.readouterr().out
    monkeypatch.chdir(plan.parent)
    main(["lint", str(plan), str(plan), str(plan.parent), "extensions.conf"])
    assert capsys.readouterr().out == once


def test_a_queue_that_callers_can_leave_is_no_wait_for_ever(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan.write_text("[from-trunk]\nexten => s,1,Answer()\n same => n,Queue(sales)\n same => n,Hangup()\n")
    main(["lint", str(plan)])
    assert "D905" in capsys.readouterr().out
    (plan.parent / "queues.conf").write_text("[general]\n[sales]\nleavewhenempty = yes\n")
    main(["lint", str(plan)])
    assert "D905" not in capsys.readouterr().out
