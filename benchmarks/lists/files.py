"""Files in and out: rows per second, each beside the plain way in the same run: python benchmarks/lists/files.py

`registry add` (flat) is beside a loop that strips and converts each line into a set; CSV with normalisation beside
csv.reader and the full reading of each number; scrub beside asking the judge one by one. Imports into the list end in
SQLite, with events, and are given as they are.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from generate import numbers

from concierge.wiring import upgrade_store
from models.bulk import Bulk, Known
from models.contact import Question
from models.exchange import leads
from models.exchange.formats import FORMATS, Options
from models.exchange.intake import read_rows
from models.gate import Judge
from models.number import Number, Site
from models.number.reading import understand
from models.reader import Reader
from models.registry.blocks import builder
from models.registry.watch import Registries
from models.store import Store

ROOT = Path(__file__).parents[2]
CLI = [sys.executable, "-c", "import sys; from concierge.cli import main; sys.exit(main())"]


def rate(rows: int, work: Callable[[], object], rounds: int = 3) -> float:
    """Rows per second of CPU time, best of the rounds: other work on the machine is no part of it."""
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return rows / best


def show(name: str, ours: float, other: float, reference: str) -> None:
    print(f"{name}: {ours:,.0f} rows/s, {ours / other:.1f} times {reference} ({other:,.0f} rows/s)", flush=True)


def flat(rows: int) -> None:
    data = "".join(f"{str(one)[1:4]},{str(one)[4:]}\n" for one in numbers(rows)).encode()

    def ours() -> None:
        building = builder()
        for _line, block in FORMATS["ftc"].blocks(io.BytesIO(data)):
            building.add(block)
        assert len(building) == rows

    def plain() -> None:
        found = set()
        for line in io.BytesIO(data):
            area, _, rest = line.strip().partition(b",")
            found.add(10_000_000_000 + int(area + rest))
        assert len(found) == rows

    show("flat registry file into memory", rate(rows, ours), rate(rows, plain), "a loop over the lines into a set")


def table(rows: int, head: str, name: str) -> None:
    choose = random.Random(7)
    data = "number,reason\n" + "".join(f"{head}6{choose.randrange(10**8):08},asked\n" for _ in range(rows))
    site = Site(country="PL")

    def ours() -> None:
        items = FORMATS["csv"].read(io.BytesIO(data.encode()), Options())
        assert sum(1 for _ in read_rows(items, site)) == rows

    few = data.splitlines(keepends=True)[: rows // 20 + 1]

    def plain() -> None:
        reader = csv.reader(few)
        next(reader)
        for number, _reason in reader:
            assert _full(number, site)

    show(f"CSV, {name}, normalised", rate(rows, ours), rate(rows // 20, plain, 1), "csv.reader and the full reading")


def _full(number: str, site: Site) -> bool:
    found = understand(number, site)
    return isinstance(found, Number) and found.valid


def scrub(rows: int, listed: int, folder: Path) -> None:
    path = folder / "list.db"
    upgrade_store(path)
    choose = random.Random(9)
    fill(path, [48_600_000_000 + choose.randrange(10**8) for _ in range(listed)])
    data = "id,phone,name\n" + "".join(f"{n},+486{choose.randrange(10**8):08},Jan\n" for n in range(rows))
    judge, at = Judge(Reader(path, indexed=True), Site(country="PL")), datetime.now(UTC)
    judge.reader.begin_index()()
    store = Store(path)
    started = time.process_time()
    bulk = Bulk(judge, Known(store), Registries(folder / "none"), "", at)
    print(f"scrub: {listed:,} entries read into memory in {time.process_time() - started:.2f} s", flush=True)

    def ours() -> None:
        _form, found = leads.read(io.BytesIO(data.encode()))
        assert sum(len(bulk.answers(part.numbers)) for part in found) == rows

    some = [line.split(",")[1] for line in data.splitlines()[1 : rows // 20 + 1]]

    def plain() -> None:
        for number in some:
            judge.answer(Question(number))

    show("scrub of E.164", rate(rows, ours), rate(len(some), plain, 1), "one question each, with an index")
    store.close()


def fill(path: Path, found: list[int]) -> None:
    """Entries without their events."""
    import sqlite3

    connection = sqlite3.connect(path)
    rows = ((one, "", "asked", "import", 1_700_000_000_000_000, 0, 0, "") for one in sorted(set(found)))
    with connection:
        connection.executemany(
            "INSERT INTO entry (number, campaign, reason, source, created_at, last, allow, batch) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
    connection.close()


def commands(rows: int, folder: Path) -> None:
    """The whole command, with its start and the disk."""
    (folder / "c.yaml").write_text(f"store: {{path: {folder / 'all.db'}}}\n")
    upgrade_store(folder / "all.db")
    (folder / "r.txt").write_text("".join(f"{str(one)[1:4]},{str(one)[4:]}\n" for one in numbers(rows)))
    (folder / "n.csv").write_text("number\n" + "".join(f"+{48_600_000_000 + n * 37}\n" for n in range(rows // 10)))
    (folder / "l.csv").write_text("id,phone\n" + "".join(f"{n},+{48_600_000_000 + n * 36}\n" for n in range(rows)))
    as_of = datetime.now(UTC).date().isoformat()
    country = ["--country", "US", "--as-of", as_of, "--name", "ftc"]
    for name, count, words in [
        ("registry add", rows, ["registry", "add", "r.txt", "--format", "ftc", *country]),
        ("list import", rows // 10, ["list", "import", "n.csv"]),
        ("list scrub", rows, ["list", "scrub", "l.csv", "-o", "clean.csv", "--refused", "refused.csv"]),
    ]:
        started = time.monotonic()
        subprocess.run(
            [*CLI, *words, "--config", "c.yaml"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=False,
            stdout=subprocess.DEVNULL,
        )
        took = time.monotonic() - started
        print(f"concierge {name}: {count:,} rows in {took:.1f} s ({count / took:,.0f} rows/s)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="concierge-bench-") as name:
        flat(rows)
        table(rows // 5, "+48", "E.164")
        table(rows // 5, "", "national numbers")
        scrub(rows, rows // 10, Path(name))
        commands(rows, Path(name))


if __name__ == "__main__":
    main()
