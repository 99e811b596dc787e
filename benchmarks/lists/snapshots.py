"""Start from a snapshot, size and memory of the index: python benchmarks/lists/snapshots.py --sizes 1 10 100

Entries are in a list of their own each; above `--rows` millions (SQLite needs 150 bytes a row) the index is made in
memory and stands beside a list that has the last entry only. The reference is the same start from the rows.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from files import fill
from generate import numbers, registry
from registries import longest_stall, resident

from concierge.wiring import upgrade_store
from models import snapshot
from models.building import Building
from models.index import Index, Reached
from models.reader import Reader

MILLION = 1_000_000
LAST = (5_000_000_000, 48_600_000_000, 0, 1)
INSERT = "INSERT INTO entry (id, number, last, created_at, campaign, reason, source) VALUES (?, ?, ?, ?, '', 'r', 's')"


def make(path: Path, count: int, rows: int) -> None:
    """The list and its snapshot."""
    upgrade_store(path)
    if count <= rows:
        fill(path, numbers(count))
        started = time.perf_counter()
        reader = Reader(path, indexed=True)
        reader.begin_index()()
        print(f"{count:,} numbers: from the rows in {time.perf_counter() - started:.2f} s", flush=True)
        reader.save()
        reader.close()
        return
    index = Index()
    index.listed = registry(count)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(INSERT, LAST)
        index.reached = Reached(*LAST, call=0)
        started = time.perf_counter()
        snapshot.write(path, index, connection)
    print(f"{count:,} numbers: written in {time.perf_counter() - started:.2f} s", flush=True)


def measure(path: Path) -> None:
    """In a process of its own."""
    now = datetime.now(UTC)
    Reader(path).know(1, now)
    before, started = resident(), time.perf_counter()
    reader = Reader(path, indexed=True)
    reader.begin_index()()
    took, memory = time.perf_counter() - started, resident() - before
    index = reader._building.index if reader._building else None
    assert index is not None
    count = len(index.listed)
    choose = random.Random(1)
    held = [one for place, one in enumerate(islice(index.listed, 2_000_000)) if not place % 200]  # type: ignore[call-overload]
    misses = [one for one in (choose.choice(held) + choose.randrange(5000) for _ in held) if one not in index.listed]
    size = snapshot.path_of(path).stat().st_size
    print(
        f"  {count:,} numbers: from the snapshot in {took:.2f} s; file {size / count:.2f} bytes a number, memory "
        f"{memory / count:.2f}"
    )
    rows = reader._connect().execute("SELECT count(*) FROM entry").fetchone()[0]
    for name, asked in [("miss", misses), ("hit", held)][: 2 if rows > 1 else 1]:
        found = []
        for one in asked:
            began = time.perf_counter_ns()
            reader.know(one, now)
            found.append(time.perf_counter_ns() - began)
        found.sort()
        print(f"  {name}: p50 {found[len(found) // 2] / 1000:.1f} p99 {found[len(found) * 99 // 100] / 1000:.1f} us")
    stall = longest_stall(threading.Thread(target=lambda: Building(path, reader._open).wait()))
    saving = longest_stall(threading.Thread(target=reader._saving.save, args=(index,)))
    print(f"  longest stall of another thread: {stall:.0f} ms while it is read, {saving:.0f} ms while it is written")
    reader.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[1], help="millions")
    parser.add_argument("--rows", type=int, default=10, help="millions that are rows too")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.measure)
        return
    for size in args.sizes:
        with tempfile.TemporaryDirectory(prefix="concierge-bench-") as folder:
            path = Path(folder) / "list.db"
            make(path, size * MILLION, args.rows * MILLION)
            subprocess.run([sys.executable, __file__, "--measure", path], check=True)


if __name__ == "__main__":
    main()
