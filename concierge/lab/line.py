"""A line of a phone: one SIPp process and one RTP port, the calls on it, and the plan they follow."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

from concierge.lab.call import Call
from concierge.lab.errors import LabError
from concierge.lab.plan import PhoneOptions, Step, due_step, plan_steps
from concierge.lab.ports import Ports
from concierge.lab.sipp import Sipp
from concierge.lab.voice import Voice


class Line:
    """Takes calls (scenario "answer") or places one ("call"). `calls` in order of their INVITEs."""

    def __init__(
        self,
        name: str,
        xml: str,
        port: int,
        folder: Path,
        ports: Ports,
        note_process: Callable[[int], None],
        options: PhoneOptions,
        arguments: list[str],
    ) -> None:
        self.options = options
        self.calls: list[Call] = []
        self._by_id: dict[str, Call] = {}
        self._taking = threading.Lock()
        self._taken: dict[str, int] = {}
        self._incoming = "-m" not in arguments
        self._steps = plan_steps(options, self._incoming)
        self._voice = Voice(ports.media(), options.voice)
        keys = ["-key", "phone", name, "-key", "rtp", str(self._voice.port)]
        try:
            self.sipp = Sipp(folder, xml, port, ports.media(), note_process, [*keys, *arguments])
        except BaseException:
            self._voice.close()
            raise

    def work(self, now: float) -> None:
        """Take in the news, do what the plan says, send and hear; `now` in epoch seconds. Every 10 ms."""
        self.refresh()
        for call in self.calls if self._steps else ():
            self._follow(call, now)
        self._voice.work()

    def refresh(self) -> None:
        """Take in the news; also by whoever asks for the calls, so that what SIPp saw is never missed."""
        with self._taking:
            for news in self.sipp.news():
                if news.kind == "invite":
                    self._by_id[news.call_id] = Call(self.sipp, self._voice, news, self._incoming)
                    self.calls.append(self._by_id[news.call_id])
                else:
                    self._by_id[news.call_id].take(news)

    def _follow(self, call: Call, now: float) -> None:
        done = self._taken.get(call.call_id, 0)
        step = due_step(self._steps, done, call.invited_at, call.answered_at, now)
        if step is not None and call.ended_at is None:
            self._taken[call.call_id] = done + 1
            _take(call, step)

    def stop(self) -> None:
        """End the process, close the port."""
        self.sipp.stop()
        self._voice.close()


def _take(call: Call, step: Step) -> None:
    if not step.key:
        call.order(step.order)
        return
    with contextlib.suppress(LabError):  # the far end may hang up in this very moment
        call.start_press(step.key)
