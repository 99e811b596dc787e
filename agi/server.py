"""The FastAGI server: accepts, routes, writes one canonical log line a call, drains.

Loopback by default; another address needs an allow-list of peers. Not on 4573, where FreePBX has its own server.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass

from agi.connection import SHORTEST_HEADER, Connection
from agi.handlers import Ask, ByHand, CallBack, Effect, Ended, Handler, OptOut, Outcome
from agi.log_line import line, without_numbers
from agi.protocol import Environment
from models.contact import Answer, Question

log = logging.getLogger("concierge.agi")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and counts that bound one session and all of them."""

    header_timeout: float = 2.0
    session_timeout: float = 10.0
    sessions: int = 500
    backlog: int = 512


@dataclass(frozen=True, slots=True)
class Ports:
    """What the handlers' effects need: the gate's two ways to answer, and the recorder of opt-outs."""

    ask_now: Callable[[Question], Answer | None]
    ask: Callable[[Question], Awaitable[Answer]]
    opt_out: Callable[[OptOut | ByHand | CallBack], Coroutine[None, None, bool | None]]
    ended: Callable[[Ended], Coroutine[None, None, bool | None]] | None = None


_SWEEP = 0.05  # seconds between looks at the deadlines
_UNTOLD = 1000  # lines that may wait


class Services:
    """What every connection shares."""

    def __init__(self, handlers: Mapping[str, Handler], ports: Ports, limits: Limits) -> None:
        self._handlers = handlers
        self._ports = ports
        self.limits = limits
        self.connections: set[Connection] = set()
        self.idle = asyncio.Event()
        self.idle.set()
        self.served = 0
        self._recordings: set[asyncio.Task[bool | None]] = set()
        self._untold: list[tuple[Outcome, Environment, float, Exception | None]] = []
        self._sweep: asyncio.TimerHandle | None = None

    def handler(self, path: str) -> Handler | None:
        """The handler of a path without its slash."""
        return self._handlers.get(path)

    def at_once(self, effect: Effect) -> object:
        """The result of an effect that needs no waiting; None when it does."""
        return self._ports.ask_now(effect.question) if isinstance(effect, Ask) else None

    async def perform(self, effect: Effect) -> object:
        """The result of an effect that is none of AGI's."""
        if isinstance(effect, Ask):
            return await self._ports.ask(effect.question)
        if isinstance(effect, OptOut | ByHand | CallBack):
            return await self._to_the_end(self._ports.opt_out(effect))
        if isinstance(effect, Ended) and self._ports.ended is not None:
            return await self._to_the_end(self._ports.ended(effect))
        raise TypeError(f"no way to perform {effect!r}")

    def _to_the_end(self, recording: Coroutine[None, None, bool | None]) -> asyncio.Future[bool | None]:
        """A key that was pressed is recorded even when its session is dropped meanwhile."""
        task = asyncio.get_running_loop().create_task(recording)
        self._recordings.add(task)
        task.add_done_callback(self._recordings.discard)
        return asyncio.shield(task)

    def opened(self, connection: Connection) -> None:
        """A client has connected; one too many is dropped, which the dialplan takes as a refusal."""
        self.connections.add(connection)
        self.idle.clear()
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(_SWEEP, self._end_the_late)
        if len(self.connections) > self.limits.sessions:
            log.error("decision=overload sessions=%d", len(self.connections))
            connection.abort("too many sessions")

    def closed(self, connection: Connection) -> None:
        """A client is gone, and what it had asked for is done."""
        self.connections.discard(connection)
        if not self.connections:
            self.tell()
            self.idle.set()

    def _end_the_late(self) -> None:
        """One timer for all sessions: two for each cost as much as the look at the list."""
        self.tell()
        now = time.perf_counter()
        for connection in list(self.connections):
            if connection.deadline <= now:
                connection.too_late()
            else:
                connection.hear_all()
        again = bool(self.connections)
        self._sweep = asyncio.get_running_loop().call_later(_SWEEP, self._end_the_late) if again else None

    def log_call(
        self, outcome: Outcome, environment: Environment | None, milliseconds: float, error: Exception | None = None
    ) -> None:
        """The canonical line of a call: everything the decision used. An `error` brings its traceback.

        Under load the lines of ordinary calls are written together, at most a twentieth of a second later.
        """
        self.served += 1
        self._untold.append((outcome, environment or Environment({}), milliseconds, error))
        if outcome.decision in _LEVELS or len(self._untold) >= _UNTOLD:
            self.tell()

    def tell(self) -> None:
        """Write the lines that wait."""
        untold, self._untold = self._untold, []
        for outcome, environment, milliseconds, error in untold:
            call = {"uniqueid": environment.get("uniqueid"), "channel": without_numbers(environment.get("channel"))}
            self.log_line(outcome.decision, {**outcome.fields, **call}, milliseconds, error)

    def log_line(
        self, decision: str, fields: Mapping[str, object], milliseconds: float, error: Exception | None = None
    ) -> None:
        """A line at once."""
        level = _LEVELS.get(decision, logging.INFO)
        if log.isEnabledFor(level):
            log.log(level, "%s", line(decision, fields, milliseconds), exc_info=error)


_LEVELS = {
    "not-agi": logging.WARNING,
    "broken-off": logging.WARNING,
    "unknown-path": logging.WARNING,
    "error": logging.ERROR,
}


_GRACE = 1.0  # seconds for a dropped session to write its log line


class Server:
    """Listens on one address. `start`, then `drain`."""

    def __init__(self, services: Services, host: str, port: int, allow: tuple[Network, ...] = ()) -> None:
        self._services = services
        self._host, self._port = host, port
        self._allow = allow
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on (useful when 0 was asked for)."""
        if self._server is None:
            return self._port
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Begin to listen. Raises OSError when the address cannot be had."""
        self._server = await asyncio.get_running_loop().create_server(
            self._accept, self._host, self._port, backlog=self._services.limits.backlog
        )
        for listening in self._server.sockets:  # each connection inherits it
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, SHORTEST_HEADER)

    async def drain(self, seconds: float = 5.0) -> None:
        """Stop listening, let the calls that are being answered finish, then drop what is left."""
        if self._server is not None:
            self._server.close()
        await self._until_idle(seconds)
        for connection in list(self._services.connections):
            connection.abort("shutting down")
        await self._until_idle(_GRACE)
        if self._server is not None:
            await self._server.wait_closed()

    async def _until_idle(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._services.idle.wait()

    def _accept(self) -> asyncio.Protocol:
        return Guarded(self._services, self._allow) if self._allow else Connection(self._services)


class Guarded(Connection):
    """A connection that is dropped unless its peer is on the allow-list."""

    __slots__ = ("_allow",)

    def __init__(self, services: Services, allow: tuple[Network, ...]) -> None:
        super().__init__(services)
        self._allow = allow

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look at the peer first."""
        super().connection_made(transport)
        if not self._allowed(self._peer().partition("%")[0]):
            self._refuse("peer is not on agi.allow")

    def _allowed(self, peer: str) -> bool:
        return bool(peer) and any(ipaddress.ip_address(peer) in network for network in self._allow)
