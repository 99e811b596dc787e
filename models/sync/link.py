"""One connection to the shared feed, whatever the engine: with a limit on everything that can take time.

PostgreSQL wakes by NOTIFY; MariaDB cannot, and is asked.
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from models.errors import FeedError
from models.sync.feed import CHANNEL
from models.sync.watchdog import Watchdog

OLDEST = "0003"  # the first revision that has a feed
DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}


class Doubled(FeedError):
    """Something that was to be appended is there already; nothing was."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where the feed is. `timeout`: seconds that the server may take for one step."""

    url: URL
    timeout: float = 1.0

    @property
    def name(self) -> str:
        """For people: without password and options."""
        port = f":{self.url.port}" if self.url.port else ""
        return f"{self.url.get_backend_name()}://{self.url.host or ''}{port}/{self.url.database or ''}"


@dataclass(frozen=True, slots=True)
class Woken:
    """Why a wait has ended: by the feed, or by somebody here."""

    by_feed: bool


class Link:
    """An open connection. Blocking; used from one thread."""

    def __init__(self, access: Access) -> None:
        """Connects. Raises FeedError."""
        self.access = access
        with explained(access):
            self._engine = engine_of(access)
            self._connection = self._engine.connect()
        self.driver: Any = self._connection.connection.driver_connection
        self._listens = self._engine.dialect.name == "postgresql"
        self._told = False
        self._own = 0  # the server's process behind this link, which tells what this host itself appends
        self._watchdog = Watchdog(self.descriptor)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        with self.reading() as connection:
            for statement in _session(self._engine.dialect.name, self.access.timeout):
                connection.execute(text(statement))
            check_revision(connection, self.access)
            if self._listens:
                self._own = self.driver.info.backend_pid
                self.driver.add_notify_handler(self._notified)
                connection.execute(text(f"LISTEN {CHANNEL}"))

    @property
    def descriptor(self) -> int:
        """Of its socket."""
        found: int = self.driver.fileno() if self._listens else self.driver._sock.fileno()
        return found

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Committed at its end, unless something is raised. Raises FeedError, within the time-out when it hangs."""
        with self.reading() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                with contextlib.suppress(SQLAlchemyError):  # a lost connection has nothing to roll back
                    connection.exec_driver_sql("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Each statement by itself: one way to the server and back. Raises FeedError."""
        limit = self._watchdog.limit(self.access.timeout)
        with explained(self.access, self._watchdog), limit, self._connection.begin():
            yield self._connection

    def wait(self, others: Sequence[int], seconds: float) -> Woken | None:
        """Until the feed has news of others, or one of the other descriptors can be read; None: the time is over."""
        if self._news():
            return Woken(by_feed=True)
        ready, _, _ = select.select([self.descriptor, *others], [], [], max(0.0, seconds))
        if not ready:
            return None
        return Woken(by_feed=self.descriptor in ready and self._news())

    def _news(self) -> bool:
        """Take in what the server has said by itself."""
        if not self._listens:
            return bool(select.select([self.descriptor], [], [], 0)[0])  # it hangs up
        with explained(self.access):
            self.driver.pgconn.consume_input()
            while (heard := self.driver.pgconn.notifies()) is not None:
                self._told = self._told or heard.be_pid != self._own
        told, self._told = self._told, False
        return told

    def _notified(self, heard: Any) -> None:
        """While something else was being read."""
        self._told = self._told or heard.pid != self._own

    def may_delete(self) -> bool:
        """May this user change or remove what was recorded? Nothing is. Raises FeedError."""
        for statement in ("DELETE FROM feed_event WHERE 1 = 0", "UPDATE feed_event SET site = site WHERE 1 = 0"):
            try:
                with self.transaction() as connection:
                    connection.execute(text(statement))
                return True
            except FeedError as error:
                if "denied" not in str(error):
                    raise
        return False

    def close(self) -> None:
        """Without a word to a server that may be gone."""
        self._watchdog.close()
        with contextlib.suppress(Exception):
            self._connection.invalidate()
            self._connection.close()
        self._engine.dispose()


def engine_of(access: Access) -> Engine:
    """Makes connections with time-outs, whose transactions are begun by word. Nothing is opened yet.

    Raises FeedError when the driver is missing.
    """
    url = access.url.set(drivername=DRIVERS.get(access.url.get_backend_name(), access.url.drivername))
    if url.get_backend_name() == "postgresql":
        # no prepared statements: a pooler between may give each transaction another server
        given: dict[str, Any] = {"connect_timeout": _connecting(access), "prepare_threshold": None}
    else:
        limit = max(0.1, access.timeout)
        given = {
            "connect_timeout": _connecting(access),
            "read_timeout": limit,
            "write_timeout": limit,
            "charset": "utf8mb4",
        }
    try:
        return create_engine(url, poolclass=NullPool, connect_args=given, isolation_level="AUTOCOMMIT")
    except ModuleNotFoundError as error:
        extra = "postgresql" if url.get_backend_name() == "postgresql" else "mariadb"
        raise FeedError(
            f"{error.name} is not installed: pip install 'asterisk-concierge[{extra}]' into Concierge's environment"
        ) from error


def _connecting(access: Access) -> int:
    """Whole seconds; the drivers take no less than two."""
    return max(2, min(10, round(access.timeout)))


def _session(dialect: str, timeout: float) -> list[str]:
    """A host that freezes in a transaction must not keep the counter from the others."""
    limit = max(1, round(timeout * 1000))
    if dialect == "postgresql":
        return [
            f"SET statement_timeout = {limit}",
            f"SET lock_timeout = {limit}",
            f"SET idle_in_transaction_session_timeout = {2 * limit}",
        ]
    seconds = max(1, round(timeout))
    return [
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        f"SET SESSION max_statement_time = {timeout}",
        f"SET SESSION innodb_lock_wait_timeout = {seconds}",
        f"SET SESSION idle_transaction_timeout = {2 * seconds}",
    ]


def check_revision(connection: Connection, access: Access) -> None:
    """Raises FeedError when the database has no feed."""
    try:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except DBAPIError as error:
        if "alembic_version" not in str(error.orig) or "denied" in str(error.orig):
            raise
        found = None
    if found is None or str(found) < OLDEST:
        raise FeedError(f"{access.name}: revision {found or 'none'}; run `concierge db upgrade --feed`")


@contextmanager
def explained(access: Access, watchdog: Watchdog | None = None) -> Iterator[None]:
    """Turns the driver's errors into a FeedError without any secret."""
    try:
        yield
    except IntegrityError as error:
        raise Doubled(f"{access.name}: {_words(error.orig)}") from error
    except DBAPIError as error:
        if watchdog is not None and watchdog.fired:
            raise FeedError(f"{access.name}: no answer within {access.timeout:g} s") from error
        raise FeedError(f"{access.name}: {_words(error.orig)}") from error
    except SQLAlchemyError as error:
        raise FeedError(f"{access.name}: {_words(error)}") from error
    except (OSError, RuntimeError) as error:
        raise FeedError(f"{access.name}: {_words(error)}") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("psycopg", "pymysql"):
            raise
        raise FeedError(f"{access.name}: {_words(error)}") from error


def _words(error: BaseException | None) -> str:
    """One line."""
    return " ".join(str(error).split()) or type(error).__name__
