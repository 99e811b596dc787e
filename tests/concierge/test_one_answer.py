"""The command, the AGI server and the AGI script give the same answer to the same question."""

from __future__ import annotations

import io
import json
import random
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from concierge.cli import main
from concierge.wiring import upgrade_store
from models.store import Store
from models.suppression import Kind, ListEvent

COUNT = 1_000
CAMPAIGNS = ("", "spring", "autumn")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    # in memory where the machine has that: this is about answers, not about thousands of durable commits
    memory = Path("/dev/shm")
    place = {"dir": memory} if memory.is_dir() else {}
    with tempfile.TemporaryDirectory(prefix="one-answer-", **place) as name:
        yield make_config(Path(name))


def make_config(folder: Path) -> Path:
    path = folder / "config.yaml"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path.write_text(
        f'site: {{country: PL, outside_line: "9", internal: ["_2XXX"]}}\n'
        f"store: {{path: {folder / 'list.db'}}}\nagi: {{port: {port}}}\nlog: {{level: warning}}\n"
    )
    upgrade_store(folder / "list.db")
    return path


@pytest.fixture(scope="module")
def questions(config: Path) -> list[tuple[str, str]]:
    """Random numbers in random forms; a third of them listed, some for one campaign only."""
    choose = random.Random(48)
    asked = []
    with closing(Store(config.parent / "list.db")) as store:
        for _ in range(COUNT):
            number = choose.randrange(48_500_000_000, 48_899_999_999)
            if choose.random() < 0.33:
                campaign = choose.choice(CAMPAIGNS)
                event = ListEvent(uuid4(), Kind.ADD, number, campaign, datetime.now(UTC), "asked", "letter")
                store.record(event)
            text = str(number)
            form = choose.choice([text, f"00{text}", f"+{text}", f"900{text}", text[2:], f"9{text[2:]}", text[:5]])
            asked.append((form, choose.choice(CAMPAIGNS)))
    return asked


@pytest.fixture(scope="module")
def server(config: Path) -> Iterator[int]:
    """The daemon's AGI part in a thread of this process."""
    import asyncio

    from concierge.service import Service
    from concierge.settings import load

    settings = load(config)
    loop = asyncio.new_event_loop()
    service: list[Service] = []

    async def start() -> None:
        service.append(Service(settings, Path(settings.store.path), ("agi",)))
        await service[0].start()

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield service[0].server.port
    asyncio.run_coroutine_threadsafe(service[0].stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def environment(number: str, campaign: str) -> bytes:
    lines = ["agi_network: yes", "agi_network_script: outbound", "agi_uniqueid: 1.1", "agi_extension: s"]
    lines += [f"agi_arg_{index}: {word}" for index, word in enumerate((number, "nonce", campaign), 1)]
    return ("\n".join(lines) + "\n\n").encode()


def over_agi(port: int, number: str, campaign: str) -> tuple[str, str]:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(environment(number, campaign))
        line = client.makefile("rb").readline()
        client.sendall(b"200 result=1\n")
    return words(line)


def by_script(config: Path, number: str, campaign: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    class Stream:
        def __init__(self, buffer: io.BytesIO) -> None:
            self.buffer = buffer

    out = io.BytesIO()
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdin", Stream(io.BytesIO(environment(number, campaign) + b"200 result=1\n")))
        patched.setattr("concierge.commands.agi.sys.stdout", _Output(out))
        main(["agi", "--config", str(config), "outbound", number, "nonce", campaign])
    return words(out.getvalue())


class _Output(io.StringIO):
    def __init__(self, buffer: io.BytesIO) -> None:
        super().__init__()
        self._bytes = buffer

    @property
    def buffer(self) -> io.BytesIO:
        return self._bytes


def words(line: bytes) -> tuple[str, str]:
    verdict, reason, *_ = line.decode().split('"')[3].split("!")
    return verdict.lower(), reason


def by_command(config: Path, number: str, campaign: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    code = main(["check", number, "--campaign", campaign, "--format", "json", "--config", str(config)])
    found = json.loads(capsys.readouterr().out)
    assert code == (0 if found["verdict"] == "allow" else 1)
    return found["verdict"], found["reason"]


def test_command_server_and_script_agree_on_a_thousand_random_numbers(
    config: Path,
    questions: list[tuple[str, str]],
    server: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = set()
    for number, campaign in questions:
        command = by_command(config, number, campaign, capsys)
        assert over_agi(server, number, campaign) == command, number
        assert by_script(config, number, campaign, monkeypatch) == command, number
        seen.add(command)
    assert {("allow", "not-listed"), ("refuse", "listed"), ("refuse", "listed-for-campaign")} <= seen
