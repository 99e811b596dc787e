"""A private real Asterisk that places many calls at once and writes down what each of them runs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from concierge.lab.ami import Ami
from concierge.lab.config import PbxOptions
from concierge.lab.errors import LabTimeoutError
from concierge.lab.pbx import Pbx
from concierge.lab.wait import wait_until
from concierge.replay import sounds
from concierge.replay.caller import Caller, PlannedCall
from concierge.replay.log import RealStep, read

ENTRY: Final = "concierge-replay"
DIGIT_SECONDS: Final = 1.2
"""Digit and response time-out of every call."""
CALL_SECONDS: Final = 60.0
TURN_SECONDS: Final = 0.01
UNDYING_SECONDS: Final = 0.7
"""A circle over `i`, `h` or RaiseException goes on after the hang-up, for ever, until its dialplan is taken away."""
MEMORY: Final = 4 << 30
"""Bytes of address space: a plan can make Asterisk recurse."""
MARKER: Final = "0"
LOGGER: Final = "[general]\nlogger_queue_limit = 1000000\n[logfiles]\nfull => warning,error,verbose,dtmf\n"
"""Every line counts: with the usual limit a busy loop makes Asterisk drop those of other calls."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What really ran. `ended` False: the caller hung up after `limit` steps, or CALL_SECONDS were over.

    `late`: a key came after its prompt had ended; the run says nothing and should be repeated.
    """

    steps: tuple[RealStep, ...]
    ended: bool
    late: bool


@dataclass
class _Running:
    number: int
    caller: Caller
    started: float = 0.0
    cut: bool = False
    cut_at: float = 0.0


class Sandbox:
    """One Asterisk of a version; a context manager.

    `prompts`: names that callers may press keys in; `short`: names that only play.
    """

    def __init__(self, version: str, prompts: Iterable[str] = (), short: Iterable[str] = ()) -> None:
        self._kept = tempfile.TemporaryDirectory(prefix="concierge-replay-")
        folder = Path(self._kept.name)
        sounds.write(folder, short, sounds.SHORT_SECONDS)
        sounds.write(folder, prompts, sounds.LISTENING_SECONDS)
        self.pbx = Pbx(version, PbxOptions(sounds={"": folder}, etc_files={"logger.conf": LOGGER}))

    def __enter__(self) -> Sandbox:
        self.pbx.start()
        self.pbx.limit_memory(MEMORY)
        self._ami: Ami = self.pbx.ami().connect()
        self._ami.action({"Action": "Events", "EventMask": "call"})
        self._tail = _Tail(self.pbx.folder / "log" / "full")
        self._serial = 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tail.close()
        self._ami.close()
        self.pbx.stop()
        self._kept.cleanup()

    def run(
        self,
        text: str,
        calls: Sequence[PlannedCall],
        *,
        parallel: int = 80,
        autofallthrough: bool = True,
        seconds: float = CALL_SECONDS,
    ) -> list[Ran]:
        """Load `text` as the dialplan, place the calls, at most `parallel` at once; in their order."""
        first = self._serial
        self._serial += len(calls)
        general = f"[general](+)\nautofallthrough = {'yes' if autofallthrough else 'no'}"
        lines = [general, text, f"[{ENTRY}]", f"exten => {MARKER},1,Hangup()"]
        for number, call in enumerate(calls, first):
            lines += entry(number, call)
        self.pbx.set_extensions("\n".join(lines) + "\n")
        batch = _Batch(self._ami, self._tail, parallel, seconds)
        running = [_Running(number, Caller(call)) for number, call in enumerate(calls, first)]
        batch.run(running)
        return [Ran(tuple(one.caller.steps), not one.cut, one.caller.late) for one in running]


def entry(number: int, call: PlannedCall) -> list[str]:
    """The extension that begins a call: answer, short time-outs, variables, go to its place."""
    variables = [("CONCIERGE_RESULTS", ",".join(call.results)), *call.variables]
    return [
        f"exten => {number},1,Answer()",
        f" same => n,Set(TIMEOUT(digit)={DIGIT_SECONDS})",
        f" same => n,Set(TIMEOUT(response)={DIGIT_SECONDS})",
        *(f" same => n,Set({name}={value})" for name, value in variables),
        f" same => n,Goto({call.context},{call.exten},{call.priority})",
    ]


class _Tail:
    """New lines of a growing file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._rest = b""

    def lines(self) -> list[str]:
        *whole, self._rest = (self._rest + self._file.read()).split(b"\n")
        return [line.decode("utf-8", "replace") for line in whole]

    def close(self) -> None:
        self._file.close()


class _Batch:
    """The calls of one dialplan, from the first to the last hang-up."""

    def __init__(self, ami: Ami, tail: _Tail, parallel: int, seconds: float) -> None:
        self._ami, self._tail, self._parallel, self._seconds = ami, tail, parallel, seconds
        self._by_channel: dict[str, _Running] = {}
        self._channels: dict[int, str] = {}
        self._seen = ami.mark()
        self._ended: set[str] = set()
        self._dead: set[str] = set()
        self._active: dict[int, _Running] = {}

    def run(self, waiting: list[_Running]) -> None:
        """Returns when every call is over and its last line was read."""
        todo = waiting[::-1]
        limit = time.monotonic() + self._seconds * (2 + len(waiting) / self._parallel)
        while todo or self._active:
            while todo and len(self._active) < self._parallel:
                self._start(todo.pop())
            self._turn()
            if time.monotonic() > limit:
                raise LabTimeoutError(f"calls do not end: {[one.caller.call for one in self._active.values()]}")
            time.sleep(TURN_SECONDS)
        self._read_to_the_end()

    def _start(self, one: _Running) -> None:
        one.started = time.monotonic()
        self._active[one.number] = one
        self._originate(str(one.number))

    def _originate(self, exten: str) -> None:
        fields = {"Action": "Originate", "Channel": f"Local/{exten}@{ENTRY}/n", "Async": "true"}
        self._ami.send(fields | {"Application": "Wait", "Data": "3600", "Timeout": "3600000"})

    def _turn(self) -> None:
        now = time.monotonic()
        self._take_all(now)
        for one in tuple(self._active.values()):
            self._act(one, now)
        self._hear_ends()

    def _take_all(self, now: float) -> bool:
        """Hand all new lines to their callers; True when the marker's was among them."""
        marked = False
        for line in self._tail.lines():
            marked = self._take(line, now) or marked
        return marked

    def _take(self, text: str, now: float) -> bool:
        """Hand a line to its caller; True for the marker's."""
        line = read(text)
        if line is None or line.channel in self._dead:
            return False
        one = self._by_channel.get(line.channel) or self._new(line.channel)
        if one and not one.cut and not (line.step and line.step.context == ENTRY):
            one.caller.hear(line, now)
        return line.channel.startswith(f"Local/{MARKER}@{ENTRY}-")

    def _new(self, channel: str) -> _Running | None:
        name, _, half = channel.partition(f"@{ENTRY}-")
        number = name.removeprefix("Local/")
        one = self._active.get(int(number)) if half.endswith(";2") and number.isdigit() else None
        if one is not None:
            self._by_channel[channel] = one
            self._channels[one.number] = channel
        return one

    def _act(self, one: _Running, now: float) -> None:
        channel = self._channels.get(one.number)
        if channel is None or one.cut:
            return
        if one.caller.done or now - one.started > self._seconds:
            one.cut, one.cut_at = True, now
            self._dead.add(channel)
            self._ami.send({"Action": "Hangup", "Channel": channel})
            return
        key = one.caller.act(now)
        if key:
            self._ami.send({"Action": "PlayDTMF", "Channel": channel, "Digit": key, "Receive": "true"})

    def _hear_ends(self) -> None:
        events = self._ami.events
        for event in events[self._seen :]:
            if event["Event"] == "Hangup":
                self._ended.add(event["Channel"])
        self._seen = len(events)
        for number, one in tuple(self._active.items()):
            since = one.cut_at if one.cut else one.started + self._seconds
            undying = time.monotonic() > since + UNDYING_SECONDS
            one.cut = one.cut or undying
            if undying:
                self._take_away(one)
            if undying or self._channels.get(number) in self._ended:
                del self._active[number]

    def _take_away(self, one: _Running) -> None:
        """End a call that outlives its hang-up: without its contexts it has nothing to go round in."""
        for context in {step.context for step in one.caller.steps}:
            self._ami.send({"Action": "Command", "Command": f"dialplan remove context {context}"})

    def _read_to_the_end(self) -> None:
        """The log lags behind: it is complete once the line of a last call of our own is in it."""
        self._originate(MARKER)
        wait_until(
            lambda: self._take_all(time.monotonic()),
            20,
            "the end of the log",
        )
