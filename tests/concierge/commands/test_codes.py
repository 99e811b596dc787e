"""The contexts that we ship: clean under our own rules, codes as the settings name them, an end for every caller."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from concierge import hooks
from concierge.cli import main
from concierge.settings import CodeSettings, OperatorSettings, Settings

LINE = "concierge-dnc-line,s,1"
GUARDED = """
[guarded]
include => concierge-handlers
exten => s,1,Gosub(concierge-menu,s,1(guarded))
 same => n,Background(concierge/demo-menu)
 same => n,WaitExten(5)
exten => 1,1,Gosub(concierge-wait,s,1(2))
 same => n,Goto(concierge-operator,s,1)
"""
TURNS = "GotoIf($[${CONCIERGE_TURN} > 3]?person)"
ATTEMPTS = "GotoIf($[${CONCIERGE_ATTEMPT} > 3]?end)"


def settings(**codes: str) -> Settings:
    return Settings(operator=OperatorSettings("PJSIP/100"), codes=CodeSettings(**codes))


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    path = tmp_path / "extensions.conf"
    path.write_text(hooks.extensions(settings()) + GUARDED)
    return path


def trace(plan: Path, capsys: pytest.CaptureFixture[str], at: str, keys: str, *more: str) -> str:
    main(["trace", str(plan), "--at", at, "--keys", keys, "--result", "Dial=ANSWER", *more])
    return capsys.readouterr().out


@pytest.mark.parametrize("version", ["16", "18", "20", "22"])
@pytest.mark.parametrize(
    "entry",
    [
        *(LINE, "concierge-codes,*94,1", "concierge-codes,*95,1", "concierge-codes,*95123,1"),
        *("concierge-operator,s,1", "concierge-after,s,1", "concierge-called-back,s,1", "guarded,s,1"),
    ],
)
def test_lint_finds_nothing_in_what_we_ship(
    shipped: Path, capsys: pytest.CaptureFixture[str], version: str, entry: str
) -> None:
    code = main(["lint", str(shipped), "--asterisk", version, "--entry", entry, "--format", "json"])
    assert json.loads(capsys.readouterr().out)["findings"] == []
    assert code == 0


@pytest.mark.parametrize("name", ["concierge-tell", "concierge-key-in", "concierge-operator"])
def test_lint_would_find_what_is_missing(shipped: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    shipped.write_text(shipped.read_text().replace(f"[{name}]", "[other]"))
    assert main(["lint", str(shipped), "--entry", LINE]) == 1
    assert name in capsys.readouterr().out


@pytest.mark.parametrize("keys", [",".join(["(wait)"] * 6), ",".join(["7"] * 6), "7,(wait),1,7", "0", "2,0,#"])
def test_whoever_chooses_nothing_on_the_line_reaches_the_operator(
    shipped: Path, capsys: pytest.CaptureFixture[str], keys: str
) -> None:
    assert "Dial(PJSIP/100," in trace(shipped, capsys, LINE, keys)


@pytest.mark.parametrize(("limit", "keys"), [(TURNS, ",".join(["7"] * 9)), (ATTEMPTS, "2," + ",".join(["1", "#"] * 9))])
def test_each_limit_is_what_ends_the_turns(
    shipped: Path, capsys: pytest.CaptureFixture[str], limit: str, keys: str
) -> None:
    assert "Dial(PJSIP/100," in trace(shipped, capsys, LINE, keys)
    text = shipped.read_text()
    assert text.count(limit) == 1
    shipped.write_text(text.replace(limit, "NoOp()"))
    assert "Dial(PJSIP/100," not in trace(shipped, capsys, LINE, keys)


def test_digits_are_read_back_one_by_one(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = trace(shipped, capsys, "concierge-codes,*950123456789,1", "0")
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert "you-keyed" + "".join(f"&concierge/digit-{word}" for word in words) + "&concierge/one-to-list" in told


def test_codes_are_as_the_settings_name_them() -> None:
    text = hooks.code_lines(settings(context="from-internal-custom", last="#1", number=""))
    assert text == "[from-internal-custom]\nexten => #1,1,Goto(concierge-codes,last,1)\n"
    assert "concierge-list-party => *93,self," in hooks.features(settings())


def test_a_party_code_that_is_off_leaves_calls_alone() -> None:
    off = settings(party="")
    assert hooks.PARTY not in hooks.features(off) and hooks.global_values(off)["CONCIERGE_AGENT_FEATURES"] == ""


def test_every_prompt_is_there() -> None:
    package = Path(hooks.__file__).parent
    texts = dict(line.split(": ", 1) for line in (package / "sounds/en.txt").read_text().splitlines())
    played = set(re.findall(r"concierge/([a-z-]+[a-z])(?=[^a-z{-])", (package / "asterisk/contexts.conf").read_text()))
    played |= set(re.findall(r"CONCIERGE_ASK=([a-z-]+)", hooks.extensions(settings())))
    assert played <= texts.keys()
    assert {path.stem for path in (package / "sounds/en").glob("*.wav")} == texts.keys()
