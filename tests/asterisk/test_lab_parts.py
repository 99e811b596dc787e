"""Parts of the lab that need no Asterisk: ports, run folders, the RTP stream, a phone's plan, waiting."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from concierge.lab.errors import LabError, LabTimeoutError
from concierge.lab.plan import PhoneOptions, Step, due_step, plan_steps
from concierge.lab.ports import UDP, Ports, is_bound, is_free
from concierge.lab.rtp import RtpStream
from concierge.lab.runfolder import RunFolder
from concierge.lab.sipp import parse_log
from concierge.lab.wait import wait_until


def test_ports_of_two_blocks_do_not_meet() -> None:
    with Ports() as one, Ports() as two:
        ranges = [range(ports.base, ports.rtp[1] + 1) for ports in (one, two)]
        assert not set(ranges[0]) & set(ranges[1])
        assert one.sip in ranges[0] and one.phones["callee"] in ranges[0]
        assert one.spare() != one.spare()


def test_a_block_is_free_again_after_close() -> None:
    with Ports() as ports:
        base = ports.base
    with Ports() as again:
        assert again.base == base


def test_a_taken_port_is_passed_over() -> None:
    with Ports() as ports, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", ports.base + 10))
        assert not is_free(ports.base + 10)
        assert ports.spare() == ports.base + 11


def test_run_folder_of_a_dead_owner_is_swept_with_its_processes(tmp_path: Path) -> None:
    code = (
        "import sys, subprocess; from pathlib import Path; from concierge.lab.runfolder import RunFolder\n"
        "run = RunFolder(Path(sys.argv[1]))\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', run.name])\n"
        "run.note_process(child.pid); print(child.pid, run.path, flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert owner.stdout is not None and owner.stdin is not None
    pid, left = owner.stdout.readline().split()
    alive = RunFolder(tmp_path)
    assert Path(left).exists() and Path(f"/proc/{pid}").exists()
    owner.kill()
    owner.wait()
    owner.stdout.close()
    owner.stdin.close()
    third = RunFolder(tmp_path)
    assert not Path(left).exists()
    assert alive.path.exists()
    wait_until(lambda: _gone(pid), 5, "the orphan to be killed")
    for folder in (alive, third):
        folder.remove()
        assert not folder.path.exists()


def _gone(pid: str) -> bool:
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "State:\tZ" in status.read_text()


def packets(stream: RtpStream, count: int) -> list[tuple[int, int, int, bytes]]:
    """(payload type with marker, sequence, timestamp, payload) of the next packets."""
    raw = [stream.next_packet(float(number)) for number in range(count)]
    return [(packet[1], *struct.unpack("!HI", packet[2:8]), packet[12:]) for packet in raw]


def test_keys_are_rfc_4733_events_within_steady_silence() -> None:
    stream = RtpStream(7, 5000)
    press = stream.press("9")
    stream.press("#")
    assert press.at is None and stream.pressing
    sent = packets(stream, 30)
    assert press.at == 0.0 and not stream.pressing
    first, second = sent[:9], sent[14:23]
    assert [packet[3] for packet in first[:2]] == [bytes([9, 10, 0, 160]), bytes([9, 10, 1, 64])]
    assert [packet[3][1] & 0x80 for packet in first] == [0] * 6 + [0x80] * 3
    assert [packet[0] for packet in first] == [0x80 | 101] + [101] * 8
    assert {packet[3][0] for packet in second} == {11}
    assert len({packet[2] for packet in first}) == len({packet[2] for packet in second}) == 1
    assert second[0][2] > first[0][2]
    assert [packet[1] for packet in sent] == list(range(2, 32))
    assert all(packet[3] == b"\xff" * 160 for packet in (*sent[9:14], *sent[23:]))


def test_a_stream_hears_what_another_sends() -> None:
    sender, hearer = RtpStream(1, 2), RtpStream(2, 1)
    for key in "99*0":
        sender.press(key)
    for number in range(70):
        hearer.hear(sender.next_packet(float(number)))
    assert hearer.heard_keys == list("99*0")
    assert hearer.heard_packets == 70 - 4 * 9
    hearer.hear(b"short")
    assert hearer.heard_packets == 70 - 4 * 9


@pytest.mark.parametrize(
    ("options", "incoming", "steps"),
    [
        (PhoneOptions(), True, []),
        (PhoneOptions(rings=2), True, [Step(2, False, order="answer")]),
        (PhoneOptions(rings=2), False, []),
        (PhoneOptions(answers=False), True, []),
        (PhoneOptions(reject="486 Busy", rings=1, hang_up_after=1), True, [Step(1, False, order="reject")]),
        (
            PhoneOptions(keys=[(2, "2"), (1, "1")], hang_up_after=3),
            True,
            [Step(1, True, key="1"), Step(2, True, key="2"), Step(3, True, order="hangup")],
        ),
    ],
)
def test_plan(options: PhoneOptions, incoming: bool, steps: list[Step]) -> None:
    assert plan_steps(options, incoming) == steps


def test_a_step_is_due_after_its_delay_and_never_twice() -> None:
    steps = [Step(1, False, order="answer"), Step(2, True, key="9")]
    assert due_step(steps, 0, 10, None, 10.9) is None
    assert due_step(steps, 0, 10, None, 11) == steps[0]
    assert due_step(steps, 1, 10, None, 99) is None
    assert due_step(steps, 1, 10, 20, 21.9) is None
    assert due_step(steps, 1, 10, 20, 22) == steps[1]
    assert due_step(steps, 2, 10, 20, 99) is None


def test_wrong_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="not '12', 'x'"):
        PhoneOptions(keys=[(1, "12"), (2, "x"), (3, "1")])


def test_log_lines_of_sipp() -> None:
    text = "invite|id@host|4850|2026-11-21\t22:51:58.06\t1795301518.061090\nSIPp speaks of something else\n"
    (seen,) = parse_log(text)
    assert (seen.kind, seen.call_id, seen.detail, seen.at) == ("invite", "id@host", "4850", 1795301518.06109)


def test_wait_until_returns_the_value_and_names_what_did_not_come() -> None:
    answers = iter([0, None, "yes"])
    assert wait_until(lambda: next(answers), 5) == "yes"
    with pytest.raises(LabTimeoutError, match=r"waited 0.02 s in vain for rain"):
        wait_until(_never, 0.02, "rain")


def _never() -> bool:
    return False


def test_sounds_are_never_written_through_a_link(tmp_path: Path) -> None:
    from concierge.lab.config import add_sounds

    engine, run, mine = tmp_path / "engine", tmp_path / "run", tmp_path / "mine"
    (engine / "digits").mkdir(parents=True)
    (engine / "digits" / "1.gsm").write_bytes(b"engine")
    (run / "data/sounds/en").mkdir(parents=True)
    (run / "data/sounds/en/digits").symlink_to(engine / "digits")
    (mine / "digits").mkdir(parents=True)
    (mine / "digits" / "1.gsm").write_bytes(b"mine")
    add_sounds(run, "", mine)
    assert (run / "data/sounds/en/digits/1.gsm").read_bytes() == b"mine"
    assert (engine / "digits" / "1.gsm").read_bytes() == b"engine"
    with pytest.raises(LabError, match="no folder of sounds"):
        add_sounds(run, "", tmp_path / "absent")


def test_whether_a_port_is_bound_is_asked_without_taking_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIPp lost its port to the question whether it had it already."""
    with Ports() as ports, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        port = ports.spare()
        with monkeypatch.context() as patched:
            patched.setattr(socket.socket, "bind", lambda *_: pytest.fail("the port was taken"))
            assert not is_bound(port)
        other.bind(("127.0.0.1", port))
        assert is_bound(port)
        assert not is_free(port, UDP)
