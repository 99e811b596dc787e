"""What is said about the files beside a dialplan, and what a real Asterisk does with the very same files."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from concierge.lab.config import PbxOptions
from concierge.lab.errors import LabMissingError
from concierge.lab.pbx import Pbx
from concierge.lab.wait import wait_until
from dialplan.applications import tables
from dialplan.lint import lint
from dialplan.plan import load
from dialplan.rule import rules
from dialplan.subject import from_files

pytestmark = pytest.mark.asterisk

STEPS = {
    # a step, what is found there, what Asterisk logs
    "VoiceMail(9999@default,s)": ("C113", "No entry in voicemail config file for '9999'"),
    "Queue(nosuch,,,,1)": ("C114", "Unable to join queue 'nosuch'"),
    "Queue(sales,,,,1)": ("", ""),
    "StartMusicOnHold(nosuch)": ("C115", "Unable to start music on hold class 'nosuch'"),
    "Set(DYNAMIC_FEATURES=nosuch)": ("C116", "Unknown DYNAMIC_FEATURES item 'nosuch'"),
    "Dial(PJSIP/nosuch,1)": ("C117", "endpoint 'nosuch' was not found"),
    "Dial(IAX2/nosuch/5,1)": ("C112", "No channel type registered for 'IAX2'"),
    "Set(A=${ODBC_NOSUCH(1)})": ("C105", "Function ODBC_NOSUCH not registered"),
    "Set(A=${SHELL(true)})": ("C112", "Function SHELL not registered"),
    "Dial(Local/1@answers,1,g)": ("", ""),
    "ConfBridge(1)": ("C112", "No application 'ConfBridge'"),
}
PLAN = (
    "[probe]\nexten => 1,1,Answer()\n"
    + "".join(f" same => n,{step}\n" for step in STEPS)
    + "[answers]\nexten => 1,1,Answer()\n same => n,Wait(0.2)\n"
)
FILES = {
    "voicemail.conf": "[general]\nformat=wav\nmaxsecs=1\nminsecs=0\n[default]\n8500 => 1234,Anna\n",
    "queues.conf": "[general]\n[sales]\nmember => PJSIP/ghost\n",
    "func_odbc.conf": "[OTHER]\ndsn=none\nreadsql=SELECT 1\n",
}
INVITE = (
    "INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK1;rport\r\nMax-Forwards: 9\r\n"
    "From: <sip:callee@127.0.0.1>;tag=1\r\nTo: <sip:1@127.0.0.1>\r\nCall-ID: neighbours\r\nCSeq: 1 INVITE\r\n"
    "Contact: <sip:callee@127.0.0.1:{port}>\r\nContent-Length: 0\r\n\r\n"
)


@pytest.fixture(scope="module")
def pbx(request: pytest.FixtureRequest) -> Iterator[Pbx]:
    options = PbxOptions(etc_files=FILES, modules=["app_voicemail"], extensions=PLAN)
    try:
        made = Pbx("22", options)
    except LabMissingError as error:
        if os.environ.get("CI") or request.config.getoption("--require-asterisk", default=False):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    with made:
        yield made


def found(pbx: Pbx) -> dict[str, set[str]]:
    """By what stands in the files: the codes that lint gives there."""
    subject = from_files(load(pbx.folder / "etc" / "extensions.conf"), tables.load("22"))
    made: dict[str, set[str]] = {}
    for one in lint(subject, rules()).findings:
        place = one.spot.place
        with open(place.file, encoding="utf-8") as file:  # noqa: PTH123 - the text is what counts
            line = file.read().splitlines()[place.line - 1]
        made.setdefault(line.partition(",")[2] if line.startswith(" same") else line, set()).add(one.code)
    return made


def test_the_same_files_judged_and_run(pbx: Pbx) -> None:
    said = found(pbx)
    beside = {"C105", "C112", "C113", "C114", "C115", "C116", "C117"}
    assert {step: said.get(step, set()) & beside for step in STEPS} == {
        step: {code} if code else set() for step, (code, _) in STEPS.items()
    }
    pbx.cli("channel originate Local/1@probe application Wait 60")
    wait_until(lambda: "No application 'ConfBridge'" in pbx.log(), 60, "the end of the call")
    log = pbx.log()
    assert [logged for _, logged in STEPS.values() if logged not in log] == []
    assert "join queue 'sales'" not in log
    assert said["member => PJSIP/ghost"] == {"C117"}
    assert "(Invalid)" in next(line for line in pbx.cli("queue show sales").splitlines() if "PJSIP/ghost" in line)


def test_a_context_that_is_missing_refuses_the_calls(pbx: Pbx) -> None:
    said = {line: codes for line, codes in found(pbx).items() if "C118" in codes}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(20)
        phone.bind(("127.0.0.1", 0))
        phone.sendto(INVITE.format(port=phone.getsockname()[1]).encode(), ("127.0.0.1", pbx.ports.sip))
        answers = [phone.recv(4096).split(b"\r\n")[0]]
        while answers[-1].startswith(b"SIP/2.0 1"):
            answers.append(phone.recv(4096).split(b"\r\n")[0])
    assert "context = from-outside" in said
    assert answers[-1] == b"SIP/2.0 404 Not Found"
    assert "rejected because extension not found in context 'from-outside'" in pbx.log()
