"""`concierge replay`: the caller, the rewritten plan, the comparison, and real calls."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from concierge.cli import main
from concierge.lab.engine import find_engine
from concierge.lab.errors import LabMissingError
from concierge.replay.caller import Caller, PlannedCall
from concierge.replay.compare import compare
from concierge.replay.log import Kind, Line, RealStep, read
from concierge.replay.rewrite import forced, replaced, sandbox_text
from dialplan.applications import tables
from dialplan.flow import At, Inputs, Trace, walk
from dialplan.plan import loads

PLAN = """[from-trunk]
exten => s,1,Answer()
 same => n,Background(welcome)
 same => n,WaitExten(10)
exten => 1,1,Queue(sales,,,,60)
 same => n,Dial(PJSIP/op,30)
 same => n,Goto(nowhere,s,1)
exten => i,1,System(reboot)
 same => n,Playback(bye)
 same => n,Hangup()
exten => t,1,Goto(i,1)
"""


def test_a_line_of_the_log_is_a_step() -> None:
    line = '[x] VERBOSE[1][C-1] pbx.c: Executing [s@m:2] Set("Local/1@c-0;2", "A="b"") in new stack'
    assert read(line) == Line(Kind.STEP, "Local/1@c-0;2", RealStep("m", "s", 2, "Set", 'A="b"'))
    assert read("[x] VERBOSE[1] pbx.c: Auto fallthrough") is None


def test_a_taken_digit_is_told() -> None:
    line = "[x] DTMF[1][C-1] channel.c: DTMF end '#' received on Local/1@c-0;2, duration 0 ms"
    assert read(line) == Line(Kind.DIGIT, "Local/1@c-0;2", digit="#")


def heard(caller: Caller, application: str, data: str = "", now: float = 0) -> None:
    caller.hear(Line(Kind.STEP, "c", RealStep("m", "s", 1, application, data)), now)


def test_the_caller_presses_while_the_prompt_plays_and_not_twice() -> None:
    caller = Caller(PlannedCall("m", "s", keys=("1", "2")))
    heard(caller, "BackGround", "menu")
    assert (caller.act(0.0), caller.act(0.2), caller.act(9.0)) == ("", "1", "")


def test_silence_behind_a_prompt_that_is_a_last_step_shows_in_t() -> None:
    caller = Caller(PlannedCall("m", "s", keys=("(wait)", "2")))
    heard(caller, "BackGround", "menu")
    assert caller.act(0.2) == ""
    caller.hear(Line(Kind.STEP, "c", RealStep("m", "t", 1, "NoOp", "")), 3)
    heard(caller, "BackGround", "menu", 4)
    assert caller.act(4.2) == "2"


def test_wait_outlasts_the_prompt_and_listen_only_the_prompt() -> None:
    for token in ("(wait)", "(listen)"):
        caller = Caller(PlannedCall("m", "s", keys=(token, "2")))
        pressed = []
        for application in ("Background", "WaitExten", "Background"):
            heard(caller, application, "x")
            pressed.append(caller.act(1.0))
        assert pressed == (["", "", "2"] if token == "(wait)" else ["", "2", ""])


def test_the_nested_application_is_the_one_that_listens() -> None:
    caller = Caller(PlannedCall("m", "s", keys=("5",)))
    heard(caller, "ExecIf", "0?Background(menu):NoOp()")
    assert caller.act(0.2) == ""
    heard(caller, "TryExec", "Busy(1)")
    assert caller.act(0.9) == ""
    heard(caller, "ExecIf", "1?Background(menu):NoOp()")
    assert caller.act(0.2) == "5"


@pytest.mark.parametrize(
    ("application", "data", "expected"),
    [
        ("WaitExten", "20,m", "WaitExten(1,m)"),
        ("Read", "V,menu,2,,3,20", "Read(V,menu,2,,3,1)"),
        ("Dial", "PJSIP/x,30,tg", "Dial(Local/${SHIFT(CONCIERGE_DIAL)}@concierge-replay-stub/n,1,g)"),
        ("ExecIf", "1?WaitExten(9):Goto(a,1)", "ExecIf(1?WaitExten(1):Goto(a,1))"),
        ("Goto", "a,s,1", "Goto(a,s,1)"),
        ("NotThere", "x", "NotThere(x)"),
        ("Set", "TIMEOUT(response)=30", "Set(TIMEOUT(response)=1.2)"),
    ],
)
def test_what_runs_in_the_sandbox(application: str, data: str, expected: str) -> None:
    name, text = replaced(application, data)
    assert f"{name}({text})" == expected


@pytest.mark.parametrize(
    "application", ["System", "TrySystem", "AGI", "EAGI", "Originate", "Record", "VoiceMail", "Page"]
)
def test_nothing_of_the_outside_runs_in_the_sandbox(application: str) -> None:
    assert replaced(application, "rm -rf /")[0] in ("ExecIf", "NoOp")
    assert "rm -rf" not in replaced("ExecIf", f"1?{application}(rm -rf /)")[1]


def test_the_sandbox_keeps_every_place() -> None:
    mine, theirs = loads(PLAN.encode()), loads(sandbox_text(loads(PLAN.encode())).encode())

    def places(plan: object) -> set[tuple[str, int]]:
        extensions = plan.contexts["from-trunk"].extensions  # type: ignore[attr-defined]
        return {(extension.pattern, priority) for extension in extensions for priority in extension.steps}

    assert places(mine) == places(theirs)


HOURS = """[in]
include => day,09:00-17:00,mon-fri,*,*
include => night
exten => s,1,GotoIfTime(09:00-17:00,mon-fri,*,*?open,s,1)
 same => n,Goto(shut,s,1)
[open]
exten => s,1,ExecIfTime(09:00-17:00,mon-fri,*,*?Set(X=1))
 same => n,GotoIf($["${DB(a/b)}" = "1"]?yes)
 same => n,Hangup()
 same => n(yes),Hangup()
[shut]
exten => s,1,Hangup()
[day]
exten => 1,1,Goto(open,nowhere,1)
[night]
exten => 1,1,Hangup()
"""
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_the_sandbox_is_told_the_time_and_what_was_assumed() -> None:
    plan = loads(HOURS.encode())
    trace = walk(plan, tables.load("22"), At("in"), Inputs(now=MONDAY, conditions=(True,)))
    assert [(s.context, s.priority) for s in trace.steps] == [("in", 1), ("open", 1), ("open", 2), ("open", 4)]
    force = forced(trace, MONDAY)
    assert list(force.variables.values()) == ["1", "1", "1"]
    text = sandbox_text(plan, force)
    assert "GotoIf(${SHIFT(CONCIERGE_ANSWER_0)}?open,s,1)" in text
    assert "ExecIf(${SHIFT(CONCIERGE_ANSWER_1)}?Set(X=1))" in text
    assert "GotoIf(${SHIFT(CONCIERGE_ANSWER_2)}?yes)" in text
    assert "include => day\n" in text
    assert "include => day" not in sandbox_text(plan, forced(trace, MONDAY.replace(hour=20)))


def test_what_asterisk_can_compute_is_left_to_it() -> None:
    plan = loads(
        b"[a]\nexten => s,1,Set(X=1)\n same => n,GotoIf($[${X} = 1]?4)\n same => n,NoOp()\n same => n,Hangup()\n"
    )
    trace = walk(plan, tables.load("22"), At("a"), Inputs(now=MONDAY))
    assert not forced(trace, MONDAY).answers


def test_calls_that_go_on_are_compared_to_the_limit_and_a_missing_application_is_no_step() -> None:
    def run(text: str, steps: int) -> Trace:
        return walk(loads(text.encode()), tables.load("22"), At("a"), Inputs(steps=steps, rounds=True))

    def real(*places: tuple[str, str]) -> list[RealStep]:
        return [RealStep("a", exten, 1, application) for exten, application in places]

    circle = run("[a]\nexten => s,1,Goto(s,1)\n", 2)
    rounds = [RealStep("a", "s", 1, "Goto", "s,1")] * 2
    assert compare(circle, rounds, ended=False, limit=2).limited
    assert not compare(circle, rounds, ended=False, limit=3).limited
    missing = run("[a]\nexten => s,1,Nonsense()\nexten => h,1,NoOp()\n", 9)
    assert compare(missing, real(("h", "NoOp")), ended=True, limit=9).whole
    assert not compare(missing, real(("s", "Nonsense"), ("h", "NoOp")), ended=True, limit=9).agrees


def test_another_step_is_a_difference() -> None:
    trace = walk(loads(PLAN.encode()), tables.load("22"), At("from-trunk"), Inputs(keys=("7",)))
    real = [RealStep(s.context, s.exten, s.priority, s.application, s.data) for s in trace.steps]
    assert compare(trace, real, ended=True, limit=50).whole
    assert compare(trace, real[:-1], ended=True, limit=50).differs == len(real) - 1
    assert compare(trace, [*real, real[0]], ended=True, limit=50).differs == len(real)
    other = [*real[:1], RealStep("from-trunk", "t", 1, "Goto", "i,1"), *real[2:]]
    assert compare(trace, other, ended=True, limit=50).differs == 1


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "extensions.conf"
    path.write_text(PLAN, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "more", [[], ["--at", "nowhere"], ["--finding", "99"], ["--finding", "0"], ["--at", "from-trunk", "--finding", "1"]]
)
def test_wrong_use_is_2(plan: str, more: list[str]) -> None:
    assert main(["replay", plan, *more]) == 2


@pytest.fixture(params=["22", "16"])
def version(request: pytest.FixtureRequest) -> str:
    try:
        find_engine(request.param)
    except LabMissingError as error:
        if os.environ.get("CI") or request.config.getoption("--require-asterisk", default=False):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    return str(request.param)


@pytest.mark.asterisk
def test_a_call_and_a_finding_are_replayed(version: str, plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["--at", "from-trunk", "--keys", "1", "--result", "Queue=TIMEOUT", "--result", "Dial=BUSY"]
    assert main(["replay", plan, "--asterisk", version, *call]) == 0
    shown = capsys.readouterr().out
    assert "from-trunk,1,3 Goto" in shown
    assert "the paths agree to the end" in shown
    assert main(["replay", plan, "--asterisk", version, "--finding", "1"]) == 0


@pytest.mark.asterisk
def test_opening_hours_are_those_of_the_assumed_call(
    version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "extensions.conf"
    path.write_text(HOURS, encoding="utf-8")
    for hour, place in (("12", "open,s,2 GotoIf"), ("22", "shut,s,1 Hangup")):
        call = ["--at", "in,s", "--now", f"2026-11-23T{hour}:00"]
        assert main(["replay", str(path), "--asterisk", version, *call]) == 0
        assert place in capsys.readouterr().out
