"""The lab itself, on a real Asterisk 22 and 16 with real SIP phones: what the other tests and the demo stand on."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from concierge.lab.ami import Ami, Message
from concierge.lab.config import PbxOptions
from concierge.lab.engine import Engine, root_engine
from concierge.lab.errors import LabError
from concierge.lab.pbx import Pbx
from concierge.lab.phone import Call, Phone, PhoneOptions
from concierge.lab.provision import cache_folder
from concierge.lab.runfolder import belongs_to
from concierge.lab.wait import wait_until

CALLEE, OTHER = "48501502503", "48501502504"

TRUNK = """
[outbound]
exten => _X!,1,Set(__CAMPAIGN=spring)
 same => n,Set(__OUTNUM=${EXTEN})
 same => n,Dial(PJSIP/${EXTEN}@callee,20)
[from-inside]
exten => _X!,1,Dial(PJSIP/${EXTEN}@callee,20)
exten => _8X!,1,Dial(PJSIP/${EXTEN:1}@callee,20,b(mark-b^s^1))
exten => _7X!,1,Dial(PJSIP/${EXTEN:1}@callee,20,U(mark-b^s^1))
[mark-b]
exten => s,1,Set(DYNAMIC_FEATURES=lab-optout)
 same => n,Return()
[lab-optout]
exten => s,1,Set(DB(lab/optout)=${CHANNEL(name)})
 same => n,UserEvent(LabOptOut)
 same => n,Return()
"""

MENU = """
[from-outside]
exten => menu,1,Answer()
 same => n,Set(DB(lab/caller)=${CALLERID(num)})
 same => n(again),Background(vm-goodbye&vm-goodbye)
 same => n,WaitExten(10)
exten => _[0-8*#],1,UserEvent(Chosen,Key: ${EXTEN})
 same => n,Goto(menu,again)
exten => 9,1,Hangup()
exten => operator,1,Dial(PJSIP/operator,20)
"""


def is_key_end(message: Message) -> bool:
    return message["Event"] == "DTMFEnd"


def keys_of(ami: Ami, channel: str) -> list[tuple[str, str]]:
    """(digit, direction) of every key that ended on channels of that name."""
    seen = ami.find(lambda message: is_key_end(message) and message["Channel"].startswith(channel))
    return [(message["Digit"], message["Direction"]) for message in seen]


# ---- Asterisk


def test_boots_within_seconds(pbx: Pbx, asterisk_version: str) -> None:
    assert pbx.cli("core show version").startswith(f"Asterisk {asterisk_version}.")
    assert pbx.boot_seconds < 5


def test_every_module_of_the_list_that_this_version_has_runs(pbx: Pbx) -> None:
    lines = (pbx.folder / "etc" / "modules.conf").read_text().splitlines()
    wanted = {line.removeprefix("load = ") for line in lines if line.startswith("load = ")}
    running = {line.split()[0] for line in pbx.cli("module show").splitlines() if " Running " in line}
    assert len(wanted) > 60
    assert wanted - running == set()


def test_log_holds_no_error_after_boot(pbx: Pbx) -> None:
    boot = pbx.log().split("Asterisk Ready")[0]
    assert [line for line in boot.splitlines() if " ERROR[" in line] == []


def test_two_pbxs_of_different_versions_run_beside_each_other(pbx: Pbx, asterisk_version: str) -> None:
    other = "16" if asterisk_version == "22" else "22"
    with Pbx(other) as second:
        assert second.ports.sip != pbx.ports.sip
        assert second.cli("core show version").startswith(f"Asterisk {other}.")
        assert pbx.cli("core show version").startswith(f"Asterisk {asterisk_version}.")
        folder = second.folder
    assert not folder.exists()


def test_a_pbx_that_cannot_boot_says_why(asterisk_version: str) -> None:
    broken = PbxOptions(etc_files={"asterisk.conf": "[directories]\nastetcdir => /nowhere\n"})
    with pytest.raises(LabError, match=f"Asterisk {asterisk_version} ended with code"), Pbx(asterisk_version, broken):
        pass


def test_a_killed_owner_leaves_nothing_behind_for_long(asterisk_version: str) -> None:
    code = (
        "import os; from concierge.lab.pbx import Pbx\n"
        f"pbx = Pbx({asterisk_version!r}).start(); phone = pbx.phone('callee').start()\n"
        "print(pbx.folder, flush=True); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=False, cwd=root)
    folder = Path(killed.stdout.strip())
    assert killed.returncode == -9 and len(_processes_of(folder)) == 2
    with Pbx(asterisk_version):
        assert not folder.exists()
        wait_until(lambda: not _processes_of(folder), 5, "the orphans to be killed")


def _processes_of(folder: Path) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if belongs_to(pid, folder.name)]


def test_cli_after_the_end_says_so(asterisk_version: str) -> None:
    with Pbx(asterisk_version) as pbx:
        pass
    with pytest.raises(LabError, match="not started"):
        pbx.cli("core show version")


def test_reload_of_an_unknown_module_is_an_error(pbx: Pbx) -> None:
    assert "pbx_config" in pbx.reload("pbx_config.so")
    with pytest.raises(LabError, match="no_such"):
        pbx.reload("no_such")


def test_globals_sounds_and_files_of_the_caller(asterisk_version: str, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "hello.ulaw").write_bytes(b"\xff" * 8000)
    (tmp_path / "vm-goodbye.gsm").write_bytes(b"")
    options = PbxOptions(
        extensions='#include "more.conf"\n',
        etc_files={
            "more.conf": "[more]\nexten => s,1,Set(DB(lab/port)=${AGIPORT})\n same => n,Playback(x/deep/hello)\n"
        },
        globals={"AGIPORT": "4583"},
        sounds={"x": tmp_path, "": tmp_path},
    )
    with Pbx(asterisk_version, options) as pbx, pbx.ami() as ami:
        ami.originate("Local/s@more")
        assert pbx.db_show("lab") == {"/lab/port": "4583"}
        english = pbx.folder / "data" / "sounds" / "en"
        assert (english / "vm-goodbye.gsm").read_bytes() == b""
        assert "not exist" not in pbx.log()
        pbx.set_global("AGIPORT", "4599")
        assert "AGIPORT=4599" in pbx.cli("dialplan show globals")


def test_the_hosts_own_binary_runs_without_touching_the_host(
    asterisk_version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = _run_from_outside(root_engine(asterisk_version), tmp_path, monkeypatch)
    with Pbx(asterisk_version) as pbx, pbx.ami() as ami:
        assert pbx.engine.binary == str(binary) and pbx.engine.root is None
        assert pbx.folder.is_relative_to(cache_folder() / "lab")
        pbx.set_extensions(TRUNK)
        with pbx.phone("callee") as callee:
            assert ami.originate(f"Local/{CALLEE}@outbound")["Response"] == "Success"
            callee.wait_for_call(CALLEE).press("9")
            ami.wait_for(lambda event: is_key_end(event) and event["Digit"] == "9")
        folders = dict(re.findall(r"(\w+) directory: +(.*)", pbx.cli("core show settings")))
        assert {folders.pop("Module"), folders.pop("Running")} == {pbx.engine.modules, "/"}
        assert len(folders) >= 7
        assert all(Path(place).is_relative_to(pbx.folder) for place in folders.values())


def _run_from_outside(engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand for a host's Asterisk: the root's binary, run by the root's own loader without chroot."""
    loader = next(engine.to_host("/").glob("lib/*-linux-gnu/ld-linux-*.so.*"))
    libraries = f"{loader.parent}:{engine.to_host('/usr/lib') / loader.parent.name}:{engine.to_host('/usr/lib')}"
    command = f"{loader} --library-path {libraries} {engine.to_host(engine.binary)}"
    binary = folder / "asterisk"
    binary.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    binary.chmod(0o755)
    monkeypatch.setenv("CONCIERGE_ASTERISK", str(binary))
    monkeypatch.setenv("CONCIERGE_ASTERISK_MODULES", str(engine.to_host(engine.modules)))
    monkeypatch.setenv("CONCIERGE_ASTERISK_DATA", str(engine.to_host(engine.data)))
    return binary


# ---- phones


def test_callee_presses_9_and_ami_hears_it_from_the_pjsip_leg(pbx: Pbx, ami: Ami) -> None:
    pbx.set_extensions(TRUNK)
    with pbx.phone("callee", PhoneOptions(keys=[(0.3, "9")])) as callee:
        assert ami.originate(f"Local/{CALLEE}@outbound")["Response"] == "Success"
        heard = ami.wait_for(lambda event: is_key_end(event) and event["Channel"].startswith("PJSIP/callee-"))
        assert (heard["Digit"], heard["Direction"]) == ("9", "Received")
        assert heard.variables() == {"CAMPAIGN": "spring", "OUTNUM": CALLEE, "CALLEE": "", "LEG": ""}
        call = callee.wait_for_call(CALLEE)
        (key, at), *more = call.keys
        assert key == "9" and not more
        assert at <= heard.received


def test_every_key_and_every_repetition_arrives(pbx: Pbx, ami: Ami, callee: Phone) -> None:
    pbx.set_extensions(TRUNK)
    ami.originate(f"Local/{CALLEE}@outbound")
    keys = "99123456780*##"
    callee.wait_for_call().press(*keys)
    wait_until(lambda: len(keys_of(ami, "PJSIP/callee-")) >= len(keys), 10, "all keys")
    assert keys_of(ami, "PJSIP/callee-") == [(key, "Received") for key in keys]


def test_invites_tell_which_numbers_left_the_pbx(pbx: Pbx, ami: Ami, callee: Phone) -> None:
    pbx.set_extensions(TRUNK + "exten => 48501502504,1,NoOp()\n[outbound]\nexten => 48501502504,1,Hangup(21)\n")
    assert ami.originate(f"Local/{OTHER}@outbound")["Response"] == "Failure"
    assert callee.invites == []
    assert ami.originate(f"Local/{CALLEE}@outbound")["Response"] == "Success"
    assert callee.invites == [CALLEE]


def test_call_file_is_taken_at_once(pbx: Pbx, callee: Phone) -> None:
    pbx.set_extensions(TRUNK)
    pbx.call_file({"Channel": f"Local/{CALLEE}@outbound", "Context": "lab-hold", "Extension": "0", "Priority": "1"})
    callee.wait_for_call(CALLEE).wait_answered()


def test_several_calls_at_once_are_told_apart(pbx: Pbx, ami: Ami, callee: Phone) -> None:
    pbx.set_extensions(TRUNK)
    numbers = [f"4850150250{number}" for number in range(5)]
    for number in numbers:
        ami.originate(f"Local/{number}@outbound", wait=False)
    calls = [callee.wait_for_call(number) for number in numbers]
    for index, call in enumerate(calls):
        call.press(str(index))
    for index, number in enumerate(numbers):
        heard = ami.wait_for(lambda event, key=str(index): is_key_end(event) and event["Digit"] == key)
        assert heard.variables()["OUTNUM"] == number
    calls[2].hang_up()
    assert calls[2].ended_by == "near"
    assert [call.ended_at for call in calls if call is not calls[2]] == [None] * 4


@pytest.mark.parametrize(
    ("options", "cause"), [(PhoneOptions(reject="486 Busy Here"), "17"), (PhoneOptions(reject="603 Decline"), "21")]
)
def test_callee_rejects(pbx: Pbx, ami: Ami, options: PhoneOptions, cause: str) -> None:
    pbx.set_extensions(TRUNK)
    with pbx.phone("callee", options) as callee:
        assert ami.originate(f"Local/{CALLEE}@outbound")["Response"] == "Failure"
        assert callee.wait_for_call().wait_ended() == "rejected"
        gone = ami.wait_for(lambda event: event["Event"] == "Hangup" and event["Channel"].startswith("PJSIP/"))
        assert gone["Cause"] == cause


def test_callee_that_never_answers_is_cancelled(pbx: Pbx, ami: Ami) -> None:
    pbx.set_extensions(TRUNK)
    with pbx.phone("callee", PhoneOptions(answers=False)) as callee:
        assert ami.originate(f"Local/{CALLEE}@outbound", seconds=0.5)["Response"] == "Failure"
        assert callee.wait_for_call().wait_ended() == "cancelled"


def test_callee_answers_late_and_hangs_up_first(pbx: Pbx, ami: Ami) -> None:
    pbx.set_extensions(TRUNK)
    with pbx.phone("callee", PhoneOptions(rings=0.5, hang_up_after=0.3)) as callee:
        assert ami.originate(f"Local/{CALLEE}@outbound")["Response"] == "Success"
        call = callee.wait_for_call()
        assert call.wait_ended() == "near"
        assert call.answered_at is not None and call.ended_at is not None
        assert call.answered_at - call.invited_at >= 0.5
        assert call.ended_at - call.answered_at >= 0.3


# ---- a caller in a menu


def test_caller_chooses_in_a_menu(pbx: Pbx, ami: Ami, caller: Phone) -> None:
    pbx.set_extensions(MENU)
    call = caller.call("menu", caller_id="48221234567")
    for count, key in enumerate("12", 1):
        ami.wait_for_application("Background")
        call.press(key)
        wait_until(lambda wanted=count: len(_chosen(ami)) == wanted, 5, f"the choice of {key}")
    call.wait_heard(0.5)
    call.press("9")
    assert call.wait_ended() == "far"
    assert _chosen(ami) == ["1", "2"]
    assert pbx.db_show("lab") == {"/lab/caller": "48221234567"}


def _chosen(ami: Ami) -> list[str]:
    return [event["Key"] for event in ami.find(lambda event: event["UserEvent"] == "Chosen")]


def test_caller_presses_by_plan_and_hangs_up(pbx: Pbx, ami: Ami, caller: Phone) -> None:
    pbx.set_extensions(MENU)
    plan = PhoneOptions(keys=[(1.0, "4"), (0.3, "3")], hang_up_after=1.5)
    call = caller.call("menu", options=plan)
    assert call.wait_ended() == "near"
    assert _chosen(ami) == ["3", "4"]
    assert [key for key, _ in call.keys] == ["3", "4"]


def test_caller_cancels_while_it_rings_and_learns_of_a_wrong_number(pbx: Pbx, caller: Phone) -> None:
    pbx.set_extensions(MENU)
    with pbx.phone("operator", PhoneOptions(answers=False)) as operator:
        call = caller.call("operator")
        call.wait_ringing()
        call.hang_up()
        assert (call.ended_by, operator.wait_for_call().wait_ended()) == ("cancelled", "cancelled")
    assert caller.call("nothing").wait_ended() == "404"
    with pytest.raises(LabError, match=r"is not up"):
        caller.calls[-1].start_press("1")


# ---- agent and callee in a bridge


def bridged(agent: Phone, callee: Phone, number: str) -> tuple[Call, Call]:
    """The agent calls the number; both legs of the answered call."""
    near = agent.call(number)
    far = callee.wait_for_call(CALLEE)
    near.wait_answered()
    far.wait_answered()
    return near, far


def the_bridge(pbx: Pbx) -> str:
    """The technology of the only bridge, once both channels are in it."""
    return wait_until(lambda: [one for one in pbx.bridges() if one.channels == 2], 5, "the bridge")[0].technology


def test_plain_dial_is_bridged_natively_and_ami_hears_no_key(pbx: Pbx, ami: Ami, agent: Phone, callee: Phone) -> None:
    pbx.set_extensions(TRUNK)
    near, far = bridged(agent, callee, CALLEE)
    wait_until(lambda: the_bridge(pbx) == "native_rtp", 5, "the native bridge")
    far.press("9")
    wait_until(lambda: near.heard_keys == ["9"], 5, "the agent to hear the key")
    far.hang_up()
    near.wait_ended()
    assert [event for event in ami.events if "DTMF" in event["Event"]] == []


@pytest.mark.parametrize("prefix", ["8", "7"], ids=["b()", "U()"])
def test_marked_leg_is_heard_and_fires_for_the_callee_only(
    pbx: Pbx, ami: Ami, agent: Phone, callee: Phone, prefix: str
) -> None:
    pbx.set_extensions(TRUNK)
    near, far = bridged(agent, callee, prefix + CALLEE)
    assert the_bridge(pbx) == "simple_bridge"
    near.press("9")
    wait_until(lambda: far.heard_keys == ["9"], 5, "the callee to hear the agent's key")
    wait_until(lambda: keys_of(ami, "PJSIP/callee"), 5, "AMI to tell of the key")
    assert (keys_of(ami, "PJSIP/agent"), keys_of(ami, "PJSIP/callee")) == ([("9", "Received")], [("9", "Sent")])
    assert pbx.db_show("lab") == {}
    far.press("9")
    ami.wait_for(lambda event: event["UserEvent"] == "LabOptOut")
    wait_until(lambda: len(keys_of(ami, "PJSIP/callee")) > 1, 5, "AMI to tell of the key")
    assert keys_of(ami, "PJSIP/callee")[1:] == [("9", "Received")]
    assert pbx.db_show("lab")["/lab/optout"].startswith("PJSIP/callee-")
    assert near.heard_keys == []


# ---- AMI client


def test_ami_login_with_a_wrong_secret_is_refused(pbx: Pbx) -> None:
    with pytest.raises(LabError, match="refused the login of lab"):
        Ami(pbx.ports.ami, "lab", "wrong").connect()


def test_what_asterisk_has_told_is_found_though_it_comes_a_moment_later(ami: Ami) -> None:
    for number in range(300):
        ami.send({"Action": "UserEvent", "UserEvent": "Told", "Number": str(number)})
    found = ami.find(lambda event: event["UserEvent"] == "Told")
    assert [event["Number"] for event in found] == [str(number) for number in range(300)]


def test_ami_refuses_an_injected_header(ami: Ami) -> None:
    with pytest.raises(ValueError, match="CR or LF"):
        ami.action({"Action": "DBPut", "Family": "a", "Key": "b", "Val": "x\r\n\r\nAction: Logoff"})


def test_originate_sets_variables_and_caller_id(pbx: Pbx, ami: Ami, phone: Callable[[str], Phone]) -> None:
    pbx.set_extensions("[set]\nexten => s,1,Set(DB(lab/a)=${A}-${B}-${CALLERID(num)})\n same => n,Answer()\n")
    ami.originate("Local/s@set/n", variables={"A": "1", "B": "2"}, caller_id="5551000")
    assert pbx.db_show("lab") == {"/lab/a": "1-2-5551000"}
