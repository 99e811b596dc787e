"""Which Asterisk binary runs a private PBX: one in a Debian root of our own, or the host's.

$CONCIERGE_ASTERISK names a binary of the host; it is run with configuration, spool, database and ports of the
lab's own. $CONCIERGE_ASTERISK_MODULES names its module folder where that is not one of the usual places.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from concierge.lab.errors import LabMissingError
from concierge.lab.provision import cache_folder, root_folder, root_ready

MODULE_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu/asterisk/modules",
    "/usr/lib/aarch64-linux-gnu/asterisk/modules",
    "/usr/lib64/asterisk/modules",
    "/usr/lib/asterisk/modules",
    "/usr/local/lib/asterisk/modules",
)
DATA_FOLDERS = ("/usr/share/asterisk", "/var/lib/asterisk", "/usr/local/var/lib/asterisk")


@dataclass(frozen=True)
class Engine:
    """An Asterisk binary and its read-only parts; all paths but `root` are as the binary sees them.

    version   major version, "16" or "22"
    root      folder the binary is chrooted to, None for the host's own binary
    binary, modules, data   program, module folder, folder of documentation/ and sounds/
    """

    version: str
    root: Path | None
    binary: str
    modules: str
    data: str

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs the binary with `arguments`."""
        return [*self._enter(), self.binary, *arguments]

    def _enter(self) -> list[str]:
        return [] if self.root is None else ["chroot", str(self.root)]

    def to_host(self, path: str) -> Path:
        """A path as the binary sees it → where it is on this machine."""
        return Path(path) if self.root is None else self.root / path.lstrip("/")

    def to_pbx(self, path: Path) -> str:
        """A path of this machine → as the binary sees it. Raises ValueError when it is outside the root."""
        return str(path) if self.root is None else "/" + str(path.relative_to(self.root))

    def run_base(self) -> Path:
        """Host folder that holds the run folders of this engine's PBXs."""
        if self.root is not None:
            return self.root / "lab"
        return cache_folder() / "lab"


def find_engine(version: str) -> Engine:
    """The engine of that major version: the host's own where $CONCIERGE_ASTERISK is of it, else the root made for it.

    Raises LabMissingError when there is none, and says how to get it.
    """
    own = os.environ.get("CONCIERGE_ASTERISK")
    if own:
        engine = host_engine(own)
        if engine.version == version:
            return engine
    return root_engine(version)


def root_engine(version: str) -> Engine:
    """The engine in the provisioned Debian root."""
    root = root_folder(version)
    if not root_ready(version):
        raise LabMissingError(f"there is no Asterisk {version} in {root}; make it with `make lab` (as root, once)")
    if os.geteuid() != 0:
        raise LabMissingError(
            f"the Asterisk {version} in {root} needs root (chroot); run this as root, "
            "or name an Asterisk of this machine in $CONCIERGE_ASTERISK"
        )
    return Engine(version, root, "/usr/sbin/asterisk", _modules(root), _data(root))


def host_engine(binary: str) -> Engine:
    """The engine of a binary of this machine; it is asked for its version."""
    try:
        answer = subprocess.run([binary, "-V"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise LabMissingError(f"$CONCIERGE_ASTERISK is {binary}, which does not run: {error}") from error
    version = re.search(r"Asterisk (?:certified/)?(\d+)", answer)
    if version is None:
        raise LabMissingError(f"$CONCIERGE_ASTERISK is {binary}, which is no Asterisk: it says {answer.strip()!r}")
    return Engine(version[1], None, binary, _modules(Path("/")), _data(Path("/")))


def _modules(root: Path) -> str:
    named = os.environ.get("CONCIERGE_ASTERISK_MODULES") if root == Path("/") else None
    return named or _first(root, MODULE_FOLDERS, "chan_pjsip.so", "CONCIERGE_ASTERISK_MODULES")


def _data(root: Path) -> str:
    named = os.environ.get("CONCIERGE_ASTERISK_DATA") if root == Path("/") else None
    return named or _first(root, DATA_FOLDERS, "documentation/core-en_US.xml", "CONCIERGE_ASTERISK_DATA")


def _first(root: Path, folders: tuple[str, ...], holds: str, variable: str) -> str:
    for folder in folders:
        if (root / folder.lstrip("/") / holds).exists():
            return folder
    raise LabMissingError(f"no folder below {root} holds Asterisk's {holds}; name it in ${variable}")
