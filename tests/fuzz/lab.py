"""A private Asterisk for differential fuzzing: chroot into a root, own folder below its /tmp, AMI on
loopback.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_FOLDERS = ["astvarlibdir", "astdbdir", "astkeydir", "astagidir", "astspooldir", "astrundir", "astlogdir"]
_MODULES = ["pbx_config", "app_userevent", "bridge_simple", "bridge_builtin_features"]


def default_roots() -> list[Path]:
    """The roots that exist in the cache folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "concierge"
    return [path for path in (cache / "asterisk-22", cache / "asterisk-16") if path.is_dir()]


class Lab:
    """One Asterisk; `etc` is the folder that it reads its configuration from."""

    def __init__(self, root: Path, modules: list[str] = _MODULES) -> None:
        self.root = root
        self.etc = Path(tempfile.mkdtemp(prefix="concierge-fuzz-", dir=root / "tmp"))
        self.inside = Path("/") / self.etc.relative_to(root)
        self.log = self.etc / "full"
        self._log_at = 0
        self._write(modules)
        self._process = self._start()
        self.pid = self._process.pid
        self._socket = self._login()

    def _write(self, modules: list[str]) -> None:
        found = [*self.root.glob("usr/lib/*/asterisk/modules"), self.root / "usr/lib/asterisk/modules"][0]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        folders = f"astetcdir => {self.inside}\nastmoddir => /{found.relative_to(self.root)}\n"
        folders += "astdatadir => /usr/share/asterisk\n"  # without its documentation Asterisk 22 does not start
        folders += "".join(f"{name} => {self.inside}\n" for name in _FOLDERS)
        files = {
            "asterisk.conf": f"[directories]\n{folders}[options]\nverbose = 0\n",
            "modules.conf": "[modules]\nautoload=no\n" + "".join(f"load={name}.so\n" for name in modules),
            "logger.conf": "[general]\nlogger_queue_limit=1000000\n[logfiles]\nfull => notice,warning,error\n",
            "manager.conf": f"[general]\nenabled=yes\nbindaddr=127.0.0.1\nport={self._port}\n"
            "[fuzz]\nsecret=fuzz\nread=all\nwrite=all\nwritetimeout=10000\n",
            "extensions.conf": "[general]\n",
        }
        for name, text in files.items():
            (self.etc / name).write_text(text)

    def _start(self) -> subprocess.Popen[bytes]:
        command = ["chroot", str(self.root), "asterisk", "-C", f"{self.inside}/asterisk.conf", "-f"]
        quiet = subprocess.DEVNULL
        environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
        return subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=environment)

    def _login(self) -> socket.socket:
        limit = time.monotonic() + 60
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", self._port), timeout=60)
                break
            except OSError:
                if time.monotonic() > limit or self._process.poll() is not None:
                    self.close()
                    raise
                time.sleep(0.05)
        self._reader = connection.makefile("rb")
        self._reader.readline()
        self._socket = connection
        self.send("Login", Username="fuzz", Secret="fuzz", Events="off")
        self.answer()
        while not self.version():
            time.sleep(0.02)
        self.command("core waitfullybooted")
        return connection

    def send(self, action: str, **fields: str) -> None:
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        self._socket.sendall("\r\n".join(lines).encode())

    def answer(self) -> list[bytes]:
        """The lines of the next message."""
        lines = []
        while (line := self._reader.readline()) not in (b"\r\n", b""):
            lines.append(line.removesuffix(b"\n").removesuffix(b"\r"))
        return lines

    def messages(self) -> Iterator[list[bytes]]:
        while message := self.answer():
            yield message

    def command(self, command: str) -> list[str]:
        """A CLI command's output, one character a byte."""
        self.send("Command", Command=command)
        lines = next((m for m in self.messages() if not m[0].startswith(b"Event:")), None)
        if lines is None:
            raise ConnectionError("Asterisk is gone")
        if lines and lines[0] == b"Response: Follows":  # 13 and older; kept for odd builds
            return [line.decode("latin-1") for line in lines[2:]]
        return [line[8:].decode("latin-1") for line in lines if line.startswith(b"Output: ")]

    def log_lines(self, until: str) -> list[str]:
        """What was logged since the last call, up to a line that holds `until`; waits for it at most 20 s."""
        limit = time.monotonic() + 20
        while time.monotonic() < limit:
            data = self.log.read_bytes()[self._log_at :] if self.log.exists() else b""
            end = data.rfind(until.encode())
            if end >= 0 and (stop := data.find(b"\n", end)) >= 0:
                self._log_at += stop + 1
                return data[:stop].decode("latin-1").split("\n")
            time.sleep(0.005)
        raise TimeoutError(f"{until!r} never came to {self.log}")

    def version(self) -> str:
        """ "" while it starts."""
        found = re.match(r"Asterisk (\d\S*)", "".join(self.command("core show version")[:1]))
        return found[1] if found else ""

    def close(self) -> None:
        """End it and remove its files."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.etc, ignore_errors=True)

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
