"""One call of a phone: what became of it, and what the person at this phone does."""

from __future__ import annotations

from collections.abc import Callable

from concierge.lab.errors import LabError
from concierge.lab.rtp import EVENTS, Press, RtpStream
from concierge.lab.sipp import Occurrence, Sipp
from concierge.lab.voice import Voice
from concierge.lab.wait import wait_until

ORDER_SECONDS = 3.0


class Call:
    """One call; all times are epoch seconds, None when not (yet) so.

    number       what was called: the user part of the INVITE's address
    call_id      SIP Call-ID;   incoming   True at the called phone
    invited_at   when the INVITE came, or went;   answered_at, ended_at
    ended_by     "far", "near" (this phone hung up), "cancelled", "rejected", a failure's SIP status as "404", or ""
    """

    def __init__(self, sipp: Sipp, voice: Voice, invite: Occurrence, incoming: bool) -> None:
        self._sipp, self._voice = sipp, voice
        self._stream: RtpStream | None = None
        self.number, self.call_id, self.invited_at = invite.detail, invite.call_id, invite.at
        self.incoming = incoming
        self.ringing_at: float | None = None
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.ended_by = ""
        self._presses: list[Press] = []

    def take(self, news: Occurrence) -> None:
        """Something happened in this call. For the phone's own use."""
        if news.kind == "media":
            if news.detail:  # a provisional answer may come without a media port
                self._talk_to(int(news.detail))
        elif news.kind == "ringing":
            self.ringing_at = self.ringing_at or news.at
        elif news.kind == "answered":
            self.answered_at = news.at
        elif news.kind in ("ended", "failed") and self.ended_at is None:
            self.ended_by, self.ended_at = news.detail, news.at
            if self._stream is not None:
                self._voice.end(self._stream)

    def _talk_to(self, far_port: int) -> None:
        if self._stream is None:
            self._stream = self._voice.open(far_port)
        else:
            self._stream.far_port = far_port

    @property
    def keys(self) -> list[tuple[str, float]]:
        """The keys pressed so far: (key, when its first packet went)."""
        return [(press.key, press.at) for press in self._presses if press.at is not None]

    @property
    def heard_seconds(self) -> float:
        """How much audio came from the far end, in seconds: a prompt was played, or not."""
        return self._stream.heard_packets * 0.02 if self._stream else 0.0

    @property
    def heard_keys(self) -> list[str]:
        """The keys that came from the far end as telephone events, each once it had ended."""
        return list(self._stream.heard_keys) if self._stream else []

    def answer(self) -> None:
        """Lift the receiver of a ringing incoming call."""
        self._order("answer", lambda: self.answered_at is not None)

    def reject(self) -> None:
        """Refuse a ringing incoming call with the phone's `reject` status (486 when none was given)."""
        self._order("reject", lambda: self.ended_at is not None)

    def hang_up(self) -> None:
        """Hang up; a call not answered yet is cancelled (outgoing) or rejected. Nothing happens when it has ended."""
        if self.ended_at is None and self.incoming and self.answered_at is None:
            self.reject()
        elif self.ended_at is None:
            self._order("hangup", lambda: self.ended_at is not None)

    def press(self, *keys: str) -> float:
        """Press keys (0-9 * #), 120 ms each, as RFC 4733 events in RTP; returns when the first packet went.

        Raises LabError when the call is not up, ValueError for what is no key.
        """
        self.wait_answered(ORDER_SECONDS)
        presses = self.start_press(*keys)
        self._wait(lambda: presses[-1].at is not None, ORDER_SECONDS + len(keys), f"the keys {keys} to go out")
        return presses[0].at or 0.0

    def start_press(self, *keys: str) -> list[Press]:
        """As press, without waiting."""
        if any(key not in EVENTS for key in keys) or not keys:
            raise ValueError(f"keys are 0-9, * and #, not {keys}")
        if self._stream is None or self.answered_at is None or self.ended_at is not None:
            raise LabError(f"the call to {self.number} is not up; nothing can be pressed")
        presses = [self._stream.press(key) for key in keys]
        self._presses += presses
        return presses

    def order(self, order: str) -> None:
        """Tell SIPp, without waiting. For the phone's own use."""
        self._sipp.order(self.call_id, order)

    def _order(self, order: str, taken: Callable[[], bool]) -> None:
        if self.ended_at is not None:
            raise LabError(f"the call to {self.number} has ended ({self.ended_by}); the phone cannot {order}")
        self.order(order)
        self._wait(taken, ORDER_SECONDS, f"the phone to {order} in the call to {self.number}")

    def wait_ringing(self, timeout: float = 5.0) -> None:
        """Until an outgoing call rings at the far end."""
        self._wait(lambda: self.ringing_at is not None, timeout, f"the call to {self.number} to ring")

    def wait_answered(self, timeout: float = 5.0) -> float:
        """Until the call is answered; returns when."""
        self._wait(lambda: self.answered_at is not None, timeout, f"the answer to the call to {self.number}")
        return self.answered_at or 0.0

    def wait_ended(self, timeout: float = 10.0) -> str:
        """Until the call has ended; returns `ended_by`."""
        self._wait(lambda: self.ended_at is not None, timeout, f"the end of the call to {self.number}")
        return self.ended_by

    def wait_heard(self, seconds: float, timeout: float = 10.0) -> None:
        """Until `seconds` of audio came from the far end."""
        self._wait(lambda: self.heard_seconds >= seconds, timeout, f"{seconds} s of audio in the call to {self.number}")

    def _wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        def checked() -> bool:
            self._sipp.check()
            return condition()

        wait_until(checked, timeout, what)
