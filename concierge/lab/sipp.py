"""One SIPp process: a line of a phone. It reports in a log file and takes orders as SIP requests on its own port."""

from __future__ import annotations

import itertools
import shutil
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from concierge.lab.errors import LabError, LabMissingError
from concierge.lab.ports import UDP, is_bound, is_free
from concierge.lab.wait import wait_until

START_SECONDS = 5.0
ORDERS = {"answer": "INFO", "hangup": "INFO", "reject": "MESSAGE"}
OWN_ERRORS = (255, 254, 253, 252, 251, 97)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Occurrence:
    """What SIPp saw or did: kind invite, media, ringing, answered, ended or failed; `at` in epoch seconds."""

    kind: str
    call_id: str
    detail: str
    at: float


def parse_log(text: str) -> list[Occurrence]:
    """Lines KIND|CALL-ID|DETAIL|TIMESTAMP of a log file → occurrences."""
    rows = (line.split("|") for line in text.splitlines())
    return [Occurrence(row[0], row[1], row[2], float(row[3].split("\t")[-1])) for row in rows if len(row) == 4]


def check_sipp() -> None:
    """Raises LabMissingError when SIPp is missing."""
    if shutil.which("sipp") is None:
        raise LabMissingError("SIPp is missing; install it: apt-get install sip-tester")


class Sipp:
    """A running SIPp with scenario text `xml` at loopback UDP `port`; `arguments` end its command line.

    media_port   a port pair that SIPp itself wants and that the lab leaves idle
    """

    def __init__(
        self,
        folder: Path,
        xml: str,
        port: int,
        media_port: int,
        note_process: Callable[[int], None],
        arguments: Sequence[str],
    ) -> None:
        check_sipp()
        self.port = port
        self._stem = str(folder / f"line-{next(_numbers)}")
        self._orders = itertools.count(1)
        self._read = 0
        Path(f"{self._stem}.xml").write_text(xml)
        if not is_free(port, UDP):
            raise LabError(f"UDP port {port} is in use; is this phone already running?")
        self._process = self._start(media_port, arguments)
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
        return self._process.poll() is not None or is_bound(self.port)

    def check(self) -> None:
        """Raises LabError when SIPp ended by an error of its own (its exit codes: 0 and 1 tell of calls)."""
        if self._process.poll() in OWN_ERRORS:
            raise LabError(f"SIPp ended with code {self._process.returncode}: {self.errors()[-500:]}")

    def errors(self) -> str:
        """What SIPp complained of, such as a message that does not fit the call."""
        paths = (Path(f"{self._stem}.{kind}") for kind in ("err", "out"))
        return "".join(path.read_text(errors="replace") for path in paths if path.exists())

    def news(self) -> list[Occurrence]:
        """What happened since the last time, oldest first."""
        log = Path(f"{self._stem}.log")
        if not log.exists() or log.stat().st_size == self._read:
            return []
        with log.open("rb") as lines:
            lines.seek(self._read)
            more = lines.read()
        whole = more[: more.rfind(b"\n") + 1]
        self._read += len(whole)
        return parse_log(whole.decode(errors="replace"))

    def order(self, call_id: str, order: str) -> None:
        """Tell a call what to do, one of ORDERS. Not confirmed here: see the news."""
        number, method = next(self._orders), ORDERS[order]
        lines = [
            f"{method} sip:lab@127.0.0.1:{self.port} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-order-{number}",
            f"From: <sip:lab@127.0.0.1>;tag=order{number}",
            f"To: <sip:lab@127.0.0.1:{self.port}>",
            f"Call-ID: {call_id}",
            f"CSeq: {number} {method}",
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
