"""Makes the two Asterisk roots, once: 22 from Debian sid, 16 from Debian bullseye, by mmdebstrap.

They live in $XDG_CACHE_HOME/concierge/asterisk-22 and -16 (default ~/.cache), never in the checkout or on the
host's own system. A marker file, written last, says that a root is complete; a root without it is made anew.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from concierge.lab.errors import LabError, LabMissingError

SUITES = {"22": "sid", "16": "bullseye"}
VERSIONS = tuple(SUITES)
MARKER = ".concierge-complete"
PROGRAMS = {"mmdebstrap": "mmdebstrap", "sipp": "sip-tester"}


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/concierge, by default ~/.cache/concierge."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "concierge"


def root_folder(version: str) -> Path:
    """Where the root of Asterisk `version` ("22" or "16") is or will be."""
    if version not in SUITES:
        raise LabError(f"the lab knows Asterisk {' and '.join(SUITES)}, not {version}")
    return cache_folder() / f"asterisk-{version}"


def root_ready(version: str) -> bool:
    """True when the root is complete."""
    return (root_folder(version) / MARKER).is_file()


def missing_packages() -> list[str]:
    """Debian packages the lab needs on this machine and does not find: mmdebstrap, sip-tester."""
    return [package for program, package in PROGRAMS.items() if shutil.which(program) is None]


def install_packages() -> list[str]:
    """Install what is missing by apt-get, as root; returns the packages installed. Raises LabMissingError."""
    packages = missing_packages()
    if not packages:
        return []
    wanted = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0:
        raise LabMissingError(f"{' and '.join(packages)} missing; run as root: {wanted}")
    if shutil.which("apt-get") is None:
        raise LabMissingError(f"{' and '.join(packages)} missing, and there is no apt-get; install them yourself")
    _say(f"installing {' '.join(packages)}")
    _apt("update", "-q")
    _apt("install", "-q", "-y", "--no-install-recommends", *packages)
    return packages


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LabMissingError(f"apt-get {' '.join(arguments)} failed: {_tail(done.stderr)}")


def provision(version: str) -> Path:
    """The complete root of Asterisk `version`, made now when it is not there (about 30 s, 350 MB).

    Two builders at once: the second waits for the first. Raises LabMissingError (not root, mmdebstrap missing)
    or LabError (no network, another version in the archive), each with what to do.
    """
    root = root_folder(version)
    if root_ready(version):
        return root
    _check_can_build(version)
    root.parent.mkdir(parents=True, exist_ok=True)
    with _only_builder(version):
        if not root_ready(version):
            _build(version, root)
    return root


def _check_can_build(version: str) -> None:
    if os.geteuid() != 0:
        raise LabMissingError(
            f"making the Asterisk {version} root needs root; run `make lab` as root, "
            "or name an Asterisk of this machine in $CONCIERGE_ASTERISK"
        )
    if shutil.which("mmdebstrap") is None:
        raise LabMissingError("mmdebstrap is missing; install it: apt-get install mmdebstrap")


@contextmanager
def _only_builder(version: str) -> Iterator[None]:
    with (cache_folder() / f"asterisk-{version}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"another process makes the Asterisk {version} root; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(version: str, root: Path) -> None:
    if root.exists():
        _say(f"{root} is incomplete; making it anew")
        _remove(root)
    started = time.monotonic()
    _say(f"making Asterisk {version} from Debian {SUITES[version]} in {root} (about 30 s, 350 MB, once)")
    _run_mmdebstrap(build_command(version, root), version)
    _check_version(version, root)
    (root / MARKER).write_text(f"Asterisk {version}\n")
    _say(f"Asterisk {version} is ready after {time.monotonic() - started:.0f} s")


def _remove(root: Path) -> None:
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    mounted = [place for place in mounts if Path(place).is_relative_to(root)]
    if mounted:
        raise LabError(f"{root} is incomplete but {', '.join(mounted)} is mounted in it; unmount that first")
    shutil.rmtree(root)


def build_command(version: str, root: Path) -> list[str]:
    """The mmdebstrap command line. $CONCIERGE_DEBIAN_MIRROR replaces Debian's default mirror."""
    command = ["mmdebstrap", "--mode=root", "--variant=apt", "--include=asterisk"]
    command += ['--aptopt=Acquire::Check-Valid-Until "false"', SUITES[version], str(root)]
    mirror = os.environ.get("CONCIERGE_DEBIAN_MIRROR")
    return [*command, mirror] if mirror else command


def _run_mmdebstrap(command: Sequence[str], version: str) -> None:
    log = cache_folder() / f"asterisk-{version}.log"
    with (
        log.open("w") as kept,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as building,
    ):
        for line in building.stdout or ():
            kept.write(line)
            if line.startswith("I: "):
                _say("  " + line[3:].rstrip())
    if building.returncode:
        raise LabError(
            f"mmdebstrap could not make Asterisk {version}: {_tail(log.read_text())} (all of it: {log}). "
            "Is a Debian mirror reachable from here? $CONCIERGE_DEBIAN_MIRROR names another one"
        )


def _check_version(version: str, root: Path) -> None:
    done = subprocess.run(["chroot", str(root), "asterisk", "-V"], capture_output=True, text=True, check=False)
    if not done.stdout.startswith(f"Asterisk {version}."):
        raise LabError(
            f"Debian {SUITES[version]} has no Asterisk {version} now, it has {done.stdout.strip() or 'none'}; name an "
            "archive that has it in $CONCIERGE_DEBIAN_MIRROR, or an Asterisk of this machine in $CONCIERGE_ASTERISK"
        )


def _tail(text: str) -> str:
    return " / ".join(text.strip().splitlines()[-3:])


def _say(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr, flush=True)
