"""The HTTP endpoint, when there is one: is it installed, who may use it, does it answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

from concierge.doctor.finding import Finding, failed, ok, warning
from concierge.settings import Settings, WebSettings
from concierge.wiring import token_path
from web.tokens import TokenError, TokenFile

_SECONDS = 3.0


async def check_web(settings: Settings, path: Path) -> AsyncIterator[Finding]:
    """Nothing when web.port is not set. `path`: the list of the settings."""
    if not settings.web.port:
        return
    missing = [name for name in ("fastapi", "uvicorn") if find_spec(name) is None]
    if missing:
        remedy = "pip install 'asterisk-concierge[web]'; until then `concierge serve` does not start"
        yield failed("http endpoint", f"{' and '.join(missing)} not installed", remedy)
        return
    yield _tokens(TokenFile(token_path(settings, path)))
    yield await _answers(settings.web)


def _tokens(file: TokenFile) -> Finding:
    try:
        tokens = file.all()
    except TokenError as error:
        return failed("http tokens", str(error), "until then every request is refused")
    if not tokens:
        return warning("http tokens", f"none in {file.path}", "`concierge token add NAME`, or set web.port to 0")
    return ok("http tokens", ", ".join(f"{one.name} ({one.scope.value})" for one in tokens))


async def _answers(web: WebSettings) -> Finding:
    """A request without a token is refused by nobody else in this way."""
    name, where = "http endpoint", f"{web.host}:{web.port}"
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection(web.host, web.port)
            writer.write(f"GET /v1/check HTTP/1.1\r\nHost: {where}\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read(4096)
            writer.close()
    except TimeoutError:
        return failed(name, f"{where} gave no answer in {_SECONDS:g} s", "restart `concierge serve`")
    except OSError as error:
        return failed(name, f"{where}: {error.strerror}", "start `concierge serve`")
    if b" 401 " not in answer or b'realm="concierge"' not in answer:
        return failed(name, f"something else answers at {where}", "set web.port to a free one")
    return ok(name, f"answers at {where}, and asks for a token")
