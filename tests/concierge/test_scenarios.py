"""`concierge test`: calls that go as expected and calls that do not, and files that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from concierge.cli import main
from dialplan.scenarios import ExpectationError, parse
from dialplan.scenarios.expectation import STATES

PLAN = """[from-trunk]
exten => s,1,Answer()
 same => n,Goto(menu,s,1)
[menu]
exten => s,1,Background(welcome)
 same => n,WaitExten(5)
exten => 1,1,Dial(PJSIP/8500&PJSIP/8501,15)
 same => n,Queue(sales,t,,,60)
 same => n,VoiceMail(8500@default)
exten => 2,1,Goto(nowhere,s,1)
exten => 3,1,Goto(s,1)
exten => t,1,Dial(PJSIP/operator)
exten => i,1,Read(PIN,enter-pin&again,4)
 same => n,Hangup()
"""
Out = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "extensions.conf").write_text(PLAN, encoding="utf-8")
    return tmp_path


def calls(folder: Path, text: str) -> str:
    (folder / "calls.yaml").write_text(text, encoding="utf-8")
    return str(folder / "calls.yaml")


def one(folder: Path, expect: str, more: str = "keys: '1'\n    results: {Dial: NOANSWER, Queue: TIMEOUT}") -> int:
    return main(["test", calls(folder, f"calls:\n  - at: from-trunk\n    {more}\n    expect: {json.dumps(expect)}\n")])


@pytest.mark.parametrize(
    ("expect", "code"),
    [
        ("reaches 8500", 0),
        ("reaches PJSIP/8501", 0),
        ("reaches sales within 15 s", 0),
        ("reaches sales within 14 s", 1),
        ("reaches menu", 1),
        ("reaches menu,s", 0),
        ("reaches menu,1,3 within 75 seconds", 0),
        ("reaches menu,1,3 within 74.5 s", 1),
        ("reaches operator", 1),
        ("does not reach operator", 0),
        ("never reaches sales", 1),
        ("plays welcome", 0),
        ("plays goodbye", 1),
        ("is answered", 1),
        ("can leave a message", 0),
        ("goes round for ever", 1),
        ("ends within 75 s", 0),
        ("ends within 74 s", 1),
    ],
)
def test_one_expectation(expect: str, code: int, folder: Path) -> None:
    assert one(folder, expect) == code


@pytest.mark.parametrize(
    ("keys", "expect"),
    [
        ("[(wait)]", "reaches operator within 5 s"),
        ("2", "is hung up"),
        ("[9, '1234']", "plays again"),
        ("1", "is answered"),
    ],
)
def test_keys_and_results(keys: str, expect: str, folder: Path) -> None:
    assert one(folder, expect, f"keys: {keys}") == 0


def test_the_report_names_what_differs_and_the_path(folder: Path, capsys: Out) -> None:
    file = calls(
        folder,
        "calls:\n  - {name: fine, at: from-trunk, keys: '1', expect: is answered}\n"
        "  - name: broken\n    at: from-trunk,s,1\n    keys: [2]\n"
        "    expect:\n      - is answered\n      - reaches menu,2\n",
    )
    assert main(["test", file]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "ok    fine",
        "FAIL  broken",
        "      expected: is answered: the call ends: dead-jump (there is no context [nowhere])",
    ]
    assert any(
        line.strip().startswith("menu,s,1  ") and line.endswith("extensions.conf:5  Background  ← 2") for line in lines
    )
    assert lines[-1] == "2 calls, 1 not as expected"
    assert main(["test", file, "--format", "junit", "--output", "out.xml"]) == 1
    root = ElementTree.parse(folder / "out.xml").getroot()  # noqa: S314 - our own text
    assert (root.attrib["tests"], root.attrib["failures"]) == ("2", "1")
    [failure] = root.findall("testsuite/testcase[@name='broken']/failure")
    assert "is answered" in failure.attrib["message"]
    assert main(["test", file, "--format", "json"]) == 1
    assert [call["passed"] for call in json.loads(capsys.readouterr().out)["calls"]] == [True, False]


def test_no_credential_is_shown(folder: Path, capsys: Out) -> None:
    plan = "[globals]\nDBPASS=s3cretValue\n[from-trunk]\nexten => s,1,Goto(${DBPASS},s,1)\n"
    (folder / "extensions.conf").write_text(plan, encoding="utf-8")
    for form in ("text", "json", "junit"):
        assert main(["test", calls(folder, "calls: [{at: from-trunk, expect: is answered}]"), "--format", form]) == 1
        out = capsys.readouterr().out
        assert "***" in out
        assert "s3cret" not in out


def test_another_dialplan_may_be_tried(folder: Path) -> None:
    file = calls(folder, "dialplan: none.conf\ncalls:\n  - {at: from-trunk, expect: is hung up, keys: 2}\n")
    assert main(["test", file]) == 2
    assert main(["test", file, "--dialplan", "extensions.conf"]) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "expected `dialplan:` and `calls:`"),
        ("calls: []", "calls: expected a list of calls"),
        ("calls: [{at: a}]", "calls[0].expect: nothing is expected"),
        ("calls: [{at: a, expect: works}]", "calls[0].expect: 'works' is no expectation; write one of"),
        ("calls: [{at: a, expect: is answered, kyes: 1}]", "calls[0].kyes: unknown key; did you mean `keys`?"),
        ("calls: [{at: ' ', expect: is answered}]", "is no CONTEXT"),
        ("calls: [{at: gone, expect: is answered}]", "there is no context [gone]"),
        ("calls: [{at: from-trunk, keys: x, expect: is answered}]", "--keys x: a telephone has"),
        ("calls: [{at: from-trunk, now: never, expect: is answered}]", "never"),
        ("calls: [{at: a, at: b}]", "`at` stands twice"),
        ("calls: [", "not YAML"),
        ("asterisk: '1'\ncalls: [{at: from-trunk, expect: is answered}]", "1"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, said: str, folder: Path, capsys: Out) -> None:
    assert main(["test", calls(folder, text)]) == 2
    assert said in capsys.readouterr().err


def test_the_grammar_names_every_state_and_refuses_others() -> None:
    for state in STATES:
        assert parse(f" {state} ").kind == state
    with pytest.raises(ExpectationError, match="reaches PLACE"):
        parse("reaches")
