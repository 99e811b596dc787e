"""One question in process, beside the same question through SQLAlchemy Core on SQLite and PostgreSQL, in turn.

    python benchmarks/lists/checks.py --sizes 1 10

`ours` is the look-up as a call makes it, ranges, history and shorter numbers included. The references ask the same
question without ranges, or (`entries alone`) select the entries of the number and nothing else; on a pooled
connection. `after a commit`: somebody else has committed a check before each question, so that there is news to read.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from files import fill
from generate import numbers
from postgres import postgresql
from sqlalchemy import Engine, bindparam, select, text

from concierge.wiring import upgrade_store
from models.asking import everything, shorter
from models.contact import Answer, History, Question
from models.gate import Judge
from models.number import Number, Site
from models.policy import Decision, Reason, Verdict
from models.reader import Reader
from models.store import Store, open_engine
from models.tables import entry, metadata

MILLION = 1_000_000
ASKED = 2_000
ROUNDS = 5
MONTH_AGO = int((time.time() - 30 * 86_400) * 1_000_000)


def through(engine: Engine, *, alone: bool = False) -> Callable[[int], object]:
    query = select(entry).where(entry.c.number == bindparam("n")) if alone else everything(ranges=False)

    def ask(number: int) -> object:
        one, two, three = shorter(number)
        with engine.connect() as connection:
            values = {"n": number} if alone else {"n": number, "n1": one, "n2": two, "n3": three, "t": MONTH_AGO}
            return connection.execute(query, values).all()

    return ask


class Written:
    """The look-up, each time after a commit of somebody else; the commit's own time is no part of it."""

    def __init__(self, reader: Reader, path: Path, now: datetime) -> None:
        self._reader, self._now = reader, now
        self._store = Store(path)
        decision = Decision(Verdict.REFUSE, Reason.LISTED)
        self._row = Answer(Question("+1"), Number(1), decision, History(), now)

    def before(self) -> None:
        self._store.write_checks([self._row])

    def __call__(self, number: int) -> object:
        return self._reader.know(number, self._now)


def times(ask: Callable[[int], object], asked: list[int]) -> list[int]:
    clock, found = time.perf_counter_ns, []
    before = getattr(ask, "before", lambda: None)
    for one in asked:
        before()
        started = clock()
        ask(one)
        found.append(clock() - started)
    return found


def copy_to(engine: Engine, found: list[int]) -> None:
    metadata.create_all(engine)
    raw = engine.raw_connection()
    with closing(raw), raw.cursor() as cursor:
        columns = "number, campaign, reason, source, created_at"
        with cursor.copy(f"COPY entry ({columns}) FROM STDIN") as copy:
            for one in found:
                copy.write_row((one, "", "asked", "import", 1))
        raw.commit()
    with engine.begin() as connection:
        connection.execute(text("ANALYZE entry"))


def compare(count: int, folder: Path, server: Engine | None) -> None:
    listed = numbers(count)
    path = folder / "list.db"
    upgrade_store(path)
    fill(path, listed)
    reader = Reader(path, indexed=True)
    reader.begin_index()()
    choose, known = random.Random(2), set(listed)
    hits = choose.sample(listed, ASKED)
    misses = [
        one for one in (choose.randrange(12_010_000_000, 19_900_000_000) for _ in range(4 * ASKED)) if one not in known
    ]
    del known
    now, judge = datetime.now(UTC), Judge(reader, Site(country="US"))
    ways: dict[str, Callable[[int], object]] = {
        "ours, look-up": lambda one: reader.know(one, now),
        "ours, whole answer": lambda one: judge.answer(Question(f"+{one}"), now),
        "ours, look-up after a commit": Written(reader, path, now),
        "Core on SQLite": through(open_engine(path)),
    }
    if server is not None:
        metadata.drop_all(server)
        copy_to(server, listed)
        ways["Core on PostgreSQL"] = through(server)
        ways["Core on PostgreSQL, entries alone"] = through(server, alone=True)
    print(f"{count:,} entries")
    for kind, asked in (("miss", misses[:ASKED]), ("hit", hits)):
        found: dict[str, list[int]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, ask in ways.items():
                found[name] += times(ask, asked)
        report(kind, found)
    reader.close()


def report(kind: str, found: dict[str, list[int]]) -> None:
    base = 0.0
    for name, values in found.items():
        values.sort()
        p50, p99 = values[len(values) // 2] / 1000, values[len(values) * 99 // 100] / 1000
        base = base or p50
        print(f"  {kind}, {name}: p50 {p50:.1f} p99 {p99:.1f} us, {p50 / base:.0f} times", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[1], help="millions")
    for size in parser.parse_args().sizes:
        with tempfile.TemporaryDirectory(prefix="concierge-bench-") as folder, postgresql() as server:
            compare(size * MILLION, Path(folder), server)


if __name__ == "__main__":
    main()
