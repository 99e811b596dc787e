"""From a record at one host to a refusal at another, and what faults cost: python benchmarks/sites/run.py

Real servers on loopback that write each commit through; three hosts, two of them processes of their own. The reference
for propagation is, in the same run, an INSERT with NOTIFY by psycopg alone, from the request to the listener.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import URL, create_engine, func, select

from concierge.feed import upgrade_feed
from concierge.lab.databases import STARTERS, Server
from concierge.wiring import upgrade_store
from models.imports import Batch, Imports
from models.policy import Listed
from models.reader import Reader
from models.store import Store
from models.suppression import Kind, ListEvent
from models.sync.contact import Age
from models.sync.link import Access
from models.sync.worker import Sync
from models.tables import list_event

FIRST = 48_600_000_000


def host(path: Path, url: URL, site: str, told: Connection) -> None:
    """A process: keeps its list, and says when it would refuse the number that it is asked about."""
    logging.disable()
    sync = Sync(path, Access(url), site)
    sync.start()
    reader = Reader(path, indexed=True)
    reader.begin_index()()
    while (number := told.recv()) is not None:
        while not isinstance(reader.look_up(number), Listed):
            time.sleep(0.0005)
        told.send(time.monotonic())
    sync.stop()


class Trio:
    """Host a in this process, b and c in their own."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.paths = [folder / f"{site}.db" for site in "abc"]
        for path in self.paths:
            upgrade_store(path)
        self.pipes, self.processes = [], []
        for path in self.paths[1:]:
            ours, theirs = multiprocessing.Pipe()
            process = multiprocessing.Process(target=host, args=(path, server.url, path.stem, theirs))
            process.start()
            self.pipes.append(ours)
            self.processes.append(process)
        self.sync = Sync(self.paths[0], Access(server.url), "a")
        self.sync.start()
        self.stores = [Store(path) for path in self.paths]

    def record(self, number: int, host: int = 0) -> None:
        self.stores[host].record(ListEvent(uuid4(), Kind.ADD, number, "", datetime.now(UTC), "asked", "benchmark"))
        if host == 0:
            self.sync.wake()

    def counts(self) -> list[int]:
        found = []
        for store in self.stores:
            with store.reading() as connection:
                found.append(connection.execute(select(func.count()).select_from(list_event)).scalar() or 0)
        return found

    def until(self, count: int, limit: float = 300.0) -> float:
        """Seconds until all have as many events."""
        began = time.monotonic()
        while self.counts() != [count] * 3:
            if time.monotonic() - began > limit:
                raise SystemExit(f"not equal after {limit} s: {self.counts()}, {count} wanted")
            time.sleep(0.005)
        return time.monotonic() - began

    def close(self) -> None:
        for pipe in self.pipes:
            pipe.send(None)
        for process in self.processes:
            process.join()
        self.sync.stop()
        for store in self.stores:
            store.close()


def propagation(trio: Trio, count: int) -> dict[str, list[float]]:
    """Milliseconds from the call of `record`, and from its return, until b and c refuse."""
    found: dict[str, list[float]] = {"record at a": [], "a to b and c, from the request": [], "from its return": []}
    for number in range(FIRST, FIRST + count):
        for pipe in trio.pipes:
            pipe.send(number)
        began = time.monotonic()
        trio.record(number)
        durable = time.monotonic()
        refused = max(pipe.recv() for pipe in trio.pipes)
        found["record at a"].append(durable - began)
        found["a to b and c, from the request"].append(refused - began)
        found["from its return"].append(refused - durable)
        time.sleep(0.01)
    return found


def reference(url: URL, count: int) -> list[float]:
    """INSERT and NOTIFY in one transaction, from the request until a listener has it."""
    conninfo = f"host={url.host} port={url.port} user={url.username} dbname={url.database}"
    heard: list[float] = []
    with psycopg.connect(conninfo, autocommit=True) as listener, psycopg.connect(conninfo) as writer:
        writer.execute("CREATE TABLE IF NOT EXISTS plain (id uuid PRIMARY KEY)")
        writer.commit()
        listener.execute("LISTEN plain")

        def listen() -> None:
            heard.extend(time.monotonic() for _ in listener.notifies(stop_after=count, timeout=60))

        thread = threading.Thread(target=listen)
        thread.start()
        sent = []
        for done in range(count):
            sent.append(time.monotonic())
            writer.execute("INSERT INTO plain VALUES (%s)", (uuid4(),))
            writer.execute("NOTIFY plain, %s".replace("%s", f"'{done}'"))
            writer.commit()
            time.sleep(0.01)
        thread.join()
    return [got - began for began, got in zip(sent, heard, strict=True)]


def outage(trio: Trio, server: Server, seconds: float) -> None:
    """The server is stopped that long, while each host records twice a second."""
    before = trio.counts()[0]
    server.stop()
    number, end = FIRST + 10_000_000, time.monotonic() + seconds
    while time.monotonic() < end:
        trio.record(number, number % 3)
        number += 1
        time.sleep(1 / 6)
    written = number - FIRST - 10_000_000
    server.start()
    took = trio.until(before + written)
    print(f"server stopped for {seconds:g} s, {written} recorded meanwhile: all equal {took:.2f} s after its start")


def frozen(trio: Trio, server: Server) -> None:
    """How long it takes until every host says so."""
    found = []
    for _ in range(5):
        ages = [Age(path, 60) for path in trio.paths]
        while any(age.facts().get("trouble") for age in ages):
            time.sleep(0.01)
        time.sleep(0.7)
        server.freeze()
        began = time.monotonic()
        while not all(age.facts().get("trouble") for age in ages):
            time.sleep(0.005)
        found.append(time.monotonic() - began)
        server.thaw()
    print(f"server frozen: noticed by all three after {min(found):.2f} to {max(found):.2f} s, of {len(found)}")


def bulk(trio: Trio, count: int) -> None:
    """An import at a, until it counts at b and c."""
    before = trio.counts()[0]
    new = Batch(str(uuid4()), "x" * 64, "list.csv", "csv", "benchmark", datetime.now(UTC))
    numbers = range(FIRST + 20_000_000, FIRST + 20_000_000 + count)
    events = (ListEvent(uuid4(), Kind.ADD, n, "", new.at, "import", "list", batch=new.id) for n in numbers)
    began = time.monotonic()
    Imports(trio.stores[0]).load(new, events)
    loaded = time.monotonic() - began
    took = trio.until(before + count)
    for pipe in trio.pipes:
        pipe.send(numbers[-1])
    last = max(pipe.recv() for pipe in trio.pipes) - began - loaded
    rows = f"rows at b and c {took:.1f} s later, in force {last:.1f} s later"
    print(f"import of {count}: {loaded:.1f} s at a; {rows}")


def show(name: str, values: list[float]) -> None:
    """Median and 99th percentile in milliseconds."""
    ordered = sorted(1000 * value for value in values)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    print(f"{name}: p50 {ordered[len(ordered) // 2]:.1f} ms, p99 {p99:.1f} ms, of {len(ordered)}")


@contextmanager
def running(engine: str, folder: Path) -> Iterator[tuple[Server, Trio]]:
    server = STARTERS[engine](True)
    try:
        server.start()
        upgrade_feed(Access(server.url))
        trio = Trio(server, folder)
        yield server, trio
        trio.close()
    finally:
        server.remove()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=tuple(STARTERS), default="postgresql")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--outage", type=float, default=60.0)
    parser.add_argument("--rows", type=int, default=50_000)
    args = parser.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory() as folder, running(args.engine, Path(folder)) as (server, trio):
        if args.engine == "postgresql":
            show("reference, INSERT with NOTIFY", reference(server.url, args.count))
        trio.record(FIRST - 1)
        trio.until(1)
        for name, values in propagation(trio, args.count).items():
            show(name, values)
        frozen(trio, server)
        outage(trio, server, args.outage)
        bulk(trio, args.rows)
        engine = create_engine(server.url)
        with closing(engine.connect()) as connection:
            rows = connection.exec_driver_sql("SELECT count(*), max(position) FROM feed_event").one()
        print(f"feed: {rows[0]} rows, last position {rows[1]}; hosts: {trio.counts()}")
        engine.dispose()


if __name__ == "__main__":
    main()
