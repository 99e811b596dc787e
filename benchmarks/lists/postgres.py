"""A PostgreSQL 15 of the benchmark's own, on a socket in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


@contextmanager
def postgresql() -> Iterator[Engine | None]:
    """An engine, or None where there is no server."""
    if not (PROGRAMS / "initdb").exists():
        yield None
        return
    names = {user.pw_name for user in pwd.getpwall()}
    user = None if os.geteuid() else "postgres" if "postgres" in names else "nobody"
    folder = Path(tempfile.mkdtemp(prefix="concierge-bench-pg-"))
    if user:
        shutil.chown(folder, user)

    def program(name: str, *arguments: str) -> None:
        with (folder / "output").open("w") as output:
            subprocess.run(
                [str(PROGRAMS / name), *arguments],
                user=user,
                cwd=folder,
                env={"LC_ALL": "C"},
                stdout=output,
                check=True,
            )

    program("initdb", "-D", f"{folder}/data", "-U", "concierge", "-A", "trust", "--no-sync", "-E", "UTF8")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c shared_buffers=1GB"
    program("pg_ctl", "-D", f"{folder}/data", "-w", "-o", options, "-l", f"{folder}/log", "start")
    try:
        query = {"host": str(folder)}
        yield create_engine(URL.create("postgresql+psycopg", "concierge", database="postgres", query=query))
    finally:
        program("pg_ctl", "-D", f"{folder}/data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)
