"""A phone on a real SIP stack (SIPp): it is called or calls, and a person's fingers are methods of its calls.

with pbx.phone("callee", PhoneOptions(keys=[(0.5, "9")])) as callee:      # presses 9 half a second into each call
    callee.wait_for_call("48501502503").wait_ended()
with pbx.phone("caller") as caller:
    call = caller.call("100", caller_id="48221234567"); call.wait_answered(); call.press("1"); call.hang_up()
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from concierge.lab.call import Call
from concierge.lab.errors import LabError
from concierge.lab.line import Line
from concierge.lab.plan import PhoneOptions, answers_at_once
from concierge.lab.ports import Ports
from concierge.lab.scenario import answer_scenario, call_scenario
from concierge.lab.wait import POLL_SECONDS, wait_until

__all__ = ["Call", "Phone", "PhoneOptions"]


class Phone:
    """The phone `name` at its port of `ports`, from start() to stop(); also a context manager.

    folder         where SIPp keeps its logs;  note_process  is told the process ids
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        ports: Ports,
        note_process: Callable[[int], None],
        options: PhoneOptions | None = None,
    ) -> None:
        self.name, self.options = name, options or PhoneOptions()
        self._folder, self._ports, self._note_process = folder, ports, note_process
        self._lines: list[Line] = []
        self._stopping = threading.Event()
        self._hand = threading.Thread(target=self._work, name=f"phone-{name}", daemon=True)

    def start(self) -> Phone:
        """Listen for calls. Raises LabError when the port is taken, LabMissingError without SIPp."""
        xml = answer_scenario(answers_at_once(self.options), self.options.reject or "486 Busy Here")
        self._lines.append(self._line(xml, self._ports.phones[self.name], self.options, []))
        self._hand.start()
        return self

    def _line(self, xml: str, port: int, options: PhoneOptions, arguments: list[str]) -> Line:
        return Line(self.name, xml, port, self._folder, self._ports, self._note_process, options, arguments)

    def stop(self) -> None:
        """Hang up what is left and end."""
        for call in self.calls:
            try:
                call.hang_up()
            except LabError:
                continue  # it rings, or the far end was quicker: the process ends in any case
        self._stopping.set()
        self._hand.join()
        for line in self._lines:
            line.stop()

    def __enter__(self) -> Phone:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def incoming(self) -> list[Call]:
        """Every call this phone received, one for each INVITE, oldest first."""
        self._lines[0].refresh()
        return list(self._lines[0].calls)

    @property
    def calls(self) -> list[Call]:
        """Incoming and outgoing calls."""
        return [call for line in list(self._lines) for call in line.calls]

    @property
    def invites(self) -> list[str]:
        """The number of every INVITE received, in order: the proof that a call left the PBX, or none did."""
        return [call.number for call in self.incoming]

    def wait_for_call(self, number: str | None = None, timeout: float = 5.0, since: int = 0) -> Call:
        """The first incoming call, not before number `since`, to `number` (any when None); waits for it."""

        def found() -> list[Call]:
            self._lines[0].sipp.check()
            return [call for call in self.incoming[since:] if number in (None, call.number)]

        return wait_until(found, timeout, f"a call to {number or 'any number'} at phone {self.name}")[0]

    def call(self, number: str, caller_id: str = "", options: PhoneOptions | None = None, timeout: float = 5.0) -> Call:
        """Call `number` at the PBX; returns once the INVITE went. `options`: keys and hang_up_after of this call."""
        to = ["-s", number, "-key", "number", caller_id or self.name, "-m", "1", f"127.0.0.1:{self._ports.sip}"]
        line = self._line(call_scenario(), self._ports.spare(), options or PhoneOptions(), to)
        self._lines.append(line)

        def invited() -> list[Call]:
            line.sipp.check()
            return line.calls

        return wait_until(invited, timeout, f"the INVITE to {number}")[0]

    def trouble(self) -> str:
        """What the phone's SIPp processes complained of: for a failure's report."""
        return "".join(line.sipp.errors() for line in self._lines)

    def sip_messages(self) -> str:
        """Every SIP message of this phone, as SIPp traced them: for a failure's report."""
        return "".join(line.sipp.messages() for line in self._lines)

    def _work(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            for line in list(self._lines):
                line.work(time.time())
