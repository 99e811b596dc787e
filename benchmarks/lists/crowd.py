"""Concurrent checks at the daemon's gate while `concierge list import` runs in another process.

    python benchmarks/lists/crowd.py --rows 1000000 --clients 1000

Each client asks, waits for its answer and a moment, and asks again: half for listed numbers, half for numbers that
nobody lists. A third process records opt-outs meanwhile. References: the same crowd before the import, and the loop of
a process that does nothing else, which is as late as the machine is busy.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from files import fill

from concierge.commands.serve import _no_searching_for_garbage_in_what_stays
from concierge.wiring import upgrade_store
from models.contact import Question
from models.gate import Gate, Judge
from models.journal import Journal
from models.number import Site
from models.reader import Reader
from models.store import Store
from models.suppression import Kind, ListEvent

ROOT = Path(__file__).parents[2]
CLI = [sys.executable, "-c", "import sys; from concierge.cli import main; sys.exit(main())"]
LISTED = range(48_601_000_000, 48_601_050_000)
FREE = range(48_602_000_000, 48_602_999_999)
IMPORTED = 48_660_000_000
PAUSE = 0.5  # seconds between two questions of a client, unless it is said otherwise


@dataclass
class Seen:
    """What a crowd saw: answers by reason, how long each took, of that processor time, how late the loop was."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    def forget(self) -> None:
        """What was seen until now."""
        for one in (self.answers, self.wrong, self.took, self.late, self.busy):
            one.clear()


async def client(gate: Gate, seen: Seen, seed: int, pause: float, over: asyncio.Event) -> None:
    choose = random.Random(seed)
    await asyncio.sleep(choose.random() * pause)
    while not over.is_set():
        listed = choose.random() < 0.5
        asked = Question(f"+{choose.choice(LISTED if listed else FREE)}", via="agi")
        began, busy = time.perf_counter(), time.thread_time()
        answer = gate.ask_now(asked)
        seen.busy.append(time.thread_time() - busy)
        answer = answer or await gate.ask(asked)
        seen.took.append(time.perf_counter() - began)
        reason = answer.decision.reason.value
        seen.answers[reason] += 1
        if reason != ("listed" if listed else "not-listed"):
            seen.wrong[f"{reason}: {answer.decision.detail}"] += 1
        await asyncio.sleep(pause)


async def heartbeat(seen: Seen, over: asyncio.Event) -> None:
    """How much later than wanted the loop came back."""
    while not over.is_set():
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        seen.late.append(time.perf_counter() - began - 0.005)


async def crowd(gate: Gate, clients: int, pause: float, until: asyncio.Future[object]) -> Seen:
    seen, over = Seen(), asyncio.Event()
    tasks = [asyncio.create_task(client(gate, seen, seed, pause, over)) for seed in range(clients)]
    await asyncio.sleep(1 + pause)  # they begin all at once, which is the benchmark's own
    seen.forget()
    tasks.append(asyncio.create_task(heartbeat(seen, over)))
    await until
    over.set()
    await asyncio.gather(*tasks)
    return seen


def opt_outs(path: Path) -> None:
    """Until it is killed: one each 30 ms; when it was over, the milliseconds until it could write, and in all."""
    with closing(Store(path)) as store:
        for number in range(48_603_000_000, 48_604_000_000):
            began = time.perf_counter()
            with store.writing() as connection:
                locked = time.perf_counter()
                store.append(
                    connection, ListEvent(uuid4(), Kind.ADD, number, "", datetime.now(UTC), "asked", "benchmark")
                )
            over = time.perf_counter()
            print(json.dumps([time.time(), 1000 * (locked - began), 1000 * (over - began)]), flush=True)
            time.sleep(0.03)


async def idle() -> None:
    """Until it is killed: how much later than wanted this loop came back, when and milliseconds."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        print(json.dumps([time.time(), 1000 * (time.perf_counter() - began - 0.005)]), flush=True)


def prepare(folder: Path, rows: int) -> Path:
    path = folder / "list.db"
    upgrade_store(path)
    fill(path, list(LISTED))
    (folder / "c.yaml").write_text(f"store: {{path: {path}}}\nsite: {{country: PL}}\n")
    with (folder / "n.csv").open("w") as file:
        file.write("number,reason\n")
        file.writelines(f"+{IMPORTED + number},asked\n" for number in range(rows))
    return path


async def run(folder: Path, rows: int, clients: int, pause: float, before: float) -> tuple[dict[str, Seen], float]:
    """What was seen, and when (time of day) the import began."""
    path, environment = prepare(folder, rows), os.environ | {"PYTHONPATH": str(ROOT)}
    reader, journal = Reader(path, indexed=True), Journal(path)
    await asyncio.to_thread(reader.begin_index())
    journal.start()
    gate = Gate(Judge(reader, Site(country="PL")), journal)
    with (folder / "optouts").open("w") as told, (folder / "idle").open("w") as late:
        words = [sys.executable, __file__]
        others = [
            await asyncio.create_subprocess_exec(*words, "--opt-outs", str(path), stdout=told, env=environment),
            await asyncio.create_subprocess_exec(*words, "--idle", stdout=late, env=environment),
        ]
        found = {"before": await crowd(gate, clients, pause, asyncio.ensure_future(asyncio.sleep(before)))}
        words = [*CLI, "list", "import", str(folder / "n.csv"), "--config", str(folder / "c.yaml")]
        at, began = time.time(), time.monotonic()
        load = await asyncio.create_subprocess_exec(*words, env=environment, stdout=subprocess.DEVNULL)
        found["during the import"] = await crowd(gate, clients, pause, asyncio.ensure_future(load.wait()))
        took = time.monotonic() - began
        for other in others:
            other.kill()
            await other.wait()
    print(f"import of {rows:,} rows: {took:.1f} s ({rows / took:,.0f} rows/s), exit code {load.returncode}")
    await journal.close()
    after = reader.look_up(IMPORTED + rows - 1)
    print(f"the last imported number: {type(after).__name__}")
    reader.close()
    return found, at


def show(name: str, values: list[float], unit: float = 1000.0) -> None:
    ordered = sorted(unit * value for value in values) or [0.0]
    p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    print(f"  {name}: p50 {p50:.2f} p99 {p99:.2f} longest {ordered[-1]:.1f} ms, of {len(values)}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--pause", type=float, default=PAUSE, help="seconds between two questions of a client")
    parser.add_argument("--before", type=float, default=10.0, help="seconds of the reference")
    parser.add_argument("--opt-outs", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--idle", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.opt_outs:
        opt_outs(args.opt_outs)
        return 0
    if args.idle:
        asyncio.run(idle())
    _no_searching_for_garbage_in_what_stays()
    with tempfile.TemporaryDirectory(prefix="concierge-bench-") as name:
        found, at = asyncio.run(run(Path(name), args.rows, args.clients, args.pause, args.before))
        waited, late = (told(Path(name) / one) for one in ("optouts", "idle"))
    for when, seen in found.items():
        print(f"{when}: {dict(seen.answers)}, wrong: {dict(seen.wrong)}")
        show("answer", seen.took)
        show("of that, processor time of the loop", seen.busy)
        show("loop late", seen.late)
        idling = [one[1] for one in late if (one[0] > at) is (when != "before")]
        show("loop of an idle process late", idling, 1.0)
        some = [one for one in waited if (one[0] > at) is (when != "before")]
        show("opt-out of another process", [one[2] for one in some], 1.0)
        show("of that, until it could write", [one[1] for one in some], 1.0)
    return 1 if any(seen.wrong for seen in found.values()) else 0


def told(path: Path) -> list[list[float]]:
    """What a process has printed until it was killed."""
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("]\n")]


if __name__ == "__main__":
    sys.exit(main())
