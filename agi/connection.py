"""One AGI session on a socket: bytes in, effects of the handler out, bounded in size and time.

Built on asyncio.Protocol: the outbound check is one command, and a stream per call costs as much as the check.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import TYPE_CHECKING

from agi.handlers import Effect, GetVariable, Handling, Outcome, SetVariable
from agi.protocol import (
    MAX_ENVIRONMENT,
    MAX_LINE,
    Environment,
    HungUp,
    ProtocolError,
    Reply,
    ReplyReader,
    Status,
    command,
    parse_environment,
)

if TYPE_CHECKING:
    from agi.server import Services

log = logging.getLogger("concierge.agi")


class Failed(Exception):
    """The session cannot go on; the text says why, for the log line."""


class Connection(asyncio.Protocol):
    """From accept to close. Every way of ending writes exactly one log line and closes the socket."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._started = time.perf_counter()
        self._buffer = bytearray()
        self._environment: Environment | None = None
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = ""
        self._task: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    # ---- what the event loop tells us

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client; it has `header_timeout` seconds to say what it wants."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        self._services.opened(self)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._services.limits.header_timeout, self._too_late, "no AGI header")

    def data_received(self, data: bytes) -> None:
        """Bytes of the environment, then of replies."""
        if self._ended:
            return
        self._buffer += data
        try:
            if self._environment is None:
                self._take_environment()
            else:
                self._take_replies()
        except ProtocolError as error:
            self._end(str(error))

    def eof_received(self) -> bool:
        """Asterisk never half-closes: the end of its bytes is the end of the session."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The last event of every connection."""
        if self._environment is None and not self._ended:
            self._refuse(f"closed after {len(self._buffer)} bytes, no AGI header")
        self._end("the connection is gone" if exc is None else f"the connection broke: {exc}")
        if self._deadline is not None:
            self._deadline.cancel()
        self._services.closed(self)

    # ---- the environment

    def _take_environment(self) -> None:
        end = self._buffer.find(b"\n\n")
        if end < 0 and self._buffer != b"\n":
            if len(self._buffer) > MAX_ENVIRONMENT:
                self._refuse(f"an AGI header of more than {MAX_ENVIRONMENT} bytes")
            return
        raw = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 2]
        try:
            self._environment = parse_environment(raw)
        except ProtocolError as error:
            self._refuse(str(error))
            return
        self._begin(self._environment)

    def _begin(self, environment: Environment) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._services.limits.session_timeout, self._too_late, "session too long")
        handler = self._services.handler(environment.path)
        if handler is None:
            self._finish(Outcome("unknown-path", {"reason": "404", "path": environment.path[:80]}))
            return
        self._task = loop.create_task(self._serve(handler(environment)))

    async def _serve(self, handling: Handling) -> None:
        """The per-call boundary: whatever happens in a handler, the daemon lives and the line is written."""
        try:
            outcome = await self._drive(handling)
        except (Failed, ProtocolError) as error:
            outcome = Outcome("broken-off", {"reason": str(error)})
        except asyncio.CancelledError:
            self._finish(Outcome("broken-off", {"reason": "shutting down"}))
            raise
        except Exception:
            log.exception("decision=error path=%s", self._path())
            outcome = Outcome("error", {"reason": "internal"})
        self._finish(outcome)

    async def _drive(self, handling: Handling) -> Outcome:
        result: object = None
        try:
            effect = next(handling)
            while True:
                result = self._services.at_once(effect)
                if result is None:
                    result = await self._perform(effect)
                effect = handling.send(result)
        except StopIteration as done:
            outcome: Outcome = done.value
            return outcome

    async def _perform(self, effect: Effect) -> object:
        match effect:
            case SetVariable(name, value):
                await self._command("SET VARIABLE", name, value)
                return None
            case GetVariable(name):
                reply = await self._command("GET VARIABLE", name)
                return reply.value if reply.result == "1" else ""
            case _:
                return await self._services.perform(effect)

    # ---- commands and replies

    async def _command(self, name: str, *words: str) -> Reply:
        line = command(name, *words)
        if self._ended or self._transport is None:
            raise Failed(self._ended or "not connected")
        self._transport.write(line)
        while not self._replies:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
            if self._ended and not self._replies:
                raise Failed(self._ended)
        reply = self._replies.popleft()
        if reply.status is not Status.DONE:
            raise Failed(f"{name} {words[0]} was answered {reply.code} {reply.result}".rstrip())
        return reply

    def _take_replies(self) -> None:
        *lines, rest = self._buffer.split(b"\n")
        if len(rest) > 32 * MAX_LINE:
            raise ProtocolError("an AGI reply without an end")
        self._buffer = bytearray(rest)
        for line in lines:
            reply = self._reader.feed(bytes(line))
            if reply is not None:
                self._replies.append(reply)
        if len(self._replies) > 1:
            raise ProtocolError("more AGI replies than commands")
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ---- endings

    def _too_late(self, what: str) -> None:
        if self._environment is None:
            self._refuse(f"{what} in {self._services.limits.header_timeout:g} s")
        else:
            self._end(f"{what}: {self._services.limits.session_timeout:g} s")
            if self._transport is not None:
                self._transport.abort()

    def _refuse(self, why: str) -> None:
        """Not a call: nothing was asked, nothing is answered."""
        if not self._ended:
            self._ended = why
            self._services.log_line("not-agi", {"reason": why, "peer": self._peer()}, self._milliseconds())
        if self._transport is not None:
            self._transport.abort()

    def _end(self, why: str) -> None:
        if not self._ended:
            self._ended = why
        self._wake()

    def _finish(self, outcome: Outcome) -> None:
        environment = self._environment or Environment({})
        fields = {**outcome.fields, "uniqueid": environment.get("uniqueid"), "channel": environment.get("channel")}
        self._services.log_line(outcome.decision, fields, self._milliseconds())
        if self._transport is not None:
            self._transport.close()

    def _milliseconds(self) -> float:
        return (time.perf_counter() - self._started) * 1000

    def _peer(self) -> str:
        name = self._transport.get_extra_info("peername") if self._transport is not None else None
        return str(name[0]) if name else ""

    def _path(self) -> str:
        return self._environment.path[:80] if self._environment else ""

    def abort(self) -> None:
        """Drop the session now (the drain took too long)."""
        self._end("shutting down")
        if self._transport is not None:
            self._transport.abort()

    @property
    def hung_up(self) -> HungUp | None:
        """Has Asterisk said that the channel is gone?"""
        return HungUp() if self._reader.hung_up else None
