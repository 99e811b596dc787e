"""Real servers, each started once; a fresh feed on them for each test; hosts that are processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from concierge.lab.databases import memory
from models.store import Store
from models.sync.link import Access

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def nursery() -> Iterator[subprocess.Popen[str]]:
    """The program that forks hosts."""
    program = [sys.executable, str(Path(__file__).with_name("host.py"))]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment, text=True
    ) as process:
        yield process


@dataclass
class HostProcess:
    """One host: its list, and the process that keeps it the same as the others'."""

    path: Path
    site: str
    access: Access
    nursery: subprocess.Popen[str]
    pid: int = 0

    def start(self) -> HostProcess:
        pipe = self.path.with_suffix(".pipe")
        if not pipe.exists():
            os.mkfifo(pipe)
        order = {
            "path": str(self.path),
            "pipe": str(pipe),
            "log": str(self.path.with_suffix(".log")),
            "site": self.site,
            "url": self.access.url.render_as_string(hide_password=False),
            "timeout": self.access.timeout,
        }
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        print(json.dumps(order), file=self.nursery.stdin, flush=True)
        self.pid = int(self.nursery.stdout.readline())
        self.pipe = pipe.open("w", encoding="utf-8")
        return self

    def tell(self, order: object) -> None:
        print(json.dumps(order), file=self.pipe, flush=True)

    def kill(self) -> None:
        """And wait until it is gone."""
        if not self.pid:
            return
        os.kill(self.pid, signal.SIGKILL)
        end = time.monotonic() + 20
        while Path(f"/proc/{self.pid}").exists():
            assert time.monotonic() < end
            time.sleep(0.002)
        self.pipe.close()
        self.pid = 0

    def log(self) -> str:
        return self.path.with_suffix(".log").read_text()

    def open(self) -> Store:
        return Store(self.path)


@pytest.fixture
def hosts(template: Path, nursery: subprocess.Popen[str]) -> Iterator[Callable[..., list[HostProcess]]]:
    """`hosts(access, "a", "b")`: as many hosts, started."""
    made: list[HostProcess] = []
    folder = Path(tempfile.mkdtemp(prefix="concierge-hosts-", dir=memory()))

    def make(access: Access, *sites: str, start: bool = True) -> list[HostProcess]:
        new = []
        for site in sites:
            path = folder / f"{site}.db"
            path.write_bytes(template.read_bytes())
            new.append(HostProcess(path, site, Access(access.url), nursery))  # the time-out that all have
        made.extend(new)
        return [one.start() if start else one for one in new]

    yield make
    for one in made:
        one.kill()
    shutil.rmtree(folder)
