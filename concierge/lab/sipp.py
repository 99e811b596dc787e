"""One SIPp process: a line of a phone. It reports in a log file and takes orders as SIP INFO on its own port."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from concierge.lab.errors import LabError, LabMissingError
from concierge.lab.ports import UDP, Ports, is_free
from concierge.lab.scenario import PCAPS
from concierge.lab.wait import wait_until

START_SECONDS = 5.0
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Occurrence:
    """What a phone saw or did: kind is invite, ringing, answered, key, ended or failed; `at` in epoch seconds."""

    kind: str
    call_id: str
    detail: str
    at: float


def parse_log(text: str) -> list[Occurrence]:
    """Complete lines KIND|CALL-ID|DETAIL|TIMESTAMP of a log file → occurrences."""
    rows = (line.split("|") for line in text.splitlines())
    return [Occurrence(row[0], row[1], row[2], float(row[3].split("\t")[-1])) for row in rows if len(row) == 4]


def check_sipp() -> None:
    """Raises LabMissingError when SIPp or its recorded keys are missing, or the right to send them (raw sockets)."""
    if shutil.which("sipp") is None or not Path(PCAPS, "dtmf_2833_9.pcap").exists():
        raise LabMissingError("SIPp is missing; install it: apt-get install sip-tester")
    if os.geteuid() != 0:
        raise LabMissingError("SIPp presses keys through a raw socket, which needs root; run this as root")


class Sipp:
    """A running SIPp with scenario text `xml` at loopback UDP `port`; `arguments` end its command line."""

    def __init__(
        self, folder: Path, xml: str, port: int, ports: Ports, note_process: Callable[[int], None],
        arguments: Sequence[str],
    ) -> None:  # fmt: skip
        check_sipp()
        self.port = port
        self._stem = str(folder / f"line-{next(_numbers)}")
        self._orders = itertools.count(1)
        self._text, self._read, self._reading = "", 0, threading.Lock()
        Path(f"{self._stem}.xml").write_text(xml)
        if not is_free(port, UDP):
            raise LabError(f"UDP port {port} is in use; is this phone already running?")
        self._process = self._start(ports.media(), arguments)
        note_process(self._process.pid)
        wait_until(self._is_up, START_SECONDS, f"SIPp to listen on UDP port {port}")

    def _start(self, media_port: int, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        command = ["sipp", "-sf", f"{self._stem}.xml", "-i", "127.0.0.1", "-p", str(self.port), "-mi", "127.0.0.1"]
        command += ["-mp", str(media_port), "-nostdin", "-aa", "-trace_logs", "-log_file", f"{self._stem}.log"]
        command += ["-trace_err", "-error_file", f"{self._stem}.err"]
        command += ["-trace_msg", "-message_file", f"{self._stem}.msg", *arguments]
        with Path(f"{self._stem}.out").open("wb") as out:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out, start_new_session=True
            )

    def _is_up(self) -> bool:
        self.check()
        return not is_free(self.port, UDP) or not self.alive()

    def alive(self) -> bool:
        """True while SIPp runs; a line that calls ends with its call."""
        return self._process.poll() is None

    def check(self) -> None:
        """Raises LabError when SIPp ended by an error of its own."""
        if self._process.poll() not in (None, 0, 1, 99, -15, -9):
            errors = "".join(Path(f"{self._stem}.{kind}").read_text(errors="replace")
                             for kind in ("out", "err") if Path(f"{self._stem}.{kind}").exists())
            raise LabError(f"SIPp ended with code {self._process.returncode}: {errors[-500:]}")

    def occurrences(self) -> list[Occurrence]:
        """Everything this line reported so far, oldest first."""
        with self._reading:
            log = Path(f"{self._stem}.log")
            if log.exists():
                with log.open() as lines:
                    lines.seek(self._read)
                    more = lines.read()
                whole = more[: more.rfind("\n") + 1]
                self._read += len(whole.encode())
                self._text += whole
            return parse_log(self._text)

    def order(self, call_id: str, text: str) -> None:
        """Tell the call: answer, reject, hangup, or key N. Not confirmed here: see the occurrences."""
        number = next(self._orders)
        lines = [
            f"INFO sip:lab@127.0.0.1:{self.port} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-order-{number}",
            f"From: <sip:lab@127.0.0.1>;tag=order{number}",
            f"To: <sip:lab@127.0.0.1:{self.port}>",
            f"Call-ID: {call_id}",
            f"CSeq: {number} INFO",
            f"Order: {text}",
            "Content-Length: 0",
        ]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), ("127.0.0.1", self.port))

    def messages(self) -> str:
        """Every SIP message sent and received, as SIPp traced them."""
        path = Path(f"{self._stem}.msg")
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
