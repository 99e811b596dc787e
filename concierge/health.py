"""`/healthz` and `/metrics` of the daemon, for service monitors: two pages, no tokens, nothing about any number."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from concierge.errors import UserError
from concierge.settings import MetricsSettings
from concierge.vitals import Vitals, ailments, exposition

log = logging.getLogger("concierge")

_PATIENCE = 5.0  # seconds for a request
_LONGEST = 8_192  # bytes of a request
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    """`start`, then `stop`. `figures`: the service figures of the last day as Prometheus wants them."""

    def __init__(
        self, settings: MetricsSettings, vitals: Callable[[], Vitals], figures: Callable[[], Awaitable[str]]
    ) -> None:
        self._settings = settings
        self._vitals = vitals
        self._figures = figures
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens; the one of the settings before it does."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else self._settings.port

    async def start(self) -> None:
        """Open the port. Raises UserError."""
        host, port = self._settings.host, self._settings.port
        try:
            self._server = await asyncio.start_server(self._serve, host, port, limit=_LONGEST)
        except OSError as error:
            raise UserError(f"metrics.port: {host}:{port}: {error.strerror}; set metrics.port to a free one") from error
        log.info("listening=metrics host=%s port=%d", host, self.port)

    async def stop(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await self.answer(head.split(b"\r\n", 1)[0].decode("latin-1")))
                await writer.drain()
        writer.close()

    async def answer(self, request: str) -> bytes:
        """The response to a request line, such as `GET /metrics HTTP/1.1`."""
        method, _, rest = request.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if method not in ("GET", "HEAD"):
            return _response(405, "GET only\n", method)
        if path == "/healthz":
            wrong = ailments(self._vitals())
            return _response(503 if wrong else 200, "\n".join(wrong or ["ok"]) + "\n", method)
        if path == "/metrics":
            return _response(200, exposition(self._vitals()) + await self._figures(), method)
        return _response(404, "there are /healthz and /metrics\n", method)


_WORDS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


def _response(status: int, text: str, method: str) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status} {_WORDS[status]}\r\nContent-Type: {_TEXT}\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if method == "HEAD" else body)
