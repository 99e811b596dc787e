"""Every command of docs/operations.md runs; the unit, the scripts of the package, and what systemd is told."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from concierge.systemd import notify, watchdog_seconds

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "operations.md").read_text()
RUN = [line for block in re.findall(r"```sh\n(.*?)```", DOC, re.S) for line in block.splitlines()]


@pytest.fixture
def at_work(concierge, tmp_path: Path):
    """A list with settings, and Asterisk's files."""
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "extensions.conf").write_text("[general]\n")
    assert concierge("db", "upgrade").returncode == 0
    assert concierge("list", "add", "+48600100200", "--reason", "r", "--source", "letter").returncode == 0
    return etc


@pytest.mark.parametrize("line", dict.fromkeys(RUN))
def test_every_command_of_the_guide_runs(concierge, at_work: Path, tmp_path: Path, line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "concierge"
    words = [word.replace("/tmp/", f"{tmp_path}/") for word in words]
    if words[0] in ("hooks", "doctor"):
        words += ["--etc", str(at_work), "--rx", "/nonexistent"]
    done = concierge(*words)
    expected = (0, 1) if words[0] == "doctor" else (0,)  # nothing is set up here, and doctor says so
    assert done.returncode in expected, done.stderr + done.stdout


def test_every_command_that_the_guide_names_is_there(concierge) -> None:
    named = set(re.findall(r"`?concierge ((?:[a-z-]+ ?)+)", DOC))
    for words in {tuple(name.split()[:2]) for name in named if not name.startswith(("list.db", "hangs"))}:
        done = concierge(*words[:1], "--help")
        assert done.returncode == 0, words
        assert len(words) == 1 or words[1] in done.stdout, words


def test_a_backup_is_a_whole_list_and_overwrites_nothing(concierge, at_work: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert concierge("db", "backup", copy).returncode == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    settings = tmp_path / "copy.yaml"
    settings.write_text(f"store: {{path: {copy}}}\n")
    assert concierge("check", "+48600100200", "--config", settings).returncode == 1
    again = concierge("db", "backup", copy)
    assert again.returncode == 2 and "is there already" in again.stderr
    assert concierge("db", "backup").returncode == 2
    assert "no database" in concierge("db", "backup", tmp_path / "x", "--config", _absent(tmp_path)).stderr


def _absent(tmp_path: Path) -> Path:
    path = tmp_path / "absent.yaml"
    path.write_text(f"store: {{path: {tmp_path}/absent.db}}\n")
    return path


def test_systemd_hears_that_the_daemon_is_ready(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(str(tmp_path / "notify"))
        assert notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert link.recv(100) == b"READY=1"
    assert not notify("READY=1", {}) and not notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "gone")})
    assert not notify("READY=1", {"NOTIFY_SOCKET": "relative"})


def test_the_watchdog_is_fed_twice_as_often_as_it_asks() -> None:
    assert watchdog_seconds({"WATCHDOG_USEC": "30000000"}) == 15
    assert watchdog_seconds({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}) == 15
    for nothing in ({}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}):
        assert watchdog_seconds(nothing) is None


def test_the_unit_is_hardened_and_names_what_the_package_installs() -> None:
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "packaging" / "concierge.service")
    service = unit["Service"]
    assert service["Type"] == "notify" and service["User"] == "concierge" and int(service["WatchdogSec"]) > 0
    assert service["ExecStart"].startswith("/usr/bin/concierge serve") and service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == "" and service["NoNewPrivileges"] == "yes"


UNITS = ("concierge.service", "concierge-selftest.service", "concierge-selftest.timer")
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_systemd_reads_the_units_without_complaint(name: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", ROOT / "packaging" / name],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "concierge" in line and "not executable" not in line]
    assert complaints == []


@needs_systemd
@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_systemd_calls_the_services_little_exposed(name: str) -> None:
    """The scale of `systemd-analyze security` goes to 10; these have 1.4 and 0.9 (systemd 252)."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", ROOT / "packaging" / name],
        capture_output=True,
        text=True,
        check=False,
    )
    if "Unrecognized option" in done.stderr or "unrecognized option" in done.stderr:
        return  # before systemd 250
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


def test_the_timer_starts_what_the_settings_name_and_the_package_brings_it(concierge) -> None:
    unit = (ROOT / "packaging" / "concierge-selftest.service").read_text()
    (words,) = re.findall(r"^ExecStart=/usr/bin/concierge (.*)$", unit, re.M)
    done = concierge(*words.split())
    assert done.returncode == 2 and "selftest.numbers" in done.stderr
    packed = (ROOT / "packaging" / "build-deb.sh").read_text()
    assert all(name in packed for name in UNITS)


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm", "build-deb.sh", "try-deb.sh", "try-systemd.sh"])
def test_the_shell_can_read_the_scripts(name: str) -> None:
    done = subprocess.run(["sh", "-n", ROOT / "packaging" / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
