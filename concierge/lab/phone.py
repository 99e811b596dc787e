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

from concierge.lab.errors import LabError
from concierge.lab.plan import PhoneOptions, answers_at_once, due_step, plan_steps
from concierge.lab.ports import Ports
from concierge.lab.scenario import KEYS, scenario
from concierge.lab.sipp import Occurrence, Sipp
from concierge.lab.wait import POLL_SECONDS, wait_until

ORDER_SECONDS = 3.0


class Call:
    """One call of a phone; its state is what SIPp reported. Times are epoch seconds, None when not (yet) so.

    number      what was called: the user part of the INVITE's address
    call_id     SIP Call-ID
    invited_at  when the INVITE came, or went
    """

    def __init__(self, line: Sipp, invite: Occurrence, incoming: bool) -> None:
        self.line = line
        self.number, self.call_id, self.invited_at = invite.detail, invite.call_id, invite.at
        self.incoming = incoming

    def _seen(self, *kinds: str) -> list[Occurrence]:
        return [seen for seen in self.line.occurrences() if seen.call_id == self.call_id and seen.kind in kinds]

    def _when(self, *kinds: str) -> float | None:
        return next((seen.at for seen in self._seen(*kinds)), None)

    @property
    def answered_at(self) -> float | None:
        """When it was answered."""
        return self._when("answered")

    @property
    def ended_at(self) -> float | None:
        """When it ended, answered or not."""
        return self._when("ended", "failed")

    @property
    def ended_by(self) -> str:
        """ "far", "near" (this phone hung up), "cancelled", "rejected", a failure's SIP status as "404", or ""."""
        return next((seen.detail for seen in self._seen("ended", "failed")), "")

    @property
    def keys(self) -> list[tuple[str, float]]:
        """The keys pressed so far: (key, when)."""
        return [(seen.detail, seen.at) for seen in self._seen("key")]

    def answer(self) -> None:
        """Lift the receiver of a ringing incoming call."""
        self._order("answer", lambda: self.answered_at is not None)

    def reject(self) -> None:
        """Refuse a ringing incoming call with the phone's `reject` status (486 when none was given)."""
        self._order("reject", lambda: self.ended_at is not None)

    def press(self, key: str) -> float:
        """Press a key, 0-9 * #, as RFC 4733 events in RTP; returns when its first packet went."""
        if key not in KEYS:
            raise ValueError(f"no such key: {key!r}")
        before = len(self.keys)
        self._order(f"key {key}", lambda: len(self.keys) > before)
        return self.keys[before][1]

    def hang_up(self) -> None:
        """Hang up; an outgoing call that is not answered yet is cancelled. Nothing happens when it has ended."""
        if self.ended_at is None:
            self._order("hangup", lambda: self.ended_at is not None)

    def _order(self, order: str, taken: Callable[[], bool]) -> None:
        if self.ended_at is not None:
            raise LabError(f"the call to {self.number} has ended ({self.ended_by}); it cannot {order}")
        self.line.order(self.call_id, order)
        self._wait(taken, ORDER_SECONDS, f"the phone to {order} in the call to {self.number}")

    def wait_ringing(self, timeout: float = 5.0) -> None:
        """Until an outgoing call rings at the far end."""
        self._wait(lambda: bool(self._seen("ringing")), timeout, f"the call to {self.number} to ring")

    def wait_answered(self, timeout: float = 5.0) -> float:
        """Until the call is answered; returns when."""
        self._wait(lambda: self.answered_at is not None, timeout, f"the answer to the call to {self.number}")
        return self.answered_at or 0.0

    def wait_ended(self, timeout: float = 10.0) -> str:
        """Until the call has ended; returns `ended_by`."""
        self._wait(lambda: self.ended_at is not None, timeout, f"the end of the call to {self.number}")
        return self.ended_by

    def _wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        def checked() -> bool:
            self.line.check()
            return condition()

        wait_until(checked, timeout, what)


class Phone:
    """The phone `name` at its port of `ports`, from start() to stop(); also a context manager.

    folder         where SIPp keeps its logs;  note_process  is told the process ids
    """

    def __init__(
        self, name: str, folder: Path, ports: Ports, note_process: Callable[[int], None],
        options: PhoneOptions | None = None,
    ) -> None:  # fmt: skip
        self.name, self.options = name, options or PhoneOptions()
        self._folder, self._ports, self._note_process = folder, ports, note_process
        self._outgoing: list[tuple[Call, PhoneOptions]] = []
        self._taken: dict[str, int] = {}
        self._stopping = threading.Event()
        self._hand = threading.Thread(target=self._follow_plan, name=f"phone-{name}", daemon=True)

    def start(self) -> Phone:
        """Listen for calls. Raises LabError when the port is taken, LabMissingError without SIPp or root."""
        xml = scenario("answer", self.options.reject or "486 Busy Here")
        auto = ["-set", "auto", "1"] if answers_at_once(self.options) else []
        self._line = self._sipp(xml, self._ports.phones[self.name], auto)
        self._hand.start()
        return self

    def _sipp(self, xml: str, port: int, arguments: list[str]) -> Sipp:
        keys = ["-key", "phone", self.name]
        return Sipp(self._folder, xml, port, self._ports, self._note_process, [*keys, *arguments])

    def stop(self) -> None:
        """Hang up what is left and end."""
        self._stopping.set()
        self._hand.join()
        for call in self.calls:
            try:
                call.hang_up()
            except LabError:
                continue  # the far end was quicker, or never answered: the process ends in any case
        for line in (self._line, *(call.line for call, _ in self._outgoing)):
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
        return [Call(self._line, seen, True) for seen in self._line.occurrences() if seen.kind == "invite"]

    @property
    def calls(self) -> list[Call]:
        """Incoming and outgoing calls."""
        return [*self.incoming, *(call for call, _ in self._outgoing)]

    @property
    def invites(self) -> list[str]:
        """The number of every INVITE received, in order: the proof that a call left the PBX, or none did."""
        return [call.number for call in self.incoming]

    def wait_for_call(self, number: str | None = None, timeout: float = 5.0, since: int = 0) -> Call:
        """The first incoming call, not before number `since`, to `number` (any when None); waits for it."""

        def found() -> list[Call]:
            self._line.check()
            return [call for call in self.incoming[since:] if number in (None, call.number)]

        return wait_until(found, timeout, f"a call to {number or 'any number'} at phone {self.name}")[0]

    def call(
        self, number: str, caller_id: str = "", options: PhoneOptions | None = None, timeout: float = 5.0
    ) -> Call:
        """Call `number` at the PBX; returns once the INVITE went. `options`: keys and hang_up_after of this call."""
        to = ["-s", number, "-key", "number", caller_id or self.name, "-m", "1", f"127.0.0.1:{self._ports.sip}"]
        line = self._sipp(scenario("call"), self._ports.spare(), to)
        wait_until(line.occurrences, timeout, f"the INVITE to {number}")
        call = Call(line, line.occurrences()[0], False)
        self._outgoing.append((call, options or PhoneOptions()))
        return call

    def sip_messages(self) -> str:
        """Every SIP message of this phone, as SIPp traced them: for a failure's report."""
        return "".join(line.messages() for line in (self._line, *(call.line for call, _ in self._outgoing)))

    def _follow_plan(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            for call in self.incoming:
                self._take_step(call, self.options)
            for call, options in list(self._outgoing):
                self._take_step(call, options)

    def _take_step(self, call: Call, options: PhoneOptions) -> None:
        steps = plan_steps(options, call.incoming)
        done = self._taken.get(call.call_id, 0)
        step = due_step(steps, done, call.invited_at, call.answered_at, time.time())
        if step is not None and call.ended_at is None:
            call.line.order(call.call_id, step.order)
            self._taken[call.call_id] = done + 1
