"""In front of every request: how many at once, whose token, how often, how large, how slow; and the access log.

All of it comes before anything is parsed, so that a stranger costs next to nothing.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from models.number import without_numbers
from web.bucket import Bucket
from web.problem import Refused
from web.tokens import Holder, Scope, TokenError

log = logging.getLogger("concierge.web")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]

OPEN_PATHS = ("/openapi.json",)
_PERSON = "/v1/persons/"
_PATHS = (
    *("/v1/entries", "/v1/removals", "/v1/check", "/v1/callbacks", "/v1/consents", "/v1/withdrawals", "/v1/complaints"),
    *OPEN_PATHS,
)
_ONE = ("/v1/entries/", _PERSON, "/v1/consents/")
_DEEDS = re.compile(r"/v1/(?:callbacks|complaints)/[0-9a-f-]{1,36}/(claim|release|done|answer)")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Limits:
    """`rate` and `burst`: requests a second, and at once, of one token; `requests`: being answered at once;
    `body`: bytes; `patience`: seconds for a client to send its request."""

    rate: float = 20.0
    burst: int = 40
    requests: int = 20
    connections: int = 100
    body: int = 65_536
    patience: float = 5.0


@dataclass(slots=True)
class Seen:
    """What the access line says; the endpoint adds what was asked about, masked."""

    token: str = "-"  # noqa: S105 - the name of one
    status: int = 0
    about: dict[str, object] = field(default_factory=dict)


class Guard:
    """An ASGI application around another."""

    def __init__(
        self,
        app: Asgi,
        find: Callable[[bytes], Holder | None],
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`find`: whose token these bytes are; may raise TokenError."""
        self._app, self._find, self._limits, self._clock = app, find, limits, clock
        self._buckets: dict[str, Bucket] = {}
        self._running = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        began, seen = time.perf_counter(), Seen()
        scope["seen"] = seen

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
            await send(message)

        self._running += 1
        try:
            await self._answer(scope, receive, counted, seen)
        finally:
            self._running -= 1
            _tell(scope, seen, (time.perf_counter() - began) * 1000)

    async def _answer(self, scope: Message, receive: Receive, send: Send, seen: Seen) -> None:
        try:
            self._let_in(scope, seen)
            body = await self._body(scope, receive)
        except Refused as refused:
            await refused.response()(scope, receive, send)
            return
        try:
            await self._app(scope, _again(body, receive), send)
        except Exception:  # noqa: BLE001 - the boundary of a request; the client has been told
            log.error("request=failed why=our bug\n%s", without_numbers(traceback.format_exc()))

    def _let_in(self, scope: Message, seen: Seen) -> None:
        """Raises Refused."""
        if self._running > self._limits.requests:
            raise Refused(503, "busy", "too many requests at once; ask again", headers={"Retry-After": "1"})
        if scope["path"] in OPEN_PATHS:
            return
        holder = self._holder(scope)
        seen.token = holder.name
        scope["holder"] = holder
        self._within_rate(holder)
        if scope["method"] not in _READING and holder.scope is not Scope.WRITE:
            challenge = {"WWW-Authenticate": 'Bearer realm="concierge", error="insufficient_scope", scope="write"'}
            raise Refused(403, "scope", "this token may only read; make one with --scope write", headers=challenge)
        if scope["path"].startswith(_PERSON) and holder.scope is not Scope.PERSON:
            challenge = {"WWW-Authenticate": 'Bearer realm="concierge", error="insufficient_scope", scope="person"'}
            raise Refused(403, "scope", "this takes a token that was made with --scope person", headers=challenge)

    def _holder(self, scope: Message) -> Holder:
        kind, _, token = _header(scope, b"authorization").partition(b" ")
        if kind.lower() != b"bearer" or not token.strip():
            detail = "send Authorization: Bearer TOKEN; `concierge token add NAME` makes one"
            raise Refused(401, "token-missing", detail, headers={"WWW-Authenticate": 'Bearer realm="concierge"'})
        try:
            holder = self._find(token.strip())
        except TokenError as error:
            log.error("tokens=unavailable why=%s", error)
            raise Refused(503, "tokens-unavailable", "see the log of the service") from error
        if holder is None:
            challenge = {"WWW-Authenticate": 'Bearer realm="concierge", error="invalid_token"'}
            raise Refused(401, "token-unknown", "no such token; was it removed?", headers=challenge)
        return holder

    def _within_rate(self, holder: Holder) -> None:
        now = self._clock()
        bucket = self._buckets.setdefault(holder.name, Bucket(self._limits.rate, self._limits.burst, now))
        wait = bucket.take(now)
        if wait:
            detail = f"more than {self._limits.rate:g} requests a second of this token; see Retry-After"
            raise Refused(429, "rate", detail, headers={"Retry-After": str(ceil(wait))})

    async def _body(self, scope: Message, receive: Receive) -> bytes:
        """The whole of it, within bounds. Raises Refused."""
        length = _header(scope, b"content-length")
        if length.isdigit() and int(length[:20]) > self._limits.body:
            raise self._too_large()
        try:
            async with asyncio.timeout(self._limits.patience):
                return await self._read(receive)
        except TimeoutError:
            raise Refused(408, "too-slow", "the body did not come in time") from None

    async def _read(self, receive: Receive) -> bytes:
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refused(400, "broken-off", "the client has gone before its request was complete")
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._limits.body:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> Refused:
        return Refused(413, "too-large", f"the body may have {self._limits.body} bytes")


def _again(body: bytes, receive: Receive) -> Receive:
    """What was read, then what comes later."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def from_memory() -> Message:
        return waiting.pop() if waiting else await receive()

    return from_memory


def _header(scope: Message, name: bytes) -> bytes:
    found: bytes = next((value for key, value in scope["headers"] if key == name), b"")
    return found


def _template(path: str) -> str:
    """The path without what a client has put into it."""
    for head in _ONE:
        if path.startswith(head):
            return head + "{number}"
    if (deed := _DEEDS.fullmatch(path)) is not None:
        return f"/v1/{path.split('/')[2]}/{{id}}/{deed[1]}"
    return path if path in _PATHS else "-"


def _tell(scope: Message, seen: Seen, milliseconds: float) -> None:
    """Who, what, when. Nothing that a client has written is in it but names that were checked."""
    method = scope["method"] if scope["method"] in _METHODS else "-"
    peer = scope["client"][0] if scope.get("client") else "-"
    about = "".join(f" {name}={value}" for name, value in seen.about.items() if value not in ("", None))
    log.info(
        "request=%s path=%s status=%d token=%s peer=%s%s ms=%.1f",
        *(method, _template(scope["path"]), seen.status, seen.token, peer, about, milliseconds),
    )
