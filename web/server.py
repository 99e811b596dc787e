"""uvicorn in the event loop that answers the telephones: bounded connections, no signals of its own, a drain."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from web.guard import Asgi, Limits

log = logging.getLogger("concierge.web")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LONGEST_HEAD = 16_384  # bytes of request line and headers
_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, and who may connect (nobody named: everybody who reaches the address)."""

    host: str = "127.0.0.1"
    port: int = 0
    allow: tuple[Network, ...] = ()


class _Config(uvicorn.Config):
    """What every connection shares."""

    def __init__(self, app: Asgi, address: Address, limits: Limits) -> None:
        super().__init__(
            app,
            http=_Connection,
            ws="none",
            lifespan="off",
            loop="none",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            headers=[("Connection", "close"), ("Cache-Control", "no-store")],
            h11_max_incomplete_event_size=_LONGEST_HEAD,
            timeout_graceful_shutdown=5,
        )
        self.allow, self.limits = address.allow, limits


class _Connection(H11Protocol):
    """One request, whose head must come within `patience`; strangers and one too many are dropped unread."""

    config: _Config

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Look at the peer first."""
        super().connection_made(transport)
        self._patience = self.loop.call_later(self.config.limits.patience, self._too_slow)
        if not self._allowed():
            log.warning("connection=refused peer=%s why=not on web.allow", self._host())
            transport.abort()
        elif len(self.connections) > self.config.limits.connections:
            log.error("connection=overload connections=%d", len(self.connections))
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing to wait for any more."""
        self._patience.cancel()
        super().connection_lost(exc)

    def _host(self) -> str:
        return self.client[0] if self.client else ""

    def _allowed(self) -> bool:
        host = self._host().partition("%")[0]
        return not self.config.allow or any(host and ipaddress.ip_address(host) in net for net in self.config.allow)

    def _too_slow(self) -> None:
        if self.cycle is None:
            self.transport.close()


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the service."""
        yield


class Server:
    """`start`, then `drain`."""

    def __init__(self, app: Asgi, address: Address, limits: Limits) -> None:
        self._address = address
        config = _Config(app, address, limits)
        config.load()
        self._uvicorn = _Uvicorn(config)
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._socket.getsockname()[1]) if self._socket is not None else self._address.port

    async def start(self) -> None:
        """Begin to listen. Raises OSError when the address cannot be had."""
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        [(family, _, _, _, where), *_] = await asyncio.get_running_loop().getaddrinfo(
            self._address.host, self._address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        self._socket = _listening(family, where)
        self._task = asyncio.create_task(self._uvicorn.serve([self._socket]), name="web")
        self._task.add_done_callback(_ended)

    async def drain(self, seconds: float = 5.0) -> None:
        """Stop listening, let the requests that are being answered finish, then drop what is left."""
        if self._task is None:
            return
        self._uvicorn.config.timeout_graceful_shutdown = max(1, round(seconds))
        self._uvicorn.should_exit = True
        await asyncio.gather(self._task, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()


def _ended(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("web=stopped why=our bug", exc_info=error)


def _listening(family: int, where: Any) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(where)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening
