"""The daemon with its HTTP endpoint, in a thread of this process; and a client without any library."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from concierge.service import Service
from concierge.settings import load
from concierge.wiring import upgrade_store
from web.tokens import Scope, TokenFile

NUMBER = "+48600100200"


@dataclass
class Said:
    status: int
    headers: Message
    body: Any


@dataclass
class Daemon:
    config: Path
    port: int
    agi_port: int
    tokens: dict[str, str] = field(default_factory=dict)
    loop: asyncio.AbstractEventLoop | None = None
    service: Service | None = None

    def ask(self, method: str, path: str, token: str | None = "crm", body: Any = None, **headers: str) -> Said:  # noqa: S107 - a name
        """`token`: a name known here, else the text itself; `body`: JSON, or bytes as they are."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {self.tokens.get(token, token)}"
        if body is not None and not isinstance(body, bytes):
            body, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            client.request(method, path, body, sent)
            answer = client.getresponse()
            text = answer.read()
        finally:
            client.close()
        kind = answer.headers.get_content_type()
        return Said(answer.status, answer.headers, json.loads(text) if "json" in kind else text)

    def agi(self, number: str, campaign: str = "") -> list[str]:
        """The verdict and its reason, as the dialplan gets them."""
        lines = ["agi_network: yes", "agi_network_script: outbound", "agi_uniqueid: 1.1", "agi_extension: s"]
        lines += [f"agi_arg_{index}: {word}" for index, word in enumerate((number, "nonce", campaign), 1)]
        with socket.create_connection(("127.0.0.1", self.agi_port), 10) as client:
            client.sendall(("\n".join(lines) + "\n\n").encode())
            line = client.makefile("rb").readline()
            client.sendall(b"200 result=1\n")
        return line.decode().split('"')[3].split("!")[:2]

    def run(self, coroutine: Any) -> Any:
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(folder: Path, web: str = "", **more: str) -> Iterator[Daemon]:
    """`web`: settings of the endpoint beside its port, in YAML's flow style."""
    port, agi_port = free_port(), free_port()
    config = folder / "config.yaml"
    config.write_text(
        f"site: {{country: PL}}\nstore: {{path: list.db}}\nagi: {{port: {agi_port}}}\n"
        f"web: {{port: {port}{', ' if web else ''}{web}}}\n" + "".join(f"{k}: {v}\n" for k, v in more.items())
    )
    upgrade_store(folder / "list.db")
    daemon = Daemon(config, port, agi_port)
    file = TokenFile(folder / "list.db.tokens")
    for name, scope in (("crm", Scope.WRITE), ("dialer", Scope.READ), ("officer", Scope.PERSON)):
        daemon.tokens[name] = file.add(name, scope, datetime.now(UTC))
    daemon.loop = asyncio.new_event_loop()
    thread = threading.Thread(target=daemon.loop.run_forever)
    thread.start()
    settings = load(config)

    async def start() -> Service:
        service = Service(settings, Path(settings.store.path))
        await service.start()
        return service

    daemon.service = daemon.run(start())
    try:
        yield daemon
    finally:
        daemon.run(daemon.service.stop())
        daemon.loop.call_soon_threadsafe(daemon.loop.stop)
        thread.join()
        daemon.loop.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    with ExitStack() as stack:
        yield lambda web="", **more: stack.enter_context(running(tmp_path, web, **more))


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """With limits that the tests do not reach."""
    with running(tmp_path_factory.mktemp("web"), "rate: 10000.0, burst: 10000") as daemon:
        yield daemon


def _until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def _listening(port: int, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 20
    while True:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.02)


def _closed(port: int) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except (ConnectionRefusedError, ConnectionResetError):
            return
        assert time.monotonic() < end, "still listening"
        time.sleep(0.02)


def _config(folder: Path) -> SimpleNamespace:
    port = free_port()
    path = folder / "config.yaml"
    path.write_text(f"store: {{path: list.db}}\nagi: {{port: {free_port()}}}\nweb: {{port: {port}}}\n")
    upgrade_store(folder / "list.db")
    token = TokenFile(folder / "list.db.tokens").add("crm", Scope.WRITE, datetime.now(UTC))
    return SimpleNamespace(path=path, port=port, token=token)


@pytest.fixture
def wait_for() -> SimpleNamespace:
    return SimpleNamespace(until=_until, listening=_listening, closed=_closed, config=_config)
