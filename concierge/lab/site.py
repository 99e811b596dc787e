"""A private PBX with Concierge installed on it: configuration, hooks, prompts, and the daemon as its own process.

with Site("22") as site, site.pbx.phone("callee") as callee:
    site.concierge("list", "add", "+48600100200", "--reason", "asked", "--source", "letter")
    site.ami.originate("Local/48600100200@outbound/n", context="campaign", exten="s", variables=SPRING)
"""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from types import TracebackType

import yaml

from ami.manager_conf import snippet
from concierge import hooks
from concierge.lab.ami import Ami
from concierge.lab.config import PbxOptions
from concierge.lab.pbx import Pbx
from concierge.lab.ports import Ports
from concierge.lab.wait import wait_until
from concierge.settings import Settings, load
from concierge.wiring import upgrade_store

CAMPAIGN = {"__CONCIERGE_CAMPAIGN": "spring"}
SYSTEM = "lab"
USER = "concierge"


class Site:
    """One site from start() to stop(); also a context manager. `folder` holds configuration, list and log."""

    def __init__(
        self,
        version: str = "22",
        *,
        extensions: str = "",
        manager: str = "",
        files: Mapping[str, str] | None = None,
        settings: Mapping[str, object] | None = None,
        modules: Sequence[str] = (),
    ) -> None:
        """`extensions` follows the demo's dialplan, `manager` our own user, `files` are further files of the PBX's
        configuration; `settings` replaces sections of Concierge's; `modules` are loaded too.
        """
        self._version = version
        self._extensions, self._manager, self._files = extensions, manager, files or {}
        self._changes = settings or {}
        self._modules = modules
        self._kept = tempfile.TemporaryDirectory(prefix="concierge-site-")
        self.folder = Path(self._kept.name)
        self.config = self.folder / "config.yaml"
        self.store = self.folder / "list.db"
        self.daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> Site:
        """Boot the PBX, create the list, start the daemon. Raises LabError or UserError."""
        secret = secrets.token_urlsafe(24)
        with Ports() as ports:
            agi_port = ports.spare()
        draft = self._write_config(agi_port, 5038, secret)
        self.pbx = Pbx(self._version, self._pbx_options(draft, secret))
        self.pbx.start()
        self.settings = self._write_config(agi_port, self.pbx.ports.ami, secret)
        upgrade_store(self.store)
        self.ami: Ami = self.pbx.ami().connect()
        self.start_daemon()
        return self

    def _pbx_options(self, settings: Settings, secret: str) -> PbxOptions:
        demo = files("concierge.lab").joinpath("demo/extensions.conf").read_text(encoding="utf-8")
        return PbxOptions(
            extensions="\n".join([hooks.extensions(settings), demo, self._extensions]),
            features=hooks.features(settings).removeprefix("[applicationmap]\n"),
            manager=snippet(int(self._version), USER, secret, originate=settings.callbacks.auto) + self._manager,
            etc_files=self._files,
            modules=self._modules,
            sounds={"concierge": Path(str(files("concierge").joinpath("sounds/en")))},
        )

    def _write_config(self, agi_port: int, ami_port: int, secret: str) -> Settings:
        secret_file = self.folder / "ami.secret"
        secret_file.touch(mode=0o600)
        secret_file.write_text(secret + "\n")
        sections: dict[str, object] = {
            "site": {"country": "PL", "outside_line": "9"},
            "store": {"path": str(self.store)},
            "agi": {"port": agi_port},
            "ami": {"port": ami_port, "user": USER, "secret_file": str(secret_file), "system": SYSTEM},
            "operator": {"dial": "PJSIP/operator"},
        }
        self.config.write_text(yaml.safe_dump(sections | dict(self._changes)))
        return load(self.config)

    # ---- the daemon

    def start_daemon(self, *arguments: str, ready: bool = True) -> None:
        """Start `concierge serve`; returns when it answers and hears."""
        before = len(self.log())
        with (self.folder / "daemon.log").open("ab") as log:
            self.daemon = subprocess.Popen(
                [*_command(), "serve", "--config", str(self.config), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if ready:
            wait_until(lambda: self._answers() and self._hears(before), 20, "the daemon to be ready")

    def _answers(self) -> bool:
        if self.daemon is not None and self.daemon.poll() is not None:
            raise RuntimeError(f"the daemon ended with {self.daemon.returncode}:\n{self.log()[-3000:]}")
        try:
            socket.create_connection(("127.0.0.1", self.settings.agi.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _hears(self, before: int) -> bool:
        return "listening to" in self.log()[before:] or not self.settings.ami.user

    def stop_daemon(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the daemon; returns its exit code. SIGKILL: as a crash would."""
        if self.daemon is None:
            return 0
        self.daemon.send_signal(number)
        code = self.daemon.wait(30)
        self.daemon = None
        return code

    def log(self) -> str:
        """What the daemon has written so far."""
        path = self.folder / "daemon.log"
        return path.read_text(errors="replace") if path.exists() else ""

    # ---- the command

    def concierge(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run one `concierge` command with this site's configuration."""
        return self.concierge_alone(*arguments, "--config", str(self.config), stdin=stdin)

    def concierge_alone(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run one `concierge` command that needs no configuration."""
        return subprocess.run(
            [*_command(), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def stop(self) -> None:
        """End everything; leaves nothing behind."""
        try:
            self.stop_daemon(signal.SIGKILL)
            if hasattr(self, "ami"):
                self.ami.close()
            if hasattr(self, "pbx"):
                self.pbx.stop()
        finally:
            self._kept.cleanup()

    def __enter__(self) -> Site:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _command() -> list[str]:
    """The code that this process runs, which may be another tree than the installed one."""
    here = str(Path(__file__).parents[2])
    start = f"import sys; sys.path.insert(0, {here!r}); from concierge.cli import main; sys.exit(main())"
    return [sys.executable, "-P", "-c", start]
