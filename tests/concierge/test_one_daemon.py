"""A second daemon on one list does not start, and says why; places where no list can be are named."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from concierge.errors import UserError
from concierge.one_daemon import Parts
from concierge.service import Service
from concierge.settings import parse
from concierge.wiring import upgrade_store

ROOT = Path(__file__).parents[2]
HOLD = "import sys, pathlib, time; from concierge.one_daemon import Parts; p = Parts(pathlib.Path(sys.argv[1])); "
HOLD += "p.hold(['ami']); print('held', flush=True); time.sleep(60)"


def test_each_part_is_served_once_and_who_does_it_is_named(tmp_path):
    first, second = Parts(tmp_path / "list.db"), Parts(tmp_path / "list.db")
    first.hold(["agi", "ami"])
    second.hold(["sync"])
    with pytest.raises(UserError, match=f"process {os.getpid()} serves ami with .*list.db already; stop it"):
        Parts(tmp_path / "list.db").hold(["web", "ami"])
    Parts(tmp_path / "list.db").hold(["web"])
    first.release()
    second.hold(["ami"])
    Parts(tmp_path / "other.db").hold(["ami"])


def test_a_killed_daemon_holds_nothing(tmp_path):
    path = tmp_path / "list.db"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(UserError, match=f"process {process.pid} "):
            Parts(path).hold(["ami"])
        process.send_signal(signal.SIGKILL)
    Parts(path).hold(["ami"])


def test_a_service_that_did_not_start_or_has_stopped_leaves_the_list_to_another(tmp_path):
    upgrade_store(tmp_path / "list.db")
    settings = parse({"store": {"path": "list.db"}, "agi": {"port": 0}}, tmp_path / "c.yaml")

    async def work():
        first = Service(settings, tmp_path / "list.db", ["agi"])
        await first.start()
        second = Service(settings, tmp_path / "list.db", ["agi"])
        with pytest.raises(UserError, match="serves agi"):
            await second.start()
        await first.stop()
        third = Service(settings, tmp_path / "list.db", ["agi"])
        await third.start()
        await third.stop()

    asyncio.run(work())


@pytest.mark.parametrize("words", [("db", "upgrade"), ("list", "show"), ("check", "600100200"), ("serve",)])
@pytest.mark.parametrize(("path", "said"), [('"a\\0b"', "NUL"), ('"a\\nb"', "line break"), (".", "this is a folder")])
def test_a_place_where_no_list_can_be_is_named(concierge, config, words, path, said):
    done = concierge(*words, "--config", config(f"store: {{path: {path}}}"))
    assert (done.returncode, said in done.stderr, "store.path" in done.stderr) == (2, True, True), done.stderr


def test_a_device_is_no_list(concierge, config):
    done = concierge("list", "show", "--config", config("store: {path: /dev/null}"))
    assert (done.returncode, "no file" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ("add", "600100200", "--reason", "", "--source", "letter"),
        ("add", "600100200", "--reason", " \t", "--source", "letter"),
        ("add", "600100200", "--reason", "asked", "--source", ""),
        ("remove", "600100200", "--reason", " "),
    ],
)
def test_a_reason_that_says_nothing_is_refused(concierge, words):
    done = concierge("list", *words)
    assert (done.returncode, "nothing stands there" in done.stderr) == (2, True)
    assert concierge("list", "show").stdout == ""


def service_with_a_bridge_that_waits(tmp_path, released):
    upgrade_store(tmp_path / "list.db")
    service = Service(
        parse({"store": {"path": "list.db"}, "agi": {"port": 0}}, tmp_path / "c.yaml"), tmp_path / "list.db", ["agi"]
    )
    service._bridge = SimpleNamespace(start=lambda: None, stop=released.wait)
    return service


async def test_the_end_writes_what_was_decided_before_it_waits_for_the_bridge(tmp_path, monkeypatch):
    released, closed = threading.Event(), asyncio.Event()
    service = service_with_a_bridge_that_waits(tmp_path, released)
    await service.start()
    close = service.journal.close

    async def noted():
        await close()
        closed.set()

    monkeypatch.setattr(service.journal, "close", noted)
    stopping = asyncio.create_task(service.stop())
    await asyncio.wait_for(closed.wait(), 10)
    assert not stopping.done()
    released.set()
    await asyncio.wait_for(stopping, 10)


async def test_an_end_that_takes_too_long_is_said(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("concierge.service._DRAIN", 0.05)
    released, started = threading.Event(), asyncio.Event()
    service = service_with_a_bridge_that_waits(tmp_path, released)
    start = service.start

    async def noted():
        await start()
        started.set()

    monkeypatch.setattr(service, "start", noted)
    ended = asyncio.create_task(service.run())
    await asyncio.wait_for(started.wait(), 20)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(ended, 20)
    released.set()
    assert "drain=unfinished seconds=0.05" in caplog.text
    service._alone.release()
