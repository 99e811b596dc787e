"""One AGI session on a socket: bytes in, effects of the handler out, bounded in size and time.

Built on asyncio.Protocol: the outbound check is one command, and a stream per call costs as much as the check.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from agi.handlers import Effect, GetVariable, Handler, Handling, Outcome, SetVariable
from agi.log_line import without_numbers
from agi.protocol import (
    MAX_ENVIRONMENT,
    MAX_REPLY,
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
        self._asked = False
        self._reply: Reply | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._ended = ""
        self._lost = False
        self._working = False
        self._performing = False
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
            self._reply = None
            self._end(str(error))

    def eof_received(self) -> bool:
        """Asterisk never half-closes: the end of its bytes is the end of the session."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The last event of every connection; a handler may still be waiting for the store."""
        self._lost = True
        if self._environment is None:
            self._refuse(f"closed after {len(self._buffer)} bytes, no AGI header")
        self._end("the connection is gone" if exc is None else f"the connection broke: {exc}")
        self._leave()

    # ---- the environment

    def _take_environment(self) -> None:
        if not _may_become_agi(self._buffer):
            self._refuse(f"not an AGI header: {bytes(self._buffer[:60])!r}")
            return
        end = self._buffer.find(b"\n\n")
        if end > MAX_ENVIRONMENT or (end < 0 and len(self._buffer) > MAX_ENVIRONMENT):
            self._refuse(f"an AGI header of more than {MAX_ENVIRONMENT} bytes")
            return
        if end < 0:
            return
        raw = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        try:
            self._environment = parse_environment(raw)
        except ProtocolError as error:
            self._refuse(str(error))
            return
        self._begin(self._environment)
        if self._buffer:
            self._take_replies()

    def _begin(self, environment: Environment) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._services.limits.session_timeout, self._too_late, "session too long")
        self._working = True
        handler = self._services.handler(environment.path)
        if handler is None:
            self._finish(Outcome("unknown-path", {"reason": "404", "path": without_numbers(environment.path)}))
            return
        self._task = loop.create_task(self._serve(handler, environment))

    async def _serve(self, handler: Handler, environment: Environment) -> None:
        """The per-call boundary: whatever happens in a handler, the daemon lives and the line is written."""
        try:
            self._finish(await self._drive(handler(environment)))
        except (Failed, ProtocolError) as error:
            self._finish(Outcome("broken-off", {"reason": str(error)}))
        except asyncio.CancelledError:
            self._finish(Outcome("broken-off", {"reason": self._ended or "shutting down"}))
            raise
        except Exception as error:  # noqa: BLE001 - logged with its traceback
            self._finish(Outcome("error", {"reason": "internal", "path": environment.path}), error)

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
                self._performing = True
                try:
                    return await self._services.perform(effect)
                finally:
                    self._performing = False

    # ---- commands and replies

    async def _command(self, name: str, *words: str) -> Reply:
        line = command(name, *words)
        if self._ended or self._transport is None:
            raise Failed(self._ended or "not connected")
        self._asked = True
        self._transport.write(line)
        while self._reply is None:
            if self._ended:
                raise Failed(self._ended)
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        reply, self._reply = self._reply, None
        if reply.status is not Status.DONE:
            raise Failed(f"{name} {words[0]} was answered {reply.code} {reply.result}".rstrip())
        return reply

    def _take_replies(self) -> None:
        *lines, rest = self._buffer.split(b"\n")
        if len(rest) > MAX_REPLY:
            raise ProtocolError("an AGI reply without an end")
        self._buffer = bytearray(rest)
        for line in lines:
            reply = self._reader.feed(bytes(line))
            if reply is None:
                continue
            if not self._asked:
                raise ProtocolError("more AGI replies than commands")
            self._asked, self._reply = False, reply
        if self._reply is not None:
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ---- endings

    def _too_late(self, what: str) -> None:
        if self._environment is None:
            self._refuse(f"{what} in {self._services.limits.header_timeout:g} s")
        else:
            self.abort(f"{what}: {self._services.limits.session_timeout:g} s")

    def _refuse(self, why: str) -> None:
        """Not a call: nothing was asked, nothing is answered."""
        if not self._ended:
            self._ended = why
            self._services.log_line(
                "not-agi", {"reason": without_numbers(why), "peer": self._peer()}, self._milliseconds()
            )
        if self._transport is not None:
            self._transport.abort()

    def _end(self, why: str) -> None:
        if not self._ended:
            self._ended = why
        self._wake()

    def _finish(self, outcome: Outcome, error: Exception | None = None) -> None:
        environment = self._environment or Environment({})
        call = {"uniqueid": environment.get("uniqueid"), "channel": without_numbers(environment.get("channel"))}
        self._services.log_line(outcome.decision, {**outcome.fields, **call}, self._milliseconds(), error)
        self._working = False
        if self._transport is not None:
            self._transport.close()
        self._leave()

    def _leave(self) -> None:
        """Both ends are done: the client is gone and the handler has returned."""
        if self._lost and not self._working:
            if self._deadline is not None:
                self._deadline.cancel()
            self._services.closed(self)

    def _milliseconds(self) -> float:
        return (time.perf_counter() - self._started) * 1000

    def _peer(self) -> str:
        name = self._transport.get_extra_info("peername") if self._transport is not None else None
        return str(name[0]) if name else ""

    def abort(self, why: str) -> None:
        """Drop the session now."""
        self._end(why)
        if self._performing and self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()

    @property
    def hung_up(self) -> HungUp | None:
        """Has Asterisk said that the channel is gone?"""
        return HungUp() if self._reader.hung_up else None


def _may_become_agi(start: bytearray) -> bool:
    """Do these first bytes look like the beginning of an AGI header? A web browser is not kept waiting."""
    return start.startswith(b"agi_") if len(start) >= 4 else b"agi_".startswith(start)
