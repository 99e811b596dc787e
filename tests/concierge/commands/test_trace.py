"""`concierge trace` and lint's --entry and --operator as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from concierge.cli import main

PLAN = """[globals]
API_TOKEN=hunter2secret99
[menu]
exten => s,1,Set(N=0)
 same => n(again),Background(welcome)
 same => n,WaitExten(5)
exten => 1,1,Dial(PJSIP/sales,20)
 same => n,Goto(${DIALSTATUS},1)
exten => BUSY,1,Playback(busy-${API_TOKEN})
 same => n,Hangup()
exten => i,1,Set(N=$[${N} + 1])
 same => n,GotoIf($[${N} < 2]?s,again:staff,s,1)
exten => t,1,Hangup()
[staff]
exten => s,1,NoOp(${WHO})
"""


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "extensions.conf"
    path.write_text(PLAN, encoding="utf-8")
    return str(path)


def traced(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["trace", *arguments])
    return code, capsys.readouterr().out


def test_a_call_step_by_step(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = traced(capsys, plan, "--at", "menu", "--keys", "9,9", "--set", "WHO=anna")
    assert code == 0
    assert [line.split()[0] for line in text.splitlines()[:-1]] == [
        "menu,s,1", "menu,s,2", "menu,i,1", "menu,i,2", "menu,s,2", "menu,i,1", "menu,i,2", "staff,s,1"
    ]  # fmt: skip
    assert "NoOp(anna)" in text
    assert text.splitlines()[-1] == "end: falls-off (s in [staff] has no priority 2)"


def test_results_and_json_and_no_credential(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--at", "menu,s,1", "--keys", "1", "--result", "Dial=BUSY", "--format", "json"]
    code, text = traced(capsys, plan, *options)
    document = json.loads(text)
    assert code == 0
    assert [step["exten"] for step in document["steps"]] == ["s", "s", "1", "1", "BUSY", "BUSY"]
    assert document["end"] == {"kind": "hangup", "text": "Hangup"}
    assert "hunter2secret99" not in text
    assert document["steps"][4]["data"] == "busy-***"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--at", "nowhere"], "there is no context [nowhere]"),
        (["--at", "menu,s,x"], "'x' is no priority"),
        (["--at", "menu", "--result", "Dial"], "write NAME=VALUE"),
        (["--at", "menu", "--result", "Daal=BUSY"], "no application of that name"),
        (["--at", "menu", "--keys", "1,banana"], "a telephone has the keys"),
        (["--at", "menu", "--now", "noon"], "write a time such as"),
        (["--at", "menu", "--asterisk", "3"], "--asterisk 3: known are 16, 18, 20, 22"),
    ],
)
def test_wrong_use_is_said(plan: str, options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", plan, *options]) == 2
    assert message in capsys.readouterr().err


def test_entries_and_operators_of_lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "extensions.conf"
    path.write_text(
        "[line]\nexten => 100,1,Playback(hello)\n same => n,Goto(desk,s,1)\n"
        "[desk]\nexten => s,1,Playback(somebody-comes)\n",
        encoding="utf-8",
    )
    assert main(["lint", str(path)]) == 0
    assert main(["lint", str(path), "--entry", "line"]) == 1
    assert "D902" in capsys.readouterr().out
    assert main(["lint", str(path), "--entry", "line,100,1", "--operator", "desk,s,1"]) == 0
    assert main(["lint", str(path), "--entry", "nowhere"]) == 2
    assert "there is no context [nowhere]" in capsys.readouterr().err
