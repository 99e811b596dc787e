"""A private PBX: a real Asterisk on loopback ports of its own, booted in about a second, gone without a trace.

with Pbx("22", PbxOptions(extensions=TEXT)) as pbx, pbx.ami() as ami, pbx.phone("callee") as callee:
    ami.originate("Local/48501502503@outbound", context="lab-hold", exten="0")
"""

from __future__ import annotations

import os
import re
import resource
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from concierge.lab.ami import Ami
from concierge.lab.config import AMI_SECRET, AMI_USER, PbxOptions, add_sounds, write_config
from concierge.lab.engine import find_engine
from concierge.lab.errors import LabError, LabTimeoutError
from concierge.lab.phone import Phone
from concierge.lab.plan import PhoneOptions
from concierge.lab.ports import Ports
from concierge.lab.runfolder import RunFolder
from concierge.lab.wait import wait_until

BOOT_SECONDS = 20.0
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Bridge:
    """One line of `bridge show all`; technology is simple_bridge, native_rtp, softmix or holding_bridge."""

    identifier: str
    channels: int
    technology: str


class Pbx:
    """One Asterisk of major `version` ("22" or "16"), from start() to stop(); also a context manager.

    Attributes: `engine`, `options`; once started `ports` (ports.Ports), `folder` (the run folder, a path of this
    machine) and `boot_seconds` (start to fully booted). Where $CONCIERGE_LAB_KEEP names a directory, the run
    folder is copied there at the stop. Errors are LabError.
    """

    def __init__(self, version: str = "22", options: PbxOptions | None = None) -> None:
        self.version = version
        self.engine = find_engine(version)
        self.options = options or PbxOptions()
        self.boot_seconds = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._run: RunFolder | None = None

    def start(self) -> Pbx:
        """Boot; returns when Asterisk says that it is fully booted. Raises LabError with the end of its log."""
        started = time.monotonic()
        self.ports = Ports()
        try:
            self._run = RunFolder(self.engine.run_base())
            self.folder = self._run.path
            write_config(self.folder, self.engine, self.ports, self.options)
            self._boot(self._run)
        except BaseException:
            self.stop()
            raise
        self.boot_seconds = time.monotonic() - started
        return self

    def _boot(self, run: RunFolder) -> None:
        with (self.folder / "log" / "console").open("wb") as console:
            self._process = subprocess.Popen(
                self._command("-f", "-n"),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
            )
        run.note_process(self._process.pid)
        wait_until(self._socket_made, BOOT_SECONDS, "the control socket of Asterisk")
        wait_until(self._booted, BOOT_SECONDS, "Asterisk to be fully booted")

    def _command(self, *arguments: str) -> list[str]:
        return self.engine.command("-C", self.to_pbx(self.folder / "etc" / "asterisk.conf"), *arguments)

    def _socket_made(self) -> bool:
        self._check_alive()
        return (self.folder / "run" / "asterisk.ctl").exists()

    def _booted(self) -> bool:
        self._check_alive()
        if "fully booted" not in self._remote("core waitfullybooted").stdout:
            return False
        # the commands of the core itself are registered a moment after that (main/asterisk.c)
        return self._remote("core show version").stdout.startswith("Asterisk ")

    def _check_alive(self) -> None:
        if self._process is None:
            raise LabError(f"the lab's Asterisk {self.version} is not started")
        if self._process.poll() is not None:
            raise LabError(
                f"the lab's Asterisk {self.version} ended with code {self._process.returncode}; the end of its log:\n"
                + "\n".join(self.log().splitlines()[-15:] or [self._console()])
            )

    def stop(self) -> None:
        """Stop Asterisk (killed when it does not end within 5 s), remove the run folder, free the ports."""
        self._end_process()
        if self._run is not None:
            self._keep(self._run)
            self._run.remove()
            self._run = None
        self.ports.close()

    def _end_process(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _keep(self, run: RunFolder) -> None:
        keep = os.environ.get("CONCIERGE_LAB_KEEP")
        if keep:
            ignore = shutil.ignore_patterns("*.ctl")
            shutil.copytree(run.path, Path(keep) / run.name, symlinks=True, ignore=ignore)

    def __enter__(self) -> Pbx:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def console(self) -> str:
        """How the console of this Asterisk is started, for `concierge --rx`."""
        return shlex.join(self._command())

    def limit_memory(self, size: int) -> None:
        """At most `size` bytes of address space from now on."""
        self._check_alive()
        if self._process is not None:
            resource.prlimit(self._process.pid, resource.RLIMIT_AS, (size, size))

    def alive(self) -> bool:
        """True while Asterisk runs."""
        return self._process is not None and self._process.poll() is None

    def to_pbx(self, path: Path) -> str:
        """A path of this machine → as Asterisk sees it."""
        return self.engine.to_pbx(path)

    def to_host(self, path: str) -> Path:
        """A path as Asterisk sees it → where it is on this machine."""
        return self.engine.to_host(path)

    def cli(self, command: str) -> str:
        """The output of a command of Asterisk's CLI, as `asterisk -rx`. Raises LabError when it cannot be asked."""
        self._check_alive()
        done = self._remote(command)
        if done.returncode:
            raise LabError(f"asterisk -rx {command!r} failed: {done.stdout}{done.stderr}")
        return done.stdout

    def _remote(self, command: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                self._command("-rx", command),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=30,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LabTimeoutError(f"asterisk -rx {command!r} gave no answer within 30 s") from error

    def reload(self, module: str = "") -> str:
        """`module reload [module]`; a module as `pbx_config` or `manager`. Raises LabError when it has no such."""
        answer = self.cli(f"module reload {module}".strip())
        if "No such module" in answer:
            raise LabError(f"Asterisk {self.version} has not loaded a module {module}")
        return answer

    def set_extensions(self, text: str, etc_files: Mapping[str, str] | None = None) -> None:
        """Replace the caller's part of extensions.conf (and files of etc/ by name) and reload the dialplan."""
        for name, content in {"extensions_extra.conf": text, **(etc_files or {})}.items():
            (self.folder / "etc" / name).write_text(content)
        self.cli("dialplan reload")

    def set_global(self, name: str, value: str) -> None:
        """Set a global variable of the dialplan, e.g. AGIPORT."""
        self.cli(f"dialplan set global {name} {value}")

    def add_sounds(self, name: str, source: Path) -> None:
        """Copy a folder of sounds to sounds/en/`name`; playable at once."""
        add_sounds(self.folder, name, source)

    def call_file(self, fields: Mapping[str, str], name: str = "lab.call") -> None:
        """Drop a call file into the spool, as `Channel`, `Context`, `Extension`, `Set`…; pbx_spool takes it at once."""
        text = "".join(f"{key}: {value}\n" for key, value in fields.items())
        draft = self.folder / "spool" / name
        draft.write_text(text)
        draft.rename(self.folder / "spool" / "outgoing" / name)

    def db_show(self, family: str = "") -> dict[str, str]:
        """AstDB as {"/family/key": "value"}, of one family or all."""
        lines = self.cli(f"database show {family}".strip()).splitlines()
        return {found[1].rstrip(): found[2].rstrip() for line in lines if (found := re.match(r"(/.*?): (.*)", line))}

    def channels(self) -> list[str]:
        """The names of all channels now."""
        return [line.split("!")[0] for line in self.cli("core show channels concise").splitlines() if "!" in line]

    def bridges(self) -> list[Bridge]:
        """All bridges now, with their technology."""
        rows = re.findall(r"^(\S+) .*?(\d+) (\w+) +(\w+) +[\d:]+ *$", self.cli("bridge show all"), re.MULTILINE)
        return [Bridge(identifier, int(channels), technology) for identifier, channels, _, technology in rows]

    def hangup_all(self, timeout: float = 5.0) -> None:
        """Hang up every channel and wait until none is left."""
        self.cli("channel request hangup all")
        wait_until(lambda: not self.channels(), timeout, "every channel to end")

    def log(self) -> str:
        """Asterisk's log so far: notice, warning, error, verbose, dtmf."""
        try:
            return (self.folder / "log" / "full").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def _console(self) -> str:
        return (self.folder / "log" / "console").read_text(errors="replace")

    def ami(self) -> Ami:
        """A new AMI client with all rights, for a `with`."""
        return Ami(self.ports.ami, AMI_USER, AMI_SECRET)

    def phone(self, name: str, options: PhoneOptions | None = None) -> Phone:
        """The phone "callee", "agent", "operator" or "caller" at its port, for a `with`."""
        if self._run is None:
            raise LabError(f"the lab's Asterisk {self.version} is not started")
        return Phone(name, self.folder / "phones", self.ports, self._run.note_process, options)
