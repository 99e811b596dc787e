"""One connection to Asterisk's manager interface: made, logged in, asked, closed. Failures are values."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Any

from ami.events import RawEvent
from ami.wire import (
    GREETING,
    Headers,
    LinkManager,
    OnEvent,
    UnsafeHeaderError,
    WireProtocol,
    refuse_unsafe,
    refuse_unsafe_text,
)


@dataclass(frozen=True, slots=True)
class Access:
    """Where to log in and as whom; `tls`: encrypted, and the server proves who it is. Raises ValueError for what cannot
    be sent; the secret is never shown.
    """

    user: str
    secret: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 5038
    tls: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, text in (("Username", self.user), ("Secret", self.secret)):
            if not text:
                raise UnsafeHeaderError(f"the AMI header {name} is empty: set it to the value in manager.conf")
            refuse_unsafe_text(name, text)
        if not self.host or not 0 < self.port < 65536:
            raise ValueError(f"{self.where} is no address: give a host and a port from 1 to 65535")

    @property
    def where(self) -> str:
        """host:port"""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Timing:
    """Limits in seconds; ping_every: after how much of it the link is tested with a ping."""

    connect: float = 5.0
    login: float = 5.0
    answer: float = 5.0
    ping_every: float = 2.0
    ping_answer: float = 5.0


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nobody listens there."""

    where: str
    reason: str

    def __str__(self) -> str:
        return (
            f"no connection to Asterisk's manager at {self.where} ({self.reason}): "
            "is Asterisk running, and do enabled, bindaddr and port in manager.conf say so?"
        )


@dataclass(frozen=True, slots=True)
class Untrusted:
    """TLS did not come about, so nothing was sent. `certificate`: theirs does not prove who they are."""

    where: str
    reason: str
    certificate: bool

    def __str__(self) -> str:
        if self.certificate:
            return (
                f"the manager at {self.where} does not prove who it is ({self.reason}), so no password was sent: "
                "ca_file must name who has signed its certificate, and host a name that is in it"
            )
        return (
            f"no TLS with the manager at {self.where} ({self.reason}): do tlsenable, tlsbindaddr and tlscertfile in "
            "manager.conf say so, and is port the one of tlsbindaddr?"
        )


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """Asterisk answered the login with an error; more attempts cannot help."""

    where: str
    user: str
    message: str

    def __str__(self) -> str:
        return (
            f"Asterisk at {self.where} refuses the manager user {self.user!r} ({self.message}): compare the "
            f"secret with [{self.user}] in manager.conf, see that permit/deny let this host in, then "
            "`asterisk -rx 'manager reload'`"
        )


@dataclass(frozen=True, slots=True)
class LoginUnanswered:
    """Somebody listens there, but does not answer a login."""

    where: str
    reason: str
    greeting: str

    def __str__(self) -> str:
        hint = "is Asterisk overloaded, or its authlimit reached?"
        if not self.greeting.startswith(GREETING):
            hint = f"it does not greet as {GREETING!r}: is this the manager's port?"
        return f"no answer to the login at {self.where} ({self.reason}): {hint}"


LinkFailure = Unreachable | Untrusted | LoginRefused | LoginUnanswered


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's answer to an action; headers keep Asterisk's spelling."""

    success: bool
    message: str
    headers: dict[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotSent:
    """No answer, so nobody knows whether the action was done. It is never sent again."""

    reason: str


async def open_link(access: Access, timing: Timing, on_event: OnEvent) -> Link | LinkFailure:
    """Connect and log in; on_event is called with each event of ami.events.WANTED and must only take it."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timing.connect):
            name = access.host if access.tls else None
            made = loop.create_connection(WireProtocol, access.host, access.port, ssl=access.tls, server_hostname=name)
            transport, protocol = await made
    except TimeoutError:
        return Unreachable(access.where, f"no answer in {timing.connect:g} s")
    except ssl.SSLCertVerificationError as error:
        return Untrusted(access.where, error.verify_message, certificate=True)
    except ssl.SSLError as error:
        return Untrusted(access.where, error.reason or str(error), certificate=False)
    except (OSError, UnicodeError) as error:
        return Unreachable(access.where, plainly(error))
    link = Link(transport, protocol, timing, on_event)
    try:
        failure = await link.login(access)
    except asyncio.CancelledError:
        link.close("given up")
        raise
    if failure:
        link.close("not logged in")
    return failure or link


def plainly(error: Exception) -> str:
    """Why no connection was made, in the system's words: no error number, and not the address once more."""
    if isinstance(error, OSError) and not isinstance(error, socket.gaierror) and error.errno:
        return os.strerror(error.errno)
    said = error.strerror if isinstance(error, OSError) else None
    return said or re.sub(r"\[Errno -?\d+\] ", "", str(error))


class Link:
    """A connection in use; `lost` is done, with the reason, when it is gone."""

    def __init__(self, transport: asyncio.Transport, protocol: WireProtocol, timing: Timing, on_event: OnEvent) -> None:
        self._protocol = protocol
        self._timing = timing
        self._manager = LinkManager(on_event)
        self._manager.adopt(transport, protocol)
        self.lost: asyncio.Future[str] = protocol.lost

    @property
    def heard_at(self) -> float:
        """When Asterisk last sent anything, seconds since the epoch."""
        heard: float = self._protocol.heard_at
        return heard

    @property
    def covered_at(self) -> float:
        """Until when nothing can be missing, seconds since the epoch: what Asterisk said by then has been read.

        What is read after the daemon was frozen is old, so it is Asterisk's own times that count, and pings.
        """
        covered: float = self._protocol.covered_at
        return covered

    @property
    def greeting(self) -> str:
        """The first line, e.g. 'Asterisk Call Manager/11.0.0'."""
        line: str = self._protocol.greeting
        return line.partition("\r\n")[0]

    async def login(self, access: Access) -> LinkFailure | None:
        """None when Asterisk has accepted the user."""
        action = {"Action": "Login", "Username": access.user, "Secret": access.secret}
        asked = time.time()
        reply = await self.ask(action | {"Events": "call,dtmf,user"}, self._timing.login)
        self._protocol.covered(asked)
        if isinstance(reply, NotSent):
            return LoginUnanswered(access.where, reply.reason, self._protocol.greeting)
        return None if reply.success else LoginRefused(access.where, access.user, reply.message)

    async def ask(self, headers: Headers, timeout: float | None = None) -> Reply | NotSent:  # noqa: ASYNC109
        """Send one action and await its answer (timing.answer seconds by default).

        Raises UnsafeHeaderError before anything is sent. An unanswered action is forgotten, never repeated.
        """
        found = await self.ask_all(headers, timeout)
        return found if isinstance(found, NotSent) else found[0]

    async def ask_for_list(self, headers: Headers, timeout: float | None = None) -> list[RawEvent] | Reply | NotSent:  # noqa: ASYNC109
        """Send an action whose answer is a list: its events; a Reply is a refusal."""
        answer = await self.ask_all(headers, timeout)
        if isinstance(answer, NotSent):
            return answer
        if not answer[0].success:
            return answer[0]
        return [one.headers for one in answer[1:] if not str(one.headers.get("Event", "")).endswith("Complete")]

    async def ask_all(self, headers: Headers, timeout: float | None = None) -> list[Reply] | NotSent:  # noqa: ASYNC109
        """The same, for an answer of many parts: the first one, each event of the list, and its end."""
        refuse_unsafe(headers)
        if self.lost.done():
            return NotSent(f"the connection is gone ({self.lost.result()})")
        limit = self._timing.answer if timeout is None else timeout
        future: asyncio.Future[Any] = self._manager.send_action(dict(headers))
        try:
            await asyncio.wait({future, self.lost}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._forget(future)
        if future.done():
            answer = future.result()
            return [_reply(one) for one in (answer if isinstance(answer, list) else [answer])]
        return NotSent(self.lost.result() if self.lost.done() else f"no answer in {limit:g} s")

    async def until_lost(self) -> str:
        """Test the link with pings; returns why it is gone. A link that does not answer is cut."""
        while not self.lost.done():
            await asyncio.wait({self.lost}, timeout=self._timing.ping_every)
            if not self.lost.done():
                await self._ping()
        return self.lost.result()

    async def _ping(self) -> None:
        sent = time.time()
        reply = await self.ask({"Action": "Ping"}, self._timing.ping_answer)
        if not isinstance(reply, NotSent):
            self._protocol.covered(sent)
        elif not self.lost.done():
            self.close(f"a ping had {reply.reason}")

    def close(self, reason: str) -> None:
        """Close now and for good; nothing reconnects."""
        self._protocol.abort(reason)
        self._manager.close()

    def _forget(self, future: asyncio.Future[Any]) -> None:
        pending = self._protocol.responses
        for key in [key for key, action in pending.items() if action.future is future]:
            del pending[key]


def _reply(answer: Any) -> Reply:
    return Reply(bool(answer.success), answer.get("message", ""), dict(answer))
