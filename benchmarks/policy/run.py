"""The whole policy in process on a store with millions of contacts, and a forecast of a million leads.

    python benchmarks/policy/run.py [--contacts 10] [--leads 1]        (millions)

One answer: the look-up, campaign, law, hours in the number's zones, consents, three caps and the history, beside the
answer for a call without campaign and one that reserves a contact, in turn on the same store. Then `policy simulate`
over files of Polish and of US numbers, a week in steps of an hour, as leads a second in one process.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import uuid4

from concierge.wiring import upgrade_store
from models import facts
from models.campaign import Campaign, campaign_of
from models.cases import Cases
from models.contact import Question
from models.forecast import Forecast, Forecaster, Ground, Span
from models.gate import Judge
from models.number import Site
from models.reader import Reader
from models.registry.watch import Registries
from models.reserving import Reserver, Taken
from models.store import Store
from models.tables import to_micros

MILLION = 1_000_000
ASKED, ROUNDS = 1_000, 5
FIRST = 48_600_000_000
CAMPAIGN = {
    "name": "spring",
    "purpose": "cards",
    "reason": "new-model",
    "consent": "required",
    "windows": {"daily": "00:00-24:00"},
    "caps": [
        {"key": "number", "kind": "attempt", "window": "24h", "limit": 3, "scope": "campaign"},
        {"key": "number", "kind": "conversation", "window": "7d", "limit": 2, "scope": "product"},
        {"key": "number", "kind": "attempt", "window": "month", "limit": 30, "scope": "all"},
    ],
}


def fill(path: Path, millions: float, now: datetime) -> list[int]:
    """Contacts of the last year, twenty a number, and a consent of every number that is asked about."""
    count = int(millions * MILLION)
    numbers, start = count // 20 or 1, to_micros(now)
    choose = random.Random(1)
    columns = "id, number, at, campaign, product, value, person, matter, state, site, consent, outcome, uniqueid, told"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        rows = (
            (
                f"{one:036d}", FIRST + one % numbers, start - choose.randrange(365 * 86_400 * MILLION), "spring", "",
                "", "", "", "attempt", "", 0, "", "", "attempt",
            )
            for one in range(count)
        )  # fmt: skip
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'contact'")
        indices = [one for one in found.fetchall() if one[1]]
        for index, _ in indices:  # made again at the end: in order, which takes minutes instead of an hour
            connection.execute(f"DROP INDEX {index}")
        insert = f"INSERT INTO contact ({columns}) VALUES ({', '.join('?' * 14)})"
        while some := list(islice(rows, 200_000)):
            connection.executemany(insert, some)
            connection.commit()
        for _, made in indices:
            connection.execute(made)
        connection.commit()
    asked = [FIRST + choose.randrange(numbers) for _ in range(ASKED)]
    with closing(Store(path)) as store:
        made = [facts.campaign_fact(uuid4(), campaign_of(CAMPAIGN), now - timedelta(days=1), "benchmark")]
        made += [
            facts.Fact(uuid4(), "grant", "cards", now - timedelta(days=9), "form", number=one, body={"channel": "call"})
            for one in set(asked)
        ]
        facts.record(store, made)
    return asked


def answers(path: Path, asked: list[int], now: datetime) -> None:
    """p50 and p99 of each way, all in turn."""
    reader = Reader(path, indexed=True)
    reader.begin_index()()
    judge, plain = Judge(reader, Site(country="PL"), cases=Cases(reader)), Judge(reader, Site(country="PL"))
    reserver = Reserver(path)

    def reserving(one: int) -> object:
        answer = judge.answer(Question(f"+{one}", "spring"), now)
        if not answer.decision.allowed or answer.case is None:
            return answer
        return isinstance(reserver.take(answer.case, now, uniqueid=f"{one}"), Taken)

    ways: dict[str, Callable[[int], object]] = {
        "without campaign": lambda one: plain.answer(Question(f"+{one}"), now),
        "whole policy": lambda one: judge.answer(Question(f"+{one}", "spring"), now),
        "whole policy, explained": lambda one: judge.explained(Question(f"+{one}", "spring"), now),
        "whole policy, reserved": reserving,
    }
    found: dict[str, list[int]] = {name: [] for name in ways}
    cpu: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, ask in ways.items():
            spent = time.process_time()
            for one in asked:
                started = time.perf_counter_ns()
                ask(one)
                found[name].append(time.perf_counter_ns() - started)
            cpu[name] = min(cpu.get(name, 9e9), (time.process_time() - spent) / len(asked))
    allowed = sum(judge.answer(Question(f"+{one}", "spring"), now).decision.allowed for one in asked)
    print(f"{allowed} of {len(asked)} allowed")
    base = 0.0
    for name, values in found.items():
        values.sort()
        p50, p99 = values[len(values) // 2] / 1e6, values[len(values) * 99 // 100] / 1e6
        base = base or p50
        print(
            f"  {name}: p50 {p50:.3f} p99 {p99:.3f} ms, {p50 / base:.1f} times; CPU {1000 * cpu[name]:.3f} ms",
            flush=True,
        )
    reserver.close()
    reader.close()


def forecasts(path: Path, millions: float, now: datetime) -> None:
    """Leads a second, the reading of the store not counted."""
    choose, count = random.Random(2), int(millions * MILLION)
    campaign = Campaign("spring", reason="x", consent="not-needed", windows=campaign_of(CAMPAIGN).windows)
    for name, low, high in (("PL", 48_500_000_000, 48_899_999_999), ("US", 12_010_000_000, 19_899_999_999)):
        texts = [f"+{choose.randrange(low, high)}" for _ in range(count)]
        reader = Reader(path)
        judge, span = Judge(reader, Site(country=name), cases=Cases(reader)), Span(now, now + timedelta(days=7))
        with closing(Store(path)) as store:
            began = time.perf_counter()
            forecaster = Forecaster(Ground(judge, campaign), store, Registries(path.with_name("none"), {}), span)
            read, forecast, started = time.perf_counter() - began, Forecast(span), time.perf_counter()
            spent = time.process_time()
            for at in range(0, count, 20_000):
                forecaster.add(forecast, texts[at : at + 20_000])
            took, spent = time.perf_counter() - started, time.process_time() - spent
        print(
            f"  simulate {name}: {count:,} leads in {took:.1f} s, {count / took:,.0f} a second "
            f"({count / spent:,.0f} a second of CPU); "
            f"{forecast.callable:,} callable; the store was read in {read:.1f} s"
        )
        reader.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--contacts", type=float, default=1.0, help="millions")
    parser.add_argument("--leads", type=float, default=0.2, help="millions")
    args = parser.parse_args()
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="concierge-bench-") as folder:
        path = Path(folder) / "list.db"
        upgrade_store(path)
        asked = fill(path, args.contacts, now)
        print(f"{args.contacts:g} M contacts")
        answers(path, asked, now)
        forecasts(path, args.leads, now)


if __name__ == "__main__":
    main()
