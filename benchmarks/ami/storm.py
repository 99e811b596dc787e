"""A storm of events: python benchmarks/ami/storm.py [--seconds 60] [--rate 20000] [--keys 20] [--recording FILE]

First the daemon as it is run hears a replayed stream of read=all, without any filter in Asterisk: is a key of interest
lost, how long from the key to its record, how much memory. Then, in the same run, the same stream as fast as it goes:
events per CPU second of our link (panoramisk's connection, of the events only those that somebody wants) and of
panoramisk's own dispatch with one callback, in turns, each in a process of its own; and once more with what our filters
leave (Asterisk sends nothing else).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import re
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from replay import END, NUMBER, Server, Template, recording, storm, template
from stages import show

_NAMES = (b"DTMFEnd", b"DialBegin", b"DialEnd", b"Hangup", b"UserEvent", b"BridgeEnter")
WANTED = tuple(b"Event: %b\r" % one for one in _NAMES)


def rss(pid: int) -> float:
    """Megabytes in memory."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+)", text)
    return int(found[1]) / 1024 if found else 0.0


async def through_the_daemon(shape: Template, rate: float, seconds: float, keys: float, stages: bool) -> None:
    """The daemon with its list on this disk."""
    server = Server()
    await server.start()
    with tempfile.TemporaryDirectory(prefix="concierge-storm-") as name:
        folder = Path(name)
        settings = {
            "store": {"path": str(folder / "list.db")},
            "agi": {"port": 0},
            "ami": {"port": server.port, "user": "storm", "system": "storm"},
            "gate": {"bypass": "off"},  # no replayed call carries a permit of its own: each would be reported
        }
        (folder / "c.yaml").write_text(yaml.safe_dump(settings))
        command = [sys.executable, "-P", "-c", "import sys; from concierge.cli import main; sys.exit(main())"]
        upgrade = [*command, "db", "upgrade", "--config", str(folder / "c.yaml")]
        subprocess.run(upgrade, check=True, capture_output=True)  # noqa: ASYNC221 - nothing else runs yet
        environment = os.environ | {"CONCIERGE_AMI_SECRET": "storm-secret"}
        if stages:
            command = [sys.executable, str(Path(__file__).with_name("stages.py"))]
            environment |= {"CONCIERGE_STAGES": str(folder / "stages"), "PYTHONPATH": "."}
        with (folder / "log").open("wb") as log:
            serve = [*command, "serve", "--config", str(folder / "c.yaml")]
            daemon = subprocess.Popen(serve, stderr=log, env=environment)  # noqa: ASYNC220
        try:
            await asyncio.wait_for(server.ready.wait(), 30)
            await asyncio.sleep(3)
            before, memory, expected = rss(daemon.pid), [0.0], list[int]()
            watching = asyncio.create_task(watch(daemon.pid, memory))
            cpu = cpu_of(daemon.pid)
            sent = await storm(server, shape, rate, seconds, keys, expected.append)
            cpu = cpu_of(daemon.pid) - cpu
            await until_recorded(folder, len(expected))
            watching.cancel()
            report(folder, expected, sent, seconds, server.slow)
            print(f"memory: {before:.0f} MB before, at most {memory[0]:.0f} MB: grew by {memory[0] - before:.1f} MB")
            print(f"the daemon used {100 * cpu / seconds:.0f} % of a core")
        finally:
            daemon.terminate()
            daemon.wait(30)
        if stages:
            show(folder / "stages")


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that want a core each."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for one in loops:
            one.kill()
            one.wait()


async def until_recorded(folder: Path, count: int, limit: float = 30) -> None:
    """Or for `limit` seconds."""
    end = time.monotonic() + limit
    while time.monotonic() < end and (folder / "log").read_text(errors="replace").count("after_ms=") < count:  # noqa: ASYNC110
        await asyncio.sleep(0.5)


async def watch(pid: int, memory: list[float]) -> None:
    """The most."""
    while True:
        memory[0] = max(memory[0], rss(pid))
        await asyncio.sleep(0.2)


def cpu_of(pid: int) -> float:
    """Seconds of CPU so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(folder: Path, expected: list[int], sent: int, seconds: float, slow: float) -> None:
    """Which keys are in the list, and how long each took, as the daemon's own log says (after its commit)."""
    with contextlib.closing(sqlite3.connect(folder / "list.db")) as connection:
        found = {number for (number,) in connection.execute("SELECT number FROM entry")}
    lost = [index for index in expected if 48_700_000_000 + index not in found]
    log = (folder / "log").read_text(errors="replace")
    delays = sorted(float(text) for text in re.findall(r"after_ms=([0-9.]+)", log))
    p50, p99 = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    print(
        f"{sent} events in {seconds:.0f} s: {sent / seconds:.0f} a second; "
        f"{len(expected)} keys of interest, {len(lost)} lost"
    )
    print(f"key to record: p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {delays[-1]:.1f} ms")
    print(f"the longest that the sender had to wait: {1000 * slow:.0f} ms; stalls: {log.count('concierge.stall')}")
    print(f"gaps: {log.count('events may be missing')}")


# ---- events per CPU second


def flat_out(kind: str, port: int, answer: Any) -> None:
    """In its own process: read the stream to its last key; CPU seconds used."""
    answer.put(asyncio.run(panoramisks(port) if kind == "panoramisk" else ours(port, values=kind == "as values")))


async def ours(port: int, *, values: bool) -> float:
    """Our link with one callback that wants the digit of DTMFEnd, as panoramisk's; or that makes every wanted event a
    value of its kind, as the listener does.
    """
    from ami.events import KeyPressed, event_of
    from ami.link import Access, Link, Timing, open_link

    done = asyncio.Event()

    def hear(raw: Any) -> None:
        if raw["Event"] == "DTMFEnd" and raw["Digit"] == "#":
            done.set()

    def make(raw: Any) -> None:
        event = event_of(raw)
        if isinstance(event, KeyPressed) and event.digit == "#":
            done.set()

    link = await open_link(
        Access("storm", "storm-secret", port=port), Timing(ping_every=3600), make if values else hear
    )
    assert isinstance(link, Link)
    return await _until(done)


async def panoramisks(port: int) -> float:
    """panoramisk's own manager with one callback on DTMFEnd."""
    from panoramisk import Manager

    done = asyncio.Event()
    manager = Manager(
        loop=asyncio.get_running_loop(),
        host="127.0.0.1",
        port=port,
        username="storm",
        secret="storm-secret",
    )

    def hear(_manager: Any, event: Any) -> None:
        if event["Digit"] == "#":
            done.set()

    manager.register_event("DTMFEnd", hear)
    await manager.connect()
    return await _until(done)


async def _until(done: asyncio.Event) -> float:
    """CPU seconds from now until the last key."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    await done.wait()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


async def race(kind: str, stream: bytes, events: int) -> float:
    """Events per CPU second."""
    server = Server()
    await server.start()
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=flat_out, args=(kind, server.port, answer))
    process.start()
    await asyncio.wait_for(server.ready.wait(), 30)
    await asyncio.sleep(0.3)
    start = 0
    while start < len(stream):  # whole events, so that an answer never falls into one
        end = stream.find(END, start + (1 << 18)) + len(END)
        end = len(stream) if end < len(END) else end
        await server.send(stream[start:end])
        start = end
    try:
        seconds = await asyncio.to_thread(answer.get, True, 120)
    finally:
        process.kill()
        process.join()
    return events / float(seconds)


async def races(shape: Template, calls: int, rounds: int) -> None:
    """In turns."""
    last = b"Event: DTMFEnd\r\nUniqueid: 1.1\r\nChannel: x\r\nDigit: #\r\nDirection: Received" + END
    whole = b"".join(shape.call(index, b"5") for index in range(calls))
    filtered = END.join(frame for frame in whole.split(END) if _passes(frame)) + END
    for name, stream in (("every event", whole), ("what our filters leave", filtered)):
        events = stream.count(END)
        found: dict[str, list[float]] = {"panoramisk": [], "ours": [], "as values": []}
        for _ in range(rounds):
            for kind, rates in found.items():
                rates.append(await race(kind, stream + last, events))
        rates = {kind: statistics.median(rates) for kind, rates in found.items()}
        text = ", ".join(f"{kind} {rate:,.0f}" for kind, rate in rates.items())
        times = [f"{rates[kind] / rates['panoramisk']:.1f}" for kind in ("ours", "as values")]
        print(f"{name} ({events} events): {text} events per CPU second: {times[0]} times; as values {times[1]} times")
        if name == "every event":
            base, total = rates["panoramisk"], calls
        else:
            print(
                f"calls per CPU second: panoramisk unfiltered {base / (whole.count(END) / total):,.0f}, "
                f"ours with the filters {rates['ours'] / (events / total):,.0f}"
            )


def _passes(frame: bytes) -> bool:
    return frame.startswith(WANTED) and (not frame.startswith(b"Event: DTMFEnd") or b"Direction: Received" in frame)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=20_000)
    parser.add_argument("--keys", type=float, default=20, help="keys of interest a second")
    parser.add_argument("--calls", type=int, default=2_000, help="calls of the race")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--recording", type=Path)
    parser.add_argument("--stages", action="store_true", help="where a key waits")
    parser.add_argument("--load", type=int, default=0, help="busy processes beside it")
    args = parser.parse_args()
    shape = template(recording(args.recording))
    size = len(shape.call(0, b"9")) / shape.events
    print(f"{shape.events} events a call, {size:.0f} bytes each, number {NUMBER} stands for all")
    if args.rounds:
        asyncio.run(races(shape, args.calls, args.rounds))
        time.sleep(1)
    with busy(args.load):
        asyncio.run(through_the_daemon(shape, args.rate, args.seconds, args.keys, args.stages))


if __name__ == "__main__":
    main()
