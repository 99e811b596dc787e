"""panoramisk's protocol and manager, with what a listener cannot live with taken out.

Kept from panoramisk 1.4: parsing, action ids, the match of answers to actions, dispatch. Replaced:
a letter cut in two by TCP vanishes; an exception while handling one message closes the link; the manager
reconnects by a fixed timer, for ever, also after close() and after a refused login; its pings go unchecked;
unanswered actions are sent again after a reconnect; a line break in a value starts a second action.
"""

from __future__ import annotations

import asyncio
import codecs
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from ami.events import WANTED, RawEvent

Headers = Mapping[str, str | list[str]]
OnEvent = Callable[[RawEvent], None]

MAX_MESSAGE = 1 << 20
GREETING = "Asterisk Call Manager/"
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


class WireProtocol(AMIProtocol):  # type: ignore[misc]
    """One connection. lost: done, with the reason, when it is gone; heard_at: epoch of the last byte read."""

    encoding = "utf-8"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.log = _silent
        self.greeting = ""
        self.heard_at = time.time()
        self.failures = 0
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.time()
        text = self._decoder.decode(data)
        if len(self.greeting) < 64:
            self.greeting = (self.greeting + text)[:64]
        super().data_received(text.encode())
        if self.queue and len(self.queue[0]) > MAX_MESSAGE:
            self.abort(f"a message of more than {MAX_MESSAGE} characters: this is no AMI port")

    def handle_message(self, message: Any) -> None:
        try:
            super().handle_message(message)
        except Exception:  # noqa: BLE001 - one message that panoramisk chokes on must not close the link
            self.failures += 1
            _log.warning("an AMI message could not be handled (%d so far)", self.failures)
            self._settle(message)

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
        self._on_event = on_event
        self.register_event("*", self._hear)

    def _hear(self, _manager: Manager, event: Any) -> None:
        if event["event"] in WANTED:
            self._on_event(dict(event))

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
