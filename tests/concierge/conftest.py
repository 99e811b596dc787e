"""The installed command as a user runs it, with a home of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CONCIERGE = Path(sys.executable).with_name("concierge")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nothing of the developer's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONCIERGE", "XDG"))}
    return kept | {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path), "PYTHONWARNINGS": "error"}


@pytest.fixture
def home_db(tmp_path: Path) -> Path:
    """Where the default database is made on first use."""
    return tmp_path / "state" / "concierge" / "concierge.db"


@pytest.fixture
def concierge(environment: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`concierge(words…)`: the finished process. No ending may show a traceback, except our bug's."""

    def run(*words: object, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        command = [os.fsencode(CONCIERGE), *(os.fsencode(str(word)) for word in words)]
        done = subprocess.run(
            command, input=stdin, cwd=tmp_path, env=environment | more, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode in (0, 1, 2), done.stderr
        return done

    return run


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "settings.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
