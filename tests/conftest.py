"""Options of the whole test run; real database servers, each started once."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from concierge.lab import wait

if TYPE_CHECKING:
    from sqlalchemy import URL

    from concierge.lab.databases import Server
    from models.sync.link import Access

# a busy machine makes examples slowly: that is no finding
settings.register_profile("concierge", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("concierge")
wait.patience = 4.0  # a busy machine is no defect; what has to be quick is timed by its test


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-asterisk", action="store_true", help="a missing Asterisk or SIPp is a failure, not a skip"
    )


def server_of(name: str) -> Iterator[Server]:
    from concierge.lab.databases import STARTERS, missing

    reason = missing(name)
    if reason:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    server = STARTERS[name](False)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    yield from server_of("postgresql")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    yield from server_of("mariadb")


def empty_feed(url: URL) -> Access:
    """As after `concierge db upgrade --feed`, and nothing in it."""
    from sqlalchemy import create_engine, text

    from migrations import run
    from models.sync.link import Access

    engine = create_engine(url)
    with engine.begin() as connection:
        run.upgrade(connection)
        for table in ("feed_event", "feed_host", "contact"):
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - names of ours
        connection.execute(text("UPDATE feed_counter SET last = 0, chain = ''"))
    engine.dispose()
    return Access(url, timeout=5.0)  # what is noticed sooner is tested with less


def empty_database(url: URL) -> URL:
    """Without any table."""
    from sqlalchemy import create_engine, text

    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    options = "" if url.get_backend_name() == "postgresql" else " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS fresh"))
        connection.execute(text(f"CREATE DATABASE fresh{options}"))
    engine.dispose()
    return url.set(database="fresh")


@pytest.fixture(params=["postgresql", "mariadb"])
def feed_server(request: pytest.FixtureRequest) -> Server:
    """Each engine."""
    server: Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def access(feed_server: Server) -> Access:
    """An empty feed on each engine."""
    return empty_feed(feed_server.url)


@pytest.fixture
def on_postgresql(postgresql: Server) -> Access:
    return empty_feed(postgresql.url)


@pytest.fixture
def on_mariadb(mariadb: Server) -> Access:
    return empty_feed(mariadb.url)


@pytest.fixture
def fresh() -> Callable[[URL], URL]:
    return empty_database


@pytest.fixture(autouse=True)
def _own_log_level() -> Iterator[None]:
    """What a test says about our log's level ends with it."""
    log = logging.getLogger("concierge")
    level = log.level
    yield
    log.setLevel(level)
