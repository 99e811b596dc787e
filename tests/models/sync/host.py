"""Hosts as processes: each keeps its list the same as the others', and records what it is told.

This program reads one order a line and forks a host for each, so that a test does not wait for Python to start; it
answers with the process id. Each host reads its own pipe: `{"add": NUMBER, "id": UUID, "at": SECONDS}` or `{"remove":
…}` a line; the end of that ends it.
"""

import json
import logging
import os
import signal
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pymysql  # noqa: F401 - loaded once
from psycopg import pq  # noqa: F401
from sqlalchemy import make_url

from models.store import Store
from models.suppression import Kind, ListEvent
from models.sync.link import Access
from models.sync.worker import Sync


def serve() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            host(json.loads(line))
            os._exit(0)
        print(child, flush=True)


def host(order: dict[str, str]) -> None:
    path = Path(order["path"])
    os.dup2(os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), 2)
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s", level="INFO")
    sync = Sync(path, Access(make_url(order["url"]), float(order["timeout"])), order["site"])
    sync.start()
    with closing(Store(path)) as store, Path(order["pipe"]).open(encoding="utf-8") as told:
        for line in told:
            record(store, json.loads(line), order["site"])
            sync.wake()
    sync.stop()


def record(store: Store, told: dict[str, str], site: str) -> None:
    kind = Kind.ADD if "add" in told else Kind.REMOVE
    number = int(told.get("add") or told["remove"])
    at = datetime.fromtimestamp(float(told["at"]), UTC)
    store.record(ListEvent(UUID(told["id"]), kind, number, "", at, "asked", "test", site))


if __name__ == "__main__":
    serve()
