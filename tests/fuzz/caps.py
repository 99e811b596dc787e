"""Caps under fire: processes of several sites take contacts of the same numbers at once, from one shared database.

    python tests/fuzz/caps.py [--engine postgresql|mariadb|sqlite] [--processes 6] [--sites 3] [--numbers 200]
        [--calls 400] [--limit 3] [--share 0] [--stop]

Each process is a host of one of the sites (sqlite: one host, one file). `--stop` stops the server in the middle and
starts it again. Prints one line of figures; exit code 1 when any number is over the cap.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine

from concierge.lab.databases import STARTERS, memory
from concierge.wiring import upgrade_store
from migrations import run
from models.campaign import Campaign
from models.caps import Cap
from models.reserving import Reserver, Taken, Terms, Unsure
from models.rules import Case
from models.sharing import Shared
from models.sync.link import Access

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST = 48_600_000_000
SPAWN = multiprocessing.get_context("spawn")
Found = tuple[list[int], int, list[float]]
Burst = tuple[Counter[int], int, list[float]]


def case(number: int, limit: int, share: int) -> Case:
    campaign = Campaign("spring", consent="not-needed", caps=(Cap(limit=limit, scope="all", share=share),))
    return Case("spring", campaign, number, zones=("Europe/Warsaw",))


def fire(path: Path, url: str, seed: int, site: str, queue: Any, done: Any, args: argparse.Namespace) -> None:
    """One host: take, again and again. Tells the numbers that were allowed."""
    terms = Terms(site=site, sites=args.sites)
    shared = Shared(Access(URL.create("sqlite") if not url else _url(url), 1.0), terms) if url else None
    choose, taken, unsure, took = random.Random(seed), [], 0, []
    with closing(Reserver(path, terms, shared)) as reserver:
        for _ in range(args.calls):
            number = FIRST + choose.randrange(args.numbers)
            started = time.perf_counter()
            found = reserver.take(case(number, args.limit, args.share), NOW, settled=False)
            took.append(time.perf_counter() - started)
            with done.get_lock():
                done.value += 1
            unsure += isinstance(found, Unsure)
            if isinstance(found, Taken):
                taken.append(number)
    queue.put((taken, unsure, took))


def _url(text: str) -> URL:
    from sqlalchemy import make_url

    return make_url(text)


def burst(url: str, folder: Path, args: argparse.Namespace, middle: Any = None) -> Burst:
    """All processes at once; `middle` runs beside them. Contacts by number, how many were unsure, seconds of each."""
    template = folder / "template.db"
    upgrade_store(template)
    queue, done = SPAWN.Queue(), SPAWN.Value("i", 0)
    processes = []
    for number in range(args.processes):
        path = template if not url else Path(shutil.copy(template, folder / f"host{number}.db"))
        # each process is a site of its own host; with fewer sites than processes, hosts would share a name
        site = f"s{number % args.sites}" if not url or args.share == 0 else f"s{number}"
        processes.append(SPAWN.Process(target=fire, args=(path, url, number, site, queue, done, args)))
    for process in processes:
        process.start()
    if middle is not None:
        threading.Thread(target=middle, args=(done,), daemon=True).start()
    results: list[Found] = [queue.get(timeout=args.seconds) for _ in processes]
    for process in processes:
        process.join(20)
    counts = Counter(number for taken, _, _ in results for number in taken)
    return counts, sum(one[1] for one in results), sorted(second for one in results for second in one[2])


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser()
    found.add_argument("--engine", choices=("postgresql", "mariadb", "sqlite"), default="postgresql")
    for name, value in (("processes", 6), ("sites", 3), ("numbers", 200), ("calls", 400), ("limit", 3), ("share", 0)):
        found.add_argument(f"--{name}", type=int, default=value)
    found.add_argument("--seconds", type=float, default=300.0)
    found.add_argument("--stop", action="store_true")
    return found


def main() -> int:
    args = parser().parse_args()
    server = STARTERS[args.engine](False) if args.engine != "sqlite" else None
    try:
        with tempfile.TemporaryDirectory(prefix="caps-", dir=memory()) as folder:
            url, middle = "", None
            if server is not None:
                server.start()
                engine = create_engine(Access(server.url).url.set(drivername=_driver(server.url)))
                with engine.begin() as connection:
                    run.upgrade(connection)
                engine.dispose()
                url = server.url.render_as_string(hide_password=False)
                middle = (lambda done: _stop(server, done, args.processes * args.calls // 4)) if args.stop else None
            counts, unsure, took = burst(url, Path(folder), args, middle)
    finally:
        if server is not None:
            server.remove()
    over = sum(count > args.limit for count in counts.values())
    calls = args.processes * args.calls
    print(
        f"{args.engine}: {args.processes} processes, {args.sites} sites, {args.numbers} numbers, {calls} calls: "
        f"{sum(counts.values())} allowed, {unsure} not known, {over} numbers over the cap of {args.limit}; "
        f"p50 {1000 * took[len(took) // 2]:.2f} ms, p99 {1000 * took[len(took) * 99 // 100]:.2f} ms"
    )
    return 1 if over else 0


def _driver(url: URL) -> str:
    from models.sync.link import DRIVERS

    return DRIVERS[url.get_backend_name()]


def _stop(server: Any, done: Any, calls: int) -> None:
    """At once, as in a crash, while all are at work; then it comes back."""
    while done.value < calls:
        time.sleep(0.01)
    server.stop(signal.SIGQUIT)
    before = done.value
    while done.value < before + calls:
        time.sleep(0.01)
    server.start()


if __name__ == "__main__":
    sys.exit(main())
