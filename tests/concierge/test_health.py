"""`/healthz` and `/metrics`: what a monitor reads of a daemon."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from concierge.errors import UserError
from concierge.service import Service
from concierge.settings import load
from concierge.wiring import upgrade_store

SERIES = re.compile(r'[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.]+(e-?\d+)?')


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def daemon(tmp_path: Path, *parts: str) -> AsyncIterator[Service]:
    secret = tmp_path / "secret"
    secret.write_text("x" * 32)
    secret.chmod(0o600)
    config = tmp_path / "config.yaml"
    config.write_text(
        f"store: {{path: {tmp_path / 'list.db'}}}\nagi: {{port: {free_port()}}}\nmetrics: {{port: {free_port()}}}\n"
        f"ami: {{user: concierge, port: {free_port()}, secret_file: {secret}}}\n"
    )
    settings = load(config)
    upgrade_store(tmp_path / "list.db")
    service = Service(settings, tmp_path / "list.db", parts)
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


async def ask(service: Service, request: bytes) -> tuple[int, str]:
    import asyncio

    assert service.health is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", service.health.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    head, _, body = answer.decode().partition("\r\n\r\n")
    return int(head.split(" ")[1]), body


async def test_a_daemon_that_is_well_says_so_and_its_figures_are_in_prometheus_format(tmp_path: Path) -> None:
    async with daemon(tmp_path, "agi") as service:
        assert await ask(service, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == (200, "ok\n")
        status, text = await ask(service, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status == 200
    lines = text.splitlines()
    assert all(line.startswith("# ") or SERIES.fullmatch(line) for line in lines), text
    kinds = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds)), "a figure is there twice"
    assert {"concierge_up", "concierge_stalls_total", "concierge_gaps", "concierge_callers"} <= set(kinds)
    assert "concierge_up 1" in lines


async def test_a_manager_that_is_away_is_an_ailment(tmp_path: Path) -> None:
    async with daemon(tmp_path, "agi", "ami") as service:
        status, text = await ask(service, b"GET /healthz HTTP/1.1\r\n\r\n")
        _, metrics = await ask(service, b"GET /metrics HTTP/1.1\r\n\r\n")
    assert status == 503
    assert text.startswith("no link to the manager of ")
    assert "concierge_up 0" in metrics
    assert re.search(r'concierge_ami_connected\{system="[^"]*"\} 0', metrics)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
        (b"HEAD /healthz HTTP/1.0\r\n\r\n", 200),
    ],
)
async def test_other_requests(tmp_path: Path, request_: bytes, status: int) -> None:
    async with daemon(tmp_path, "agi") as service:
        found, body = await ask(service, request_)
    assert found == status
    assert bool(body) == (not request_.startswith(b"HEAD"))


async def test_what_is_no_request_is_closed_and_harms_nothing(tmp_path: Path) -> None:
    import asyncio

    async with daemon(tmp_path, "agi") as service:
        assert service.health is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", service.health.port)
        writer.write(b"x" * 20_000)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        assert (await ask(service, b"GET /healthz HTTP/1.1\r\n\r\n"))[0] == 200


def test_only_loopback_and_a_port_of_its_own(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("agi: {port: 4583}\nmetrics: {port: 4583, host: 0.0.0.0}\n")
    with pytest.raises(UserError, match=r"(?s)metrics.port: 4583 is the port of agi.*metrics.host: 0.0.0.0"):
        load(config)
