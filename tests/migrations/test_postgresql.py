"""The same migrations on a real PostgreSQL 15."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, insert, inspect, select

from migrations import run
from models import tables

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


def _server_user() -> str | None:
    """PostgreSQL will not run as root."""
    if os.geteuid() != 0:
        return None
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@pytest.fixture(scope="module")
def engine():
    if not (PROGRAMS / "initdb").exists():
        reason = f"no PostgreSQL 15 server in {PROGRAMS}; install postgresql-15"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    user = _server_user()
    folder = Path(tempfile.mkdtemp(prefix="concierge-pg-"))
    if user:
        shutil.chown(folder, user)

    def program(name, *arguments):
        # a file, not a pipe: the server that pg_ctl leaves behind would keep a pipe open
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(PROGRAMS / name), *arguments],
                user=user,
                cwd=folder,
                env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            )
            output.seek(0)
            text = output.read()
        assert done.returncode == 0, text

    program("initdb", "-D", f"{folder}/data", "-U", "concierge", "-A", "trust", "--no-sync", "-E", "UTF8")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    program("pg_ctl", "-D", f"{folder}/data", "-w", "-t", "30", "-o", options, "-l", f"{folder}/log", "start")
    try:
        query = {"host": str(folder)}
        engine = create_engine(URL.create("postgresql+psycopg", "concierge", database="postgres", query=query))
        yield engine
        engine.dispose()
    finally:
        program("pg_ctl", "-D", f"{folder}/data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def test_an_empty_postgresql_goes_up_to_exactly_the_tables_and_down_to_nothing(engine):
    with engine.begin() as connection:
        assert connection.dialect.server_version_info[0] == 15
        run.upgrade(connection)
    with engine.begin() as connection:
        assert run.current(connection) == run.head()
        assert run.differences(connection) == []
        assert set(inspect(connection).get_table_names()) == {*tables.metadata.tables, "alembic_version"}
    with engine.begin() as connection:
        run.downgrade(connection, "base")
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
        assert inspect(connection).get_sequence_names() == []


def test_the_longest_number_and_the_last_moment_fit(engine):
    values = {"number": 999_999_999_999_999, "campaign": "", "reason": "r", "source": "s"}
    times = {"created_at": 253_402_300_799_999_999, "expires_at": None, "revoked_at": None}
    with engine.begin() as connection:
        run.upgrade(connection)
        connection.execute(insert(tables.entry).values(**values, **times))
        row = connection.execute(select(tables.entry)).one()
        assert dict(row._mapping) == {"id": 1, **values, **times, "last": 0, "allow": 0, "batch": ""}
        run.downgrade(connection, "base")
