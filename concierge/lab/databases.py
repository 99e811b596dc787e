"""Real database servers of one test: in a folder of their own, on a socket or a loopback port, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL

from concierge.lab.errors import LabError

POSTGRESQL = Path("/usr/lib/postgresql/15/bin")
MARIADB = Path("/usr/sbin/mariadbd")
_SECONDS = 30.0
_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/bin"}


def memory() -> str | None:
    """A folder in memory, where the machine has one: this is about processes that die, not about disks."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


def server_user(name: str) -> str | None:
    """These servers do not run as root: who else there is. None: whoever we are."""
    if os.geteuid() != 0:
        return None
    return name if name in {user.pw_name for user in pwd.getpwall()} else "nobody"


class Server:
    """A database server that can be stopped, frozen, killed and set back to an earlier copy of its data.

    `durable`: on a disk, each commit written through, as in real life.
    """

    shutdown: int = signal.SIGTERM

    def __init__(self, user: str | None, durable: bool) -> None:
        self.durable = durable
        self.folder = Path(tempfile.mkdtemp(prefix="concierge-db-", dir=None if durable else memory()))
        self.port = free_port()
        self.user = user
        self.data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        if user:
            shutil.chown(self.folder, user)

    @property
    def url(self) -> URL:
        """For SQLAlchemy, as the superuser."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """What runs in the foreground."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Is it ready for connections?"""
        raise NotImplementedError

    def start(self) -> None:
        """Raises LabError when it does not answer in time."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), user=self.user, cwd=self.folder, env=_ENVIRONMENT, stdout=log, stderr=log
            )
        end = time.monotonic() + _SECONDS
        while not self.answers():
            if time.monotonic() > end or self._process.poll() is not None:
                raise LabError((self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def stop(self, number: int = 0) -> None:
        """With this signal, by default the one that waits for no client; SIGKILL ends its helpers too."""
        number = number or self.shutdown
        if self._process is None:
            return
        for child in self._all() if number == signal.SIGKILL else []:
            os.kill(child, signal.SIGKILL)
        self._process.send_signal(number)
        self._process.wait(_SECONDS)
        self._process = None

    def freeze(self) -> None:
        """Every process of it; the kernel goes on to acknowledge."""
        for one in self._all():
            os.kill(one, signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        for one in self._all():
            os.kill(one, signal.SIGCONT)

    def _all(self) -> list[int]:
        if self._process is None:
            return []
        number = self._process.pid
        children = Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii").split()
        return [number, *map(int, children)]

    def keep(self, copy: str) -> None:
        """Copy the data of a stopped server."""
        shutil.rmtree(self.folder / copy, ignore_errors=True)
        subprocess.run(["cp", "-a", str(self.data), str(self.folder / copy)], check=True)

    def put_back(self, copy: str) -> None:
        """The data as they were."""
        shutil.rmtree(self.data)
        subprocess.run(["cp", "-a", str(self.folder / copy), str(self.data)], check=True)

    def remove(self) -> None:
        """Stop it and leave nothing behind."""
        self.thaw()
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder)

    def run(self, program: str | Path, *arguments: str, told: str = "") -> None:
        """`told`: its standard input. Raises LabError with what it printed."""
        done = subprocess.run(
            [str(program), *arguments],
            user=self.user,
            cwd=self.folder,
            env=_ENVIRONMENT,
            input=told,
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode:
            raise LabError(done.stdout + done.stderr)


class PostgreSQL(Server):
    """Version 15 with TCP on loopback; everybody is trusted."""

    shutdown = signal.SIGINT

    def __init__(self, durable: bool = False) -> None:
        super().__init__(server_user("postgres"), durable)
        options = ["-U", "owner", "-A", "trust", "--no-sync", "-E", "UTF8"]
        self.run(POSTGRESQL / "initdb", "-D", str(self.data), *options)

    @property
    def url(self) -> URL:
        """The database that is always there."""
        return URL.create("postgresql+psycopg", "owner", host="127.0.0.1", port=self.port, database="postgres")

    def command(self) -> list[str]:
        """Its folder and port, nothing of this machine's own configuration."""
        sync = "on" if self.durable else "off"
        options = ["-c", "listen_addresses=127.0.0.1", "-c", f"fsync={sync}", "-c", "shared_buffers=16MB"]
        where = ["-D", str(self.data), "-k", str(self.folder), "-p", str(self.port)]
        return [str(POSTGRESQL / "postgres"), *where, *options]

    def answers(self) -> bool:
        """Asks the server."""
        asked = [str(POSTGRESQL / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False, env=_ENVIRONMENT).returncode == 0

    def psql(self, *arguments: str, script: str = "") -> None:
        """As the superuser; with `-f -` the script, as the server's user may not read our files. Raises LabError."""
        where = ["-h", str(self.folder), "-p", str(self.port), "-U", "owner", "-d", "postgres"]
        self.run(POSTGRESQL / "psql", "-q", "-v", "ON_ERROR_STOP=1", *where, *arguments, told=script)


class MariaDB(Server):
    """Version 10.11 with TCP on loopback and a user `owner` who may do everything."""

    def __init__(self, durable: bool = False) -> None:
        super().__init__(server_user("mysql"), durable)
        install = ["--no-defaults", f"--datadir={self.data}", "--auth-root-authentication-method=normal"]
        self.run("mariadb-install-db", *install, "--skip-test-db", "--skip-name-resolve")
        (self.folder / "init.sql").write_text(
            "CREATE DATABASE IF NOT EXISTS concierge CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n"
            "CREATE USER IF NOT EXISTS owner@'127.0.0.1';\n"
            "GRANT ALL ON *.* TO owner@'127.0.0.1' WITH GRANT OPTION;\n"
        )
        (self.folder / "init.sql").chmod(0o644)

    @property
    def url(self) -> URL:
        """The database that the sites share."""
        return URL.create("mariadb+pymysql", "owner", host="127.0.0.1", port=self.port, database="concierge")

    def command(self) -> list[str]:
        """Nothing of this machine's own configuration."""
        where = [f"--datadir={self.data}", f"--socket={self.folder}/socket", f"--port={self.port}"]
        flush = 1 if self.durable else 2
        small = ["--innodb-buffer-pool-size=16M", f"--innodb-flush-log-at-trx-commit={flush}", "--skip-name-resolve"]
        network = ["--bind-address=127.0.0.1", f"--init-file={self.folder}/init.sql", f"--pid-file={self.folder}/pid"]
        return [str(MARIADB), "--no-defaults", *where, *small, *network]

    def answers(self) -> bool:
        """Greets at its port."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1.0) as connection:
                return b"MariaDB" in connection.recv(100)
        except OSError:
            return False


def missing(engine: str) -> str:
    """Why a server of this engine cannot be started here; empty when it can."""
    programs: dict[str, tuple[Path, str]] = {
        "postgresql": (POSTGRESQL / "initdb", "postgresql-15"),
        "mariadb": (MARIADB, "mariadb-server"),
    }
    program, package = programs[engine]
    return "" if program.exists() else f"{program} is missing; apt-get install {package}"


def free_port() -> int:
    """On loopback, at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


STARTERS: dict[str, Callable[[bool], Server]] = {"postgresql": PostgreSQL, "mariadb": MariaDB}
