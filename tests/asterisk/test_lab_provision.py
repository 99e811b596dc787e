"""Making the Asterisk roots: once, complete or anew, clear errors. mmdebstrap is a stand-in here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from concierge.lab import provision as module
from concierge.lab.engine import find_engine, host_engine
from concierge.lab.errors import LabError, LabMissingError
from concierge.lab.provision import (
    MARKER,
    build_command,
    install_packages,
    missing_packages,
    provision,
    root_folder,
    root_ready,
)

MMDEBSTRAP = """#!/bin/sh
echo "$@" >> "$LAB_TEST/built"
echo "I: working" >&2
for word in "$@"; do case $word in */asterisk-*) root=$word;; esac; done
[ -e "$root" ] && { echo "E: $root is not empty" >&2; exit 1; }
mkdir -p "$root"
[ -e "$LAB_TEST/no-network" ] && { echo "E: Temporary failure resolving 'deb.debian.org'" >&2; exit 100; }
exit 0
"""
CHROOT = """#!/bin/sh
echo "Asterisk $(cat "$LAB_TEST/version" 2>/dev/null || echo 22.10.1)"
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a stand-in mmdebstrap and chroot, an empty cache, and us as root."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"mmdebstrap": MMDEBSTRAP, "chroot": CHROOT}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("LAB_TEST", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CONCIERGE_ASTERISK", raising=False)
    monkeypatch.delenv("CONCIERGE_DEBIAN_MIRROR", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def builds(machine: Path) -> int:
    return len((machine / "built").read_text().splitlines()) if (machine / "built").exists() else 0


def test_made_once_in_the_cache_and_reported(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not root_ready("22")
    root = provision("22")
    assert root == machine / "cache" / "concierge" / "asterisk-22" == root_folder("22")
    assert root_ready("22")
    assert provision("22") == root
    assert builds(machine) == 1
    said = capsys.readouterr().err
    assert "making Asterisk 22 from Debian sid" in said and "working" in said and "ready after" in said


def test_incomplete_root_is_made_anew(machine: Path) -> None:
    root = root_folder("22")
    root.mkdir(parents=True)
    (root / "half").write_text("")
    provision("22")
    assert not (root / "half").exists()
    assert (root / MARKER).exists()


def test_no_network_is_a_clear_error_and_no_marker(machine: Path) -> None:
    (machine / "no-network").write_text("")
    with pytest.raises(LabError, match=r"resolving 'deb.debian.org'.*mirror reachable.*CONCIERGE_DEBIAN_MIRROR"):
        provision("22")
    assert not root_ready("22")
    (machine / "no-network").unlink()
    provision("22")
    assert root_ready("22")


def test_another_version_in_the_archive_is_a_clear_error(machine: Path) -> None:
    (machine / "version").write_text("23.1.0")
    with pytest.raises(LabError, match=r"sid has no Asterisk 22 now, it has Asterisk 23.1.0"):
        provision("22")
    assert not root_ready("22")


def test_not_root_is_a_clear_error(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabMissingError, match="needs root; run `make lab` as root"):
        provision("16")
    provision_as_root = root_folder("16")
    provision_as_root.mkdir(parents=True)
    (provision_as_root / MARKER).write_text("")
    with pytest.raises(LabMissingError, match="needs root"):
        find_engine("16")


def test_missing_mmdebstrap_is_a_clear_error(machine: Path) -> None:
    (machine / "bin" / "mmdebstrap").unlink()
    os.environ["PATH"] = str(machine / "bin")
    with pytest.raises(LabMissingError, match="apt-get install mmdebstrap"):
        provision("22")
    assert missing_packages() == ["mmdebstrap", "sip-tester"]


def test_missing_packages_without_root_name_the_command(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(machine / "bin"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabMissingError, match="run as root: apt-get install --no-install-recommends sip-tester"):
        install_packages()


def test_two_builders_at_once_build_once(machine: Path) -> None:
    (machine / "bin" / "mmdebstrap").write_text(MMDEBSTRAP.replace("exit 0", "while [ ! -e $LAB_TEST/go ]; do :; done"))
    code = "import os; os.geteuid = lambda: 0; from concierge.lab.provision import provision; provision('22')"
    builders = [
        subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        for _ in range(2)
    ]
    said = _first_to_wait(builders)
    (machine / "go").write_text("")
    assert [builder.wait(20) for builder in builders] == [0, 0]
    assert "waiting for it" in said
    assert builds(machine) == 1
    for builder in builders:
        if builder.stderr:
            builder.stderr.close()


def _first_to_wait(builders: list[subprocess.Popen[str]]) -> str:
    """The line of the builder that has to wait; the other one says something else."""
    lines = [builder.stderr.readline() if builder.stderr else "" for builder in builders]
    return "".join(lines)


def test_a_root_with_something_mounted_in_it_is_not_removed(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = root_folder("22")
    root.mkdir(parents=True)
    monkeypatch.setattr(Path, "read_text", lambda _self: f"proc {root}/proc proc rw 0 0\n")
    with pytest.raises(LabError, match=r"asterisk-22/proc is mounted in it; unmount that first"):
        module._remove(root)
    assert root.exists()


def test_mirror_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONCIERGE_DEBIAN_MIRROR", "http://mirror.example/debian")
    assert build_command("16", tmp_path)[-3:] == ["bullseye", str(tmp_path), "http://mirror.example/debian"]


def test_unknown_version_and_missing_root_are_clear_errors(machine: Path) -> None:
    with pytest.raises(LabError, match="knows Asterisk 22 and 16, not 18"):
        root_folder("18")
    with pytest.raises(LabMissingError, match=r"there is no Asterisk 22 in .*; make it with `make lab`"):
        find_engine("22")


@pytest.mark.parametrize(("answer", "error"), [("exit 3", "does not run"), ("echo FreeSWITCH", "is no Asterisk")])
def test_a_host_binary_that_is_no_asterisk(machine: Path, answer: str, error: str) -> None:
    binary = machine / "bin" / "asterisk"
    binary.write_text(f"#!/bin/sh\n{answer}\n")
    binary.chmod(0o755)
    with pytest.raises(LabMissingError, match=error):
        host_engine(str(binary))
