"""A fake Asterisk that speaks AGI on a real socket, well or badly, and the server under test with its log."""

import asyncio
import gc
import logging
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from agi.handlers import OptOut
from agi.opt_out import opt_out
from agi.outbound import outbound
from agi.server import Limits, Ports, Server, Services
from models.contact import Answer, History, Question
from models.number import Number
from models.policy import Reason, allow

CHUNK = 50_000


def header_of(script: str = "outbound", arguments: tuple[str, ...] = ("48501502503", "n-1"), **changes: str) -> bytes:
    """The lines of res_agi.c's setup_env, ended by an empty one."""
    variables = {
        "network": "yes",
        "network_script": script,
        "request": f"agi://127.0.0.1/{script}",
        "channel": "PJSIP/agent-0000001a",
        "language": "en",
        "type": "PJSIP",
        "uniqueid": "1795295160.7",
        "version": "22.10.1",
        "callerid": "5551000",
        "calleridname": "Shop",
        "callingpres": "0",
        "dnid": "unknown",
        "rdnis": "unknown",
        "context": "concierge-outbound",
        "extension": "s",
        "priority": "15",
        "enhanced": "0.0",
        "accountcode": "",
        "threadid": "140013",
    } | changes
    variables |= {f"arg_{n}": text for n, text in enumerate(arguments, 1)}
    return "".join(f"agi_{name}: {value}\n" for name, value in variables.items()).encode() + b"\n"


@dataclass
class Call:
    """Asterisk's end of one FastAGI connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    commands: list[str] = field(default_factory=list)

    async def send(self, data: bytes) -> None:
        """Write it, or as much as the server takes."""
        with suppress(ConnectionError):
            for at in range(0, len(data), CHUNK):
                self.writer.write(data[at : at + CHUNK])
                await self.writer.drain()

    async def say(self, header: bytes) -> None:
        """Write a header as Asterisk does: each line its own segment."""
        for line in header.split(b"\n")[:-1]:
            if self.writer.transport.is_closing():
                return
            self.writer.write(line + b"\n")
            await asyncio.sleep(0)

    async def command(self) -> str:
        """The next command of the server; empty at the end of the connection."""
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                line = (await self.reader.readline()).decode()
                self.commands += [line] if line else []
                return line
        return ""

    async def answer_all(self, reply: bytes = b"200 result=1\n") -> list[str]:
        """Answer each command until the server closes."""
        while await self.command():
            await self.send(reply)
        return self.commands

    async def closed(self) -> bytes:
        """What was left to read when the server closed the connection."""
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                return await self.reader.read()
        return b""

    def reset(self) -> None:
        """Break the connection off with an RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Bench:
    """A running server and everything that can be asked of it."""

    server: Server
    services: Services
    log: pytest.LogCaptureFixture
    calls: list[Call] = field(default_factory=list)

    async def call(self) -> Call:
        """A new connection."""
        self.calls.append(Call(*await asyncio.open_connection("127.0.0.1", self.server.port)))
        return self.calls[-1]

    async def good_call(self, header: bytes | None = None) -> list[str]:
        """A whole well-behaved call; its commands."""
        call = await self.call()
        await call.say(header_of() if header is None else header)
        commands = await call.answer_all()
        call.writer.close()
        return commands

    def records(self) -> list[logging.LogRecord]:
        """All that was logged, by whomever; asyncio's complaints count as well."""
        return [r for r in self.log.records if r.name.startswith("concierge") or r.levelno >= logging.WARNING]

    def lines(self) -> list[str]:
        """The messages of all that was logged."""
        return [record.getMessage() for record in self.records()]

    async def idle(self, connections: int = 0) -> None:
        """Until no more than so many connections are left."""
        await self.until(lambda: len(self.services.connections) <= connections)

    async def until(self, condition: Callable[[], object]) -> None:
        """Until the condition holds; at most 20 s."""
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - it watches the log and the server, which have no events for it
                await asyncio.sleep(0.002)

    async def misbehaved(self) -> str:
        """The one line about what came before; nothing is left open, and the next call is served."""
        await self.idle()
        (line,) = self.lines()
        assert await self.good_call() == ['SET VARIABLE "CONCIERGE_ANSWER" "ALLOW!not-listed!!!0!48501502503!n-1"\n']
        await self.idle()
        assert len(self.lines()) == 2
        assert "\n" not in line
        return line


def answer_to(question: Question, **changes: Any) -> Answer:
    """ALLOW to 48501502503, unless changed."""
    parts = {"decision": allow(Reason.NOT_LISTED), "history": History(), "destination": Number(48501502503)} | changes
    return Answer(question, at=datetime(2026, 8, 20, tzinfo=UTC), **parts)


async def _later(question: Question) -> Answer:
    return answer_to(question)


async def _durable(_effect: OptOut) -> bool:
    return True


@pytest.fixture
async def start(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Callable[..., Any]]:
    """Start a server: `await start(handlers={...}, limits=..., allow=..., ask_now=..., ask=..., record=...)`."""
    caplog.set_level(logging.INFO)
    benches: list[Bench] = []

    async def begin(
        handlers: Any = None, limits: Any = None, allow: Any = (), ask_now: Any = answer_to, ask: Any = _later,
        record: Any = _durable,
    ) -> Bench:  # fmt: skip
        services = Services(
            {"outbound": outbound, "optout": opt_out} if handlers is None else handlers,
            Ports(ask_now, ask, record),
            limits or Limits(header_timeout=0.25, session_timeout=0.5),
        )
        server = Server(services, "127.0.0.1", 0, allow)
        await server.start()
        benches.append(Bench(server, services, caplog))
        return benches[-1]

    yield begin
    for bench in benches:
        await bench.server.drain(0)
        for call in bench.calls:
            call.writer.transport.abort()


@pytest.fixture
async def bench(start: Callable[..., Any]) -> Bench:
    """A server with `/outbound` and `/optout` that allows everything."""
    return await start()


@pytest.fixture
def header() -> Callable[..., bytes]:
    return header_of


@pytest.fixture
def answer() -> Callable[..., Answer]:
    return answer_to


@dataclass
class Watchdog:
    """The longest that the loop's thread computed between two turns of the loop (seconds of CPU and of wall clock).

    CPU seconds tell a stall of ours from a busy machine; the wall clock catches a wait that blocks.
    """

    cpu: float = 0.0
    wall: float = 0.0

    async def watch(self) -> None:
        while True:
            cpu, wall = time.thread_time(), time.perf_counter()
            await asyncio.sleep(0.001)
            self.cpu = max(self.cpu, time.thread_time() - cpu)
            self.wall = max(self.wall, time.perf_counter() - wall)

    def assert_no_stall(self) -> None:
        assert self.cpu < 0.05, f"{self.cpu * 1000:.0f} ms of computing in one turn of the event loop"
        assert self.wall < 1, f"the event loop stood still for {self.wall:.1f} s"


@pytest.fixture
async def watchdog() -> AsyncIterator[Watchdog]:
    """Watches the event loop; the test fails when it stalled for more than 50 ms."""
    dog = Watchdog()
    gc.disable()  # a collection over all that pytest holds is no stall of ours
    task = asyncio.create_task(dog.watch())
    yield dog
    task.cancel()
    gc.enable()
    dog.assert_no_stall()
