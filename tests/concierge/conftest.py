"""The command: mostly in this process, because a start of Python costs half a second; installed where that counts."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest

from concierge.cli import main

CONCIERGE = Path(sys.executable).with_name("concierge")
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nothing of the developer's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONCIERGE", "XDG"))}
    return kept | {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}


@pytest.fixture
def home_db(tmp_path: Path) -> Path:
    """Where the default database is made on first use."""
    return tmp_path / "state" / "concierge" / "concierge.db"


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "settings.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def at_home(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process stands where a user would stand."""
    for name in set(os.environ) - set(environment):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    hangup = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, hangup)


@pytest.fixture
def concierge(
    at_home: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Done]:
    """`concierge(words…)` in this process. Only our bug may show a traceback."""

    def run(*words: object, **variables: str) -> Done:
        argv = [str(word) for word in words]
        capsys.readouterr()
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            patch.setattr("sys.stdin", StringIO())
            try:
                code = main(argv)
            except SystemExit as end:
                code = end.code
        out, err = capsys.readouterr()
        assert "Traceback" not in err, err
        assert code in (0, 1, 2), err
        return Done(argv, code, out, err)

    return run


@pytest.fixture
def installed(environment: dict[str, str], tmp_path: Path) -> Callable[..., Done]:
    """The installed command in a process of its own."""

    def run(*words: object, stdin: str = "", **more: str) -> Done:
        return subprocess.run(
            [str(CONCIERGE), *map(str, words)],
            input=stdin,
            cwd=tmp_path,
            env=environment | {"PYTHONWARNINGS": "error"} | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def wait_until() -> Callable[[Callable[[], object], float], None]:
    """Wait until the condition holds; fails when it does not within the limit (seconds)."""

    def wait(condition: Callable[[], object], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.02)

    return wait
