"""Each commit of anybody is seen without a question to SQLite, and SQLite's locks stay what they are."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from models import changes as module
from models.changes import Changes

WRITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0.1)
for line in sys.stdin:
    print(connection.execute(line).fetchall(), flush=True)
"""


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "some.db"
    with closing(sqlite3.connect(found)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (a)")
    return found


@pytest.fixture
def connection(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as found:
        yield found


@pytest.fixture(params=["memory", "asked"])
def changes(request, connection, monkeypatch):
    if request.param == "asked":
        monkeypatch.setattr(module, "_shared", lambda _connection: None)
    return Changes(connection)


@pytest.fixture
def writer(path):
    command = [sys.executable, "-c", WRITE, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def write(statement):
            process.stdin.write(statement + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        yield write
        process.stdin.close()


def test_each_commit_of_another_process_is_another_value(changes, writer):
    seen = [changes.now()]
    for number in range(300):
        assert writer(f"INSERT INTO t VALUES ({number:d})") == "[]"  # noqa: S608
        now = changes.now()
        assert now != seen[-1]
        assert changes.now() == now
        seen.append(now)


def test_after_the_log_began_anew_too(changes, writer, connection):
    for number in range(20):
        before = changes.now()
        assert writer(f"INSERT INTO t VALUES ({number:d})") == "[]"  # noqa: S608
        assert changes.now() != before
        writer("PRAGMA wal_checkpoint(TRUNCATE)")


def test_the_memory_is_used_where_there_is_a_log_and_asking_where_there_is_none(connection):
    with_log = Changes(connection)
    assert isinstance(with_log.now(), bytes)
    connection.execute("PRAGMA journal_mode=DELETE")
    assert isinstance(Changes(connection).now(), int)


def test_a_log_of_an_unknown_kind_is_not_read(connection, monkeypatch):
    monkeypatch.setattr(module, "_VERSION", 4_000_000)
    assert isinstance(Changes(connection).now(), int)


def test_a_memory_that_is_not_the_one_in_use_is_not_read(connection, path):
    connection.execute("SELECT * FROM t").fetchall()
    memory = path.with_name(path.name + "-shm")
    data = memory.read_bytes()
    memory.unlink()
    memory.write_bytes(data)
    assert isinstance(Changes(connection).now(), int)


def test_sqlites_locks_survive_what_reads_the_memory(path, connection, writer):
    """To close a descriptor of a file lets go of every lock that the process has on it."""
    connection.execute("BEGIN")
    connection.execute("SELECT * FROM t").fetchall()
    for _ in range(3):
        with closing(sqlite3.connect(path)) as other:
            Changes(other)
    before = connection.execute("SELECT count(*) FROM t").fetchone()
    writer("INSERT INTO t VALUES (1)")
    busy = writer("PRAGMA wal_checkpoint(TRUNCATE)")  # would take the log away from under a reader without locks
    assert busy.startswith("[(1,")
    assert connection.execute("SELECT count(*) FROM t").fetchone() == before
    connection.execute("COMMIT")
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (before[0] + 1,)
