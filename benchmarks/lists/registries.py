"""Registries: size, time to load, memory, look-ups, and how long a load keeps other threads from running.

The reference, in the same run, is one BitMap64 of all numbers: python benchmarks/lists/registries.py --sizes 1 10 100
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from generate import registry
from pyroaring import BitMap64

from models.registry.file import Header, load, write

MILLION = 1_000_000


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def percentiles(asked: list[int], numbers: object) -> tuple[float, float]:
    """Median and 99th percentile of one look-up, microseconds, the clock's own time included."""
    clock, found = time.perf_counter_ns, []
    for one in asked:
        started = clock()
        one in numbers  # type: ignore[operator] # noqa: B015
        found.append(clock() - started)
    found.sort()
    return found[len(found) // 2] / 1000, found[len(found) * 99 // 100] / 1000


def longest_stall(work: threading.Thread) -> float:
    """Milliseconds that a thread which only looks at the clock was kept from doing so."""
    longest, clock = 0.0, time.perf_counter
    before = clock()
    work.start()
    while work.is_alive():
        time.sleep(0)
        now = clock()
        longest, before = max(longest, now - before), now
    return longest * 1000


def measure(path: Path, whole: Path, count: int) -> None:
    """In a process of its own."""
    before = resident()
    started = time.perf_counter()
    found = load(path)
    took = time.perf_counter() - started
    memory = resident() - before
    choose = random.Random(1)
    held = [one for place, one in enumerate(islice(found.numbers, 2_000_000)) if not place % 80]
    asked = [one + choose.choice((0, choose.randrange(5000))) for one in held]
    choose.shuffle(asked)
    p50, p99 = percentiles(asked, found.numbers)
    data = whole.read_bytes()
    started = time.perf_counter()
    plain = BitMap64.deserialize(data)
    plain_took = time.perf_counter() - started
    q50, q99 = percentiles(asked, plain)
    started = time.perf_counter()
    asked[0] in load(path, single=True).numbers  # noqa: B015
    single = 1000 * (time.perf_counter() - started)
    stall = longest_stall(threading.Thread(target=load, args=(path,)))
    plain_stall = longest_stall(threading.Thread(target=BitMap64.deserialize, args=(data,)))
    print(
        f"{count:,} numbers: file {path.stat().st_size / 2**20:.1f} MiB, {path.stat().st_size / count:.2f} bytes each, "
        f"checked and loaded in {took:.2f} s, {memory / 2**20:.0f} MiB; look-up p50 {p50:.2f} p99 {p99:.2f} us; "
        f"longest stall of another thread {stall:.0f} ms; one question of a new process {single:.1f} ms\n"
        f"  one BitMap64: read back in {plain_took:.2f} s unchecked; look-up p50 {q50:.2f} p99 {q99:.2f} us; "
        f"stall {plain_stall:.0f} ms; look-up ratio {q50 / p50:.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10], help="millions")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(Path(args.measure[0]), Path(args.measure[1]), int(args.measure[2]))
        return
    for size in args.sizes:
        with tempfile.TemporaryDirectory(prefix="concierge-bench-") as folder:
            numbers = registry(size * MILLION)
            path, whole = Path(folder) / "r", Path(folder) / "whole"
            header = Header("bench", "ftc", "US", datetime.now(UTC).date(), datetime.now(UTC), "bench")
            count = write(path, header, numbers).count
            plain = BitMap64()
            for place, block in sorted(numbers._blocks.items()):
                plain |= BitMap64([place * 10_000_000 + one for one in block])
            whole.write_bytes(plain.serialize())
            del numbers, plain
            subprocess.run([sys.executable, __file__, "--measure", path, whole, str(count)], check=True)


if __name__ == "__main__":
    main()
