"""One AGI session on a socket: bytes in, effects of the handler out, bounded in size and time.

Built on asyncio.Protocol: the outbound check is one command, and a stream per call costs as much as the check.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from agi.handlers import Effect, GetVariable, Handler, Handling, Outcome, SetVariable
from agi.log_line import without_numbers
from agi.protocol import (
    MAX_ENVIRONMENT,
    MAX_REPLY,
    Environment,
    ProtocolError,
    Reply,
    ReplyReader,
    Status,
    command,
    parse_environment,
)

if TYPE_CHECKING:
    from agi.server import Services


# Asterisk writes its header line by line and it is never shorter: one wake-up for the most of it instead of many. Who
# says less is heard by the next sweep.
SHORTEST_HEADER = 384


class Failed(Exception):
    """The session cannot go on; the text says why, for the log line."""


class Connection(asyncio.Protocol):
    """From accept to close. Every way of ending writes exactly one log line and closes the socket."""

    __slots__ = (
        "_asked",
        "_buffer",
        "_ended",
        "_environment",
        "_handling",
        "_hears_all",
        "_lost",
        "_reader",
        "_services",
        "_started",
        "_task",
        "_transport",
        "deadline",
    )

    def __init__(self, services: Services) -> None:
        self._services = services
        self._started = time.perf_counter()
        self._buffer = bytearray()
        self._environment: Environment | None = None
        self._handling: Handling | None = None
        self._reader = ReplyReader()
        self._asked: SetVariable | GetVariable | None = None
        self._ended = ""
        self._lost = False
        self._hears_all = False
        self._task: asyncio.Task[None] | None = None
        self.deadline = self._started + services.limits.header_timeout
        self._transport: asyncio.Transport | None = None

    # ---- what the event loop tells us

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client; it has `header_timeout` seconds to say what it wants."""
        transport = cast(asyncio.Transport, transport)
        self._transport = transport
        self._services.opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of the environment, then of replies."""
        if self._ended:
            return
        self._buffer += data
        if not self._hears_all:
            self.hear_all()
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
        """The last event of every connection; a handler may still be waiting for the store."""
        self._lost = True
        if self._environment is None:
            self._refuse(f"closed after {len(self._buffer)} bytes, no AGI header")
        self._end("the connection is gone" if exc is None else f"the connection broke: {exc}")
        self._leave()

    def hear_all(self) -> None:
        """From now on each byte counts."""
        if not self._hears_all and self._transport is not None:
            self._hears_all = True
            with contextlib.suppress(OSError):  # closed meanwhile
                connected = self._transport.get_extra_info("socket")
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)

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

    def _begin(self, environment: Environment) -> None:
        self.deadline = time.perf_counter() + self._services.limits.session_timeout
        handler = self._services.handler(environment.path)
        if handler is None:
            self._finish(Outcome("unknown-path", {"reason": "404", "path": without_numbers(environment.path)}))
        elif self._buffer:
            self._finish(Outcome("broken-off", {"reason": "more AGI replies than commands: bytes behind the header"}))
        else:
            self._within_bounds(self._start, handler, environment)

    # ---- the handler

    def _within_bounds(self, step: Callable[..., None], *arguments: object) -> None:
        """The per-call boundary: whatever happens in a handler, the daemon lives and the line is written."""
        try:
            step(*arguments)
        except StopIteration as done:
            self._finish(done.value)
        except (Failed, ProtocolError) as error:
            self._finish(Outcome("broken-off", {"reason": str(error)}))
        except Exception as error:  # noqa: BLE001 - logged with its traceback
            self._finish(Outcome("error", {"reason": "internal", "path": self._path()}), error)

    def _start(self, handler: Handler, environment: Environment) -> None:
        self._handling = handler(environment)
        self._advance(None)

    def _advance(self, result: object) -> None:
        """Drive the handler until it waits for Asterisk or for the store. No task unless it waits for the store."""
        if self._handling is None:
            return
        effect = self._handling.send(result)
        while (result := self._services.at_once(effect)) is not None:
            effect = self._handling.send(result)
        match effect:
            case SetVariable(name, value):
                self._command(effect, command("SET VARIABLE", name, value))
            case GetVariable(name):
                self._command(effect, command("GET VARIABLE", name))
            case _:
                self._task = asyncio.get_running_loop().create_task(self._perform(effect))

    async def _perform(self, effect: Effect) -> None:
        try:
            result = await self._services.perform(effect)
        except asyncio.CancelledError:
            self._finish(Outcome("broken-off", {"reason": self._ended or "shutting down"}))
            raise
        except Exception as error:  # noqa: BLE001 - the same boundary, behind the wait
            self._finish(Outcome("error", {"reason": "internal", "path": self._path()}), error)
            return
        self._task = None
        self._within_bounds(self._advance, result)

    # ---- commands and replies

    def _command(self, effect: SetVariable | GetVariable, line: bytes) -> None:
        if self._ended or self._transport is None:
            raise Failed(self._ended or "not connected")
        self._asked = effect
        self._transport.write(line)

    def _take_replies(self) -> None:
        *lines, rest = self._buffer.split(b"\n")
        if len(rest) > MAX_REPLY:
            raise ProtocolError("an AGI reply without an end")
        self._buffer = bytearray(rest)
        found: Reply | None = None
        for line in lines:
            reply = self._reader.feed(bytes(line))
            if reply is None:
                continue
            if self._asked is None or found is not None:
                raise ProtocolError("more AGI replies than commands")
            found = reply
        if found is not None:
            self._within_bounds(self._answered, found)

    def _answered(self, reply: Reply) -> None:
        asked, self._asked = self._asked, None
        if asked is None:
            return
        if reply.status is not Status.DONE:
            verb = "SET" if isinstance(asked, SetVariable) else "GET"
            raise Failed(f"{verb} VARIABLE {asked.name} was answered {reply.code} {reply.result}".rstrip())
        self._advance(None if isinstance(asked, SetVariable) else reply.value if reply.result == "1" else "")

    # ---- endings

    def too_late(self) -> None:
        """The deadline is over: of the header, then of the session."""
        self.deadline = math.inf
        if self._environment is None:
            self._refuse(f"no AGI header in {self._services.limits.header_timeout:g} s")
        else:
            self.abort(f"session too long: {self._services.limits.session_timeout:g} s")

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
        if self._asked is not None:
            self._finish(Outcome("broken-off", {"reason": self._ended}))

    def _finish(self, outcome: Outcome, error: Exception | None = None) -> None:
        """The one log line of a call, and the end of its handler."""
        self._services.log_call(outcome, self._environment, self._milliseconds(), error)
        self._handling = self._asked = self._task = None
        if not self._ended:
            self._ended = "answered"
        if self._transport is not None:
            self._transport.close()
        self._leave()

    def _leave(self) -> None:
        """Both ends are done: the client is gone and the handler has returned."""
        if self._lost and self._handling is None:
            self._services.closed(self)

    def _milliseconds(self) -> float:
        return (time.perf_counter() - self._started) * 1000

    def _path(self) -> str:
        return self._environment.path if self._environment is not None else ""

    def _peer(self) -> str:
        name = self._transport.get_extra_info("peername") if self._transport is not None else None
        return str(name[0]) if name else ""

    def abort(self, why: str) -> None:
        """Drop the session now."""
        self._end(why)
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()


def _may_become_agi(start: bytearray) -> bool:
    """Do these first bytes look like the beginning of an AGI header? A web browser is not kept waiting."""
    return start.startswith(b"agi_") if len(start) >= 4 else b"agi_".startswith(start)
