"""Which Asterisk a plan is for: what is named, else what the settings say, else what FreePBX has written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from concierge.cli import main
from concierge.commands.replay import sandbox_for
from dialplan.applications import tables

PLAN = """[globals]
ASTVERSION = 18.9.0
[from-trunk]
exten => s,1,Macro(ring)
 same => n,Dial(PJSIP/after,30)
[macro-ring]
exten => s,1,Dial(PJSIP/ringing,30)
"""
CALLS = "calls:\n  - at: from-trunk\n    results: {Dial: BUSY}\n    expect: reaches ringing\n"
SETTINGS = "lint:\n  asterisk: '%s'\n"
Out = pytest.CaptureFixture[str]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "extensions.conf").write_text(PLAN, encoding="utf-8")
    (tmp_path / "calls.yaml").write_text(CALLS, encoding="utf-8")
    return tmp_path


def knows_macro(command: str, capsys: Out, *options: str) -> bool:
    arguments = {
        "lint": ["lint", "extensions.conf", "--select", "C103"],
        "trace": ["trace", "extensions.conf", "--at", "from-trunk", "--result", "Dial=BUSY"],
        "test": ["test", "calls.yaml"],
        "graph": ["graph", "extensions.conf", "--entry", "from-trunk", "--format", "dot"],
    }[command]
    code = main([*arguments, *options])
    out = capsys.readouterr().out
    if command == "lint":
        return "does not have Macro" not in out
    if command == "test":
        return code == 0
    return ("after" if command == "trace" else "n0 -> n1") in out


@pytest.mark.parametrize("command", ["lint", "trace", "test", "graph"])
def test_every_command_takes_the_same_version(command: str, plan: Path, capsys: Out) -> None:
    assert knows_macro(command, capsys)
    assert not knows_macro(command, capsys, "--asterisk", "22")
    (plan / "config.yaml").write_text(SETTINGS % "22", encoding="utf-8")
    assert not knows_macro(command, capsys)
    assert knows_macro(command, capsys, "--asterisk", "20")
    (plan / "config.yaml").unlink()
    (plan / "extensions.conf").write_text(PLAN.replace("18.9.0", "22.1"), encoding="utf-8")
    assert not knows_macro(command, capsys)


@pytest.mark.parametrize("command", ["lint", "trace", "test", "graph"])
def test_a_version_that_is_not_there_is_said(command: str, plan: Path, capsys: Out) -> None:
    (plan / "config.yaml").write_text(SETTINGS % "13", encoding="utf-8")
    path = "calls.yaml" if command == "test" else "extensions.conf"
    assert main([command, path, *(["--at", "from-trunk"] if command == "trace" else [])]) == 2
    error = capsys.readouterr().err
    assert "13" in error
    assert "16, 18, 20, 22" in error


def test_what_a_scenario_names_counts_before_the_dialplan(plan: Path, capsys: Out) -> None:
    (plan / "calls.yaml").write_text(f"asterisk: '22'\n{CALLS}", encoding="utf-8")
    assert not knows_macro("test", capsys)
    assert knows_macro("test", capsys, "--asterisk", "18")


@pytest.mark.parametrize(("version", "sandbox"), [("16", "16"), ("18", "16"), ("20", "16"), ("22", "22")])
def test_a_call_is_replayed_where_the_same_applications_are(version: str, sandbox: str) -> None:
    assert sandbox_for(tables.load(version)) == sandbox


def test_replay_counts_the_findings_of_lint(plan: Path, capsys: Out) -> None:
    """A rule that the settings switch off has no number."""
    (plan / "extensions.conf").write_text(PLAN + "exten => 9,1,Goto(nowhere,s,1)\n", encoding="utf-8")
    (plan / "config.yaml").write_text("lint:\n  select: [C103]\n", encoding="utf-8")
    assert main(["lint", "extensions.conf"]) == 0
    capsys.readouterr()
    assert main(["replay", "extensions.conf", "--finding", "1"]) == 2
    assert "has 0" in capsys.readouterr().err
