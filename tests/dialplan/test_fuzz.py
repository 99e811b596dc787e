"""A small share of the differential fuzzing against real Asterisks (tests/fuzz)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[1] / "fuzz"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "concierge"

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize("version", ["16", "22"])
@pytest.mark.parametrize(("tool", "count"), [("configurations", 150), ("matching", 300)])
def test_asterisk_and_we_agree(version: str, tool: str, count: int) -> None:
    root = CACHE / f"asterisk-{version}"
    if not (root / "usr/sbin/asterisk").exists() or os.geteuid() != 0:
        pytest.skip(f"no Asterisk {version} at {root}, or not root")
    command = [
        sys.executable,
        str(FUZZ / f"{tool}.py"),
        "--count",
        str(count),
        "--seed",
        "2",
        "--root",
        str(root),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Asterisk {version}." in done.stdout
