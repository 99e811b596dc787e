"""panoramisk's protocol and manager, with what a listener cannot live with taken out.

Kept from panoramisk 1.4: the connection, action ids, the match of answers to actions, their parsing. Replaced:
every event is parsed, also those that nobody wants; a letter cut in two by TCP vanishes; an exception while handling
one message closes the link; the manager reconnects by a fixed timer, for ever, also after close() and after a refused
login; its pings go unchecked; unanswered actions are sent again after a reconnect; a line break in a value starts a
second action.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from ami.events import WANTED, RawEvent, seconds_of
from ami.frames import Frame

Headers = Mapping[str, str | list[str]]
OnEvent = Callable[[RawEvent], None]

MAX_MESSAGE = 1 << 20
GREETING = "Asterisk Call Manager/"
END = b"\r\n\r\n"
_WANTED = frozenset(name.encode() for name in WANTED)
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_log = logging.getLogger(__name__)
# panoramisk logs whole messages, telephone numbers included
_silent = logging.getLogger("ami.wire.panoramisk")
_silent.setLevel(logging.CRITICAL + 1)


class UnsafeHeaderError(ValueError):
    """A header that would end its line and start another one, or an action of its own."""


def refuse_unsafe(headers: Headers) -> None:
    """Raise UnsafeHeaderError for what is no header name, and for CR, LF, NUL or a surrogate in a value."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise UnsafeHeaderError(f"{name!r} is no AMI header name: use letters, digits, - and _")
        for text in [value] if isinstance(value, str) else value:
            refuse_unsafe_text(name, text)


def refuse_unsafe_text(name: str, text: str) -> None:
    """Raise UnsafeHeaderError; the text is not quoted in the message, it may be a secret."""
    if any(letter in text for letter in "\r\n\0"):
        raise UnsafeHeaderError(f"the AMI header {name} may not contain a line break or NUL: remove it")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise UnsafeHeaderError(f"the AMI header {name} is not valid Unicode: write it again as UTF-8")


def one_line(text: str) -> str:
    """What may stand in a header of whatever the dialplan has put into a variable."""
    return re.sub(r"[\r\n\0]", "?", text)


class WireProtocol(AMIProtocol):  # type: ignore[misc]
    """One connection. lost: done, with the reason, when it is gone; heard_at: epoch of the last byte read."""

    encoding = "utf-8"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.log = _silent
        self.greeting = ""
        self.heard_at = self.covered_at = time.time()
        self.failures = 0
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Answers go to panoramisk; of the events only those that somebody wants are read at all."""
        self.heard_at = time.time()
        if len(self.greeting) < 64:
            self.greeting = (self.greeting + data[:64].decode("utf-8", "replace"))[:64]
        if END not in data and END not in (self._rest[-3:] + data[:3]):
            self._keep(self._rest + data)
            return
        *frames, rest = (self._rest + data).split(END)
        self._keep(rest)
        last: Frame | None = None
        for frame in map(bytes.lstrip, frames):
            name = frame[7 : frame.find(b"\r", 7)] if frame.startswith(b"Event: ") else b""
            if name in _WANTED and b"\r\nActionID: " not in frame:
                last = Frame(frame)
                self._hear(last)
            elif not name or name == b"Shutdown" or b"\r\nActionID: " in frame:
                super().data_received(frame.decode("utf-8", "replace").encode() + END)
        if last is not None:
            self.covered(seconds_of(last.first("Timestamp")) or 0.0)

    def _keep(self, rest: bytes) -> None:
        self._rest = rest
        if len(rest) > MAX_MESSAGE:
            self.abort(f"a message of more than {MAX_MESSAGE} characters: this is no AMI port")

    def _hear(self, raw: Frame) -> None:
        try:
            self.factory.hear(raw)
        except Exception:  # noqa: BLE001 - one event that nobody can read must not close the link
            self._failed()

    def covered(self, at: float) -> None:
        """What Asterisk said until then has been read; seconds since the epoch, never later than now."""
        if at > self.covered_at:
            self.covered_at = min(at, time.time())

    def handle_message(self, message: Any) -> None:
        try:
            super().handle_message(message)
        except Exception:  # noqa: BLE001 - one message that panoramisk chokes on must not close the link
            self._failed()
            self._settle(message)

    def _failed(self) -> None:
        self.failures += 1
        _log.warning("an AMI message could not be handled (%d so far)", self.failures)

    def _settle(self, message: Any) -> None:
        action = self.responses.pop(message.id, None)
        if action is not None and not action.future.done():
            action.future.set_result(message)

    def connection_lost(self, exc: object) -> None:
        super().connection_lost(exc)
        self._say_lost(str(exc) if isinstance(exc, Exception) else "closed by Asterisk")

    def abort(self, reason: str) -> None:
        """Close at once, without waiting for what is still to be sent."""
        self._say_lost(reason)
        self.closed = True
        self.responses.clear()
        self.transport.abort()

    def _say_lost(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)


class LinkManager(Manager):  # type: ignore[misc]
    """A manager for exactly one connection, made by its owner: what was pending on it ends with it."""

    def __init__(self, on_event: OnEvent) -> None:
        super().__init__(loop=asyncio.get_running_loop(), log=_silent)
        self.hear = on_event

    def adopt(self, transport: asyncio.BaseTransport, protocol: WireProtocol) -> None:
        """Take over a connection that has been made."""
        made = self.loop.create_future()
        made.set_result((transport, protocol))
        self.connection_made(made)

    def connection_lost(self, exc: object) -> None:  # noqa: ARG002
        """Never reconnect from here."""
        self._connected = False

    def ping(self) -> None:
        """Never send a ping whose answer nobody awaits."""
        self.pinger = None
