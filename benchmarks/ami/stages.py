"""Where does a key wait? The daemon with a clock at each station of a key press's way; storm.py --stages runs it.

The stations are put around the daemon's own functions from outside, so that the daemon itself knows nothing of them.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

STATIONS = ("pressed", "read", "taken", "handled", "kept", "tried", "thread", "locked", "folded", "written", "recorded")
_times: dict[int, dict[str, float]] = defaultdict(dict)
_now = threading.local()


def _mark(number: int, station: str, at: float | None = None) -> None:
    _times[number].setdefault(station, time.time() if at is None else at)


def install() -> None:
    """Before the daemon is made."""
    _watch_the_way_in()
    _watch_the_keeper()
    _watch_the_writer()
    atexit.register(_write, Path(os.environ["CONCIERGE_STAGES"]))


_current: list[Any] = [None]  # the event that is handled: it, since when, and when it was read


def _watch_the_way_in() -> None:
    import ami.session
    import ami.wire

    read_at, reads = [0.0], dict[int, float]()
    received, take, deal = (
        ami.wire.WireProtocol.data_received,
        ami.intake.Intake.event,
        ami.session.AmiSession._deal_with,
    )

    def data_received(self: Any, data: bytes) -> None:
        read_at[0] = time.time()
        received(self, data)

    def event(self: Any, raw: Any) -> None:
        reads[id(raw)] = read_at[0]
        take(self, raw)

    async def deal_with(self: Any, item: Any) -> None:
        _current[0] = (item, time.time(), reads.pop(id(getattr(item, "raw", None)), 0.0))
        await deal(self, item)

    ami.wire.WireProtocol.data_received = data_received  # type: ignore[method-assign]
    ami.intake.Intake.event = event  # type: ignore[method-assign]
    ami.session.AmiSession._deal_with = deal_with  # type: ignore[method-assign]


def _watch_the_keeper() -> None:
    import ami.keeper

    keep, attempt = ami.keeper.OptOutKeeper.keep, ami.keeper.OptOutKeeper._attempt
    recorded = ami.keeper.OptOutKeeper._now_recorded

    async def kept(self: Any, opt_out: Any) -> None:
        item, begun, read = _current[0]
        _mark(opt_out.number, "pressed", opt_out.at)
        _mark(opt_out.number, "read", read)
        _mark(opt_out.number, "taken", item.at)
        _mark(opt_out.number, "handled", begun)
        _mark(opt_out.number, "kept")
        await keep(self, opt_out)

    async def attempted(self: Any, items: Any) -> Any:
        for one in items:
            _mark(one.number, "tried")
        return await attempt(self, items)

    async def now_recorded(self: Any, item: Any, done: Any) -> None:
        _mark(item.number, "recorded")
        await recorded(self, item, done)

    ami.keeper.OptOutKeeper.keep = kept  # type: ignore[method-assign]
    ami.keeper.OptOutKeeper._attempt = attempted  # type: ignore[method-assign]
    ami.keeper.OptOutKeeper._now_recorded = now_recorded  # type: ignore[method-assign]


def _watch_the_writer() -> None:
    from sqlalchemy import Engine
    from sqlalchemy.event import listen

    import models.journal
    import models.store
    import models.witness

    witness, lock = models.witness.record, models.store.lock_for_writing

    def recording(store: Any, reported: Any) -> Any:
        _now.numbers = [happened.number for happened, _ in reported]
        for number in _now.numbers:
            _mark(number, "thread")
        try:
            done = witness(store, reported)
            for number in _now.numbers:
                _mark(number, "written")
            return done
        finally:
            _now.numbers = []

    def locking(connection: Any) -> None:
        lock(connection)
        for number in getattr(_now, "numbers", []):
            _mark(number, "locked")

    def committing(_connection: Any) -> None:
        for number in getattr(_now, "numbers", []):
            _mark(number, "folded")

    models.journal.record_witness = recording  # type: ignore[attr-defined]
    models.store.lock_for_writing = locking
    listen(Engine, "commit", committing)


def _write(path: Path) -> None:
    path.write_text(json.dumps(list(_times.values())), encoding="ascii")


def show(path: Path) -> None:
    """Milliseconds from each station to the next, and for the slowest hundredth of the keys."""
    rows = [row for row in json.loads(path.read_text(encoding="ascii")) if len(row) == len(STATIONS)]
    slow = sorted(rows, key=lambda row: row["recorded"] - row["pressed"])[-max(1, len(rows) // 100) :]
    for before, after in pairwise(STATIONS):
        values = sorted(1000 * (row[after] - row[before]) for row in rows)
        worst = sum(1000 * (row[after] - row[before]) for row in slow) / len(slow)
        p50, p99 = values[len(values) // 2], values[int(len(values) * 0.99)]
        print(f"  {before} to {after}: p50 {p50:.2f} ms, p99 {p99:.2f} ms; {worst:.2f} ms of the slowest hundredth")


if __name__ == "__main__":
    install()
    from concierge.cli import main

    sys.exit(main())
