"""Repairs: the finding is gone, in a real Asterisk too; no other byte changes; nothing is guessed."""

from __future__ import annotations

import os
import re
from dataclasses import astuple
from pathlib import Path

import pytest

from concierge.cli import main
from concierge.lab.engine import find_engine
from concierge.lab.errors import LabMissingError
from concierge.replay.caller import PlannedCall
from concierge.replay.rewrite import sandbox_text
from concierge.replay.sandbox import Sandbox
from dialplan.finding import Change
from dialplan.plan import loads
from dialplan.repair.editing import edit

OPERATOR = "[concierge-operator]\nexten => s,1,Dial(PJSIP/operator,30)\n"
MENU = "[menu]\nexten => s,1,Background(welcome)\n same => n,WaitExten(2)\nexten => 1,1,Dial(PJSIP/100,20)\n"
INVALID, TIMEOUT = (f"exten => {handler},1,Goto(concierge-operator,s,1)\n" for handler in "it")
# name: broken, repaired, where a call begins, its keys, the place that only the repaired plan reaches
PLANS = {
    "return": (
        "[in]\nexten => s,1,Gosub(sub,s,1)\n same => n,Dial(PJSIP/1,20)\n[sub]\nexten => s,1,NoOp(hello)\n; end\n",
        "[in]\nexten => s,1,Gosub(sub,s,1)\n same => n,Dial(PJSIP/1,20)\n"
        "[sub]\nexten => s,1,NoOp(hello)\n same => n,Return()\n; end\n",
        ("in,s,1", "", "in,s,2"),
    ),
    "empty goto": (
        "[in]\nexten => s,1,Answer()\n same => n,Goto() ; where?\n" + OPERATOR,
        "[in]\nexten => s,1,Answer()\n same => n,Goto(concierge-operator,s,1) ; where?\n" + OPERATOR,
        ("in,s,1", "", "concierge-operator,s,1"),
    ),
    "goto without brackets": (
        "[in]\nexten => s,1,Answer()\n same => n,Goto\n" + OPERATOR,
        "[in]\nexten => s,1,Answer()\n same => n,Goto(concierge-operator,s,1)\n" + OPERATOR,
        ("in,s,1", "", "concierge-operator,s,1"),
    ),
    "missing i": (
        MENU + TIMEOUT + OPERATOR,
        MENU + TIMEOUT + INVALID + OPERATOR,
        ("menu,s,1", "7", "concierge-operator,s,1"),
    ),
    "missing t": (
        MENU + INVALID + OPERATOR,
        MENU + INVALID + TIMEOUT + OPERATOR,
        ("menu,s,1", "(wait)", "concierge-operator,s,1"),
    ),
    "old separator": (
        "[in]\nexten => s,1,Answer()\n same => n,GotoIf($[1|0]?other|s|1)\n[other]\nexten => s,1,Dial(PJSIP/1,20)\n",
        "[in]\nexten => s,1,Answer()\n same => n,GotoIf($[1|0]?other,s,1)\n[other]\nexten => s,1,Dial(PJSIP/1,20)\n",
        ("in,s,1", "", "other,s,1"),
    ),
}
EACH = pytest.mark.parametrize(("broken", "repaired", "call"), PLANS.values(), ids=PLANS)
Out = pytest.CaptureFixture[str]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "extensions.conf"


@EACH
def test_it_is_found_repaired_and_clean(broken: str, repaired: str, call: tuple[str, ...], plan: Path) -> None:
    plan.write_text(broken, encoding="utf-8")
    assert main(["lint", ".", "--diff"]) == 1
    assert plan.read_text(encoding="utf-8") == broken
    assert main(["lint", "."]) == 1
    assert main(["lint", ".", "--fix"]) == 0
    assert plan.read_text(encoding="utf-8") == repaired
    assert main(["lint", ".", "--diff"]) == 0
    assert main(["lint", ".", "--fix"]) == 0
    assert plan.read_text(encoding="utf-8") == repaired


def renamed(text: str, number: int) -> str:
    """Contexts with names of their own, so that all plans are loaded together."""
    for name in set(re.findall(r"^\[([\w-]+)\]", text, re.MULTILINE)):
        text = re.sub(rf"(?<![\w-]){name}(?=[\],|()])", f"{name}-{number}", text)
    return text


@pytest.mark.asterisk
def test_a_real_asterisk_goes_the_repaired_way_and_no_other(request: pytest.FixtureRequest) -> None:
    """Every plan, broken and repaired, in one Asterisk."""
    try:
        find_engine("22")
    except LabMissingError as error:
        if os.environ.get("CI") or request.config.getoption("--require-asterisk", default=False):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    calls, texts = [], []
    for number, (text, (at, keys, _)) in enumerate((text, plan[2]) for plan in PLANS.values() for text in plan[:2]):
        context, exten, _ = at.split(",")
        calls.append(PlannedCall(f"{context}-{number}", exten, 1, tuple(filter(None, [keys])), limit=30))
        texts.append(sandbox_text(loads(renamed(text, number).encode())))
    with Sandbox("22", {"welcome"}) as sandbox:
        rans = sandbox.run("\n".join(texts), calls, parallel=12)
    for at, (name, plan) in enumerate(PLANS.items()):
        context, exten, priority = plan[2][2].split(",")
        reached = [
            (f"{context}-{number}", exten, int(priority)) in {step[:3] for step in map(astuple, rans[number].steps)}
            for number in (2 * at, 2 * at + 1)
        ]
        assert reached == [False, True], name


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1250"])
@pytest.mark.parametrize("last", [True, False])
def test_every_other_byte_stays(ending: str, encoding: str, last: bool, plan: Path) -> None:
    text = f"; Überprüft {'' if last else '  '}\n[menü]\n" + MENU[7:] + TIMEOUT.strip()
    before = (OPERATOR + text + "\n" * last).replace("\n", ending).encode(encoding)
    plan.write_bytes(before)
    assert main(["lint", ".", "--fix"]) == 0
    handler = INVALID.strip().replace("\n", ending).encode("ascii")
    end = ending.encode("ascii")
    assert plan.read_bytes() == (before + handler + end if last else before + end + handler)


def test_a_line_in_the_middle_ends_as_its_neighbour() -> None:
    data = b"a\r\nb\nc"
    assert edit(data, [Change("f", 1, None, ("x",)), Change("f", 2, None, ("y",))]) == b"a\r\nx\r\nb\ny\nc"
    assert edit(data, [Change("f", 1, "a", ("z",))]) == b"z\r\nb\nc"
    with pytest.raises(ValueError, match="f:2 is not what was read"):
        edit(data, [Change("f", 2, "other", ("z",))])


@pytest.mark.parametrize(
    "text",
    [
        "[in]\nexten => s,1,Goto()\n",  # nobody has said who the operator is
        MENU,
        "[in]\nexten => s,1,Gosub(sub,s,1)\nexten => 5,1,Goto(sub,s,1)\n[sub]\nexten => s,1,NoOp(hello)\n",
        OPERATOR + "[in]\nexten => s,1,ExecIf($[1]?Goto())\n",
        # one more line in the template would change two contexts
        "[t](!)\n" + MENU[7:] + TIMEOUT + OPERATOR + "[one](t)\n[two](t)\n",
        # the counter of priorities goes on in the next extension
        "[in]\nexten => s,1,Gosub(sub,s,1)\n[sub]\nexten => s,1,NoOp(hello)\nexten => other,n,Return()\n",
    ],
)
def test_what_is_not_certain_is_left(text: str, plan: Path, capsys: Out) -> None:
    plan.write_text(text, encoding="utf-8")
    assert main(["lint", ".", "--fix"]) == 1
    assert plan.read_text(encoding="utf-8") == text
    assert main(["lint", ".", "--diff"]) == 0


def test_a_file_that_freepbx_writes_is_left(plan: Path) -> None:
    head = "; Do NOT edit this file as it is auto-generated by FreePBX.\n"
    plan.write_text(head + MENU + TIMEOUT + OPERATOR, encoding="utf-8")
    assert main(["lint", ".", "--diff"]) == 0


def test_the_operator_may_be_named(plan: Path) -> None:
    plan.write_text(
        MENU + TIMEOUT.replace("concierge-operator", "desk") + "[desk]\nexten => s,1,Dial(PJSIP/9)\n", encoding="utf-8"
    )
    assert main(["lint", ".", "--fix", "--operator", "desk,s,1"]) == 0
    assert "exten => i,1,Goto(desk,s,1)\n[desk]" in plan.read_text(encoding="utf-8")


def test_files_keep_their_mode_and_links_stay_links(plan: Path, tmp_path: Path, capsys: Out) -> None:
    real = tmp_path / "real.conf"
    real.write_text(MENU + INVALID, encoding="utf-8")
    real.chmod(0o640)
    (tmp_path / "menus.conf").symlink_to(real)
    plan.write_text(f'#include "menus.conf"\n{OPERATOR}', encoding="utf-8")
    assert main(["lint", ".", "--fix"]) == 0
    assert (tmp_path / "menus.conf").is_symlink()
    assert real.read_text(encoding="utf-8") == MENU + INVALID + TIMEOUT
    assert real.stat().st_mode & 0o777 == 0o640
    assert "menus.conf:3: D903 repaired" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["extensions.conf", "menus.conf", "real.conf"]


def test_a_difference_applies_and_hides_what_stands_beside_a_credential(plan: Path, capsys: Out) -> None:
    plan.write_text("[globals]\nDBPASS=s3cret\n" + MENU + INVALID + OPERATOR, encoding="utf-8")
    assert main(["lint", ".", "--diff"]) == 1
    out = capsys.readouterr().out
    assert f"+{TIMEOUT}" in out
    assert "s3cret" not in out
    assert out.startswith("--- a/extensions.conf\n+++ b/extensions.conf\n@@ ")


def test_standard_input_is_never_written(plan: Path, capsys: Out) -> None:
    assert main(["lint", "-", "--fix"]) == 2
    assert "--fix cannot write standard input" in capsys.readouterr().err
