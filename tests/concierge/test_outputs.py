"""`-o` takes any name: what it must not destroy."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Done = CompletedProcess[str]
Concierge = Callable[..., Done]


@pytest.fixture
def kept(concierge: Concierge, config: Callable[[str], Path], tmp_path: Path) -> Iterator[Concierge]:
    """`concierge(words…)` with a list at list.db beside its settings, which name further files."""
    (tmp_path / "ami.secret").write_text("s\n")
    settings = config("store: {path: list.db}\nami: {user: concierge, secret_file: ami.secret}\n")
    (tmp_path / "leads.csv").write_text("number,name\n+48600100200,Anna\n+48600100201,Jan\n")
    (tmp_path / "spring.yaml").write_text("name: spring\nconsent: not-needed\n")

    def run(*words: str) -> Done:
        return concierge(*words, "--config", str(settings))

    assert run("db", "upgrade").returncode == 0
    assert run("list", "add", "+48600100200", "--reason", "asked", "--source", "letter").returncode == 0
    yield run


WRITERS = [
    ("list", "scrub", "leads.csv", "-o"),
    ("list", "scrub", "leads.csv", "-o", "clean.csv", "--refused"),
    ("list", "export", "--format", "csv", "-o"),
    ("evidence", "export", "--number", "+48600100200", "-o"),
    ("report", "-o"),
    ("policy", "simulate", "leads.csv", "--campaign", "spring.yaml", "--html"),
]
OWN = ["list.db", "list.db-wal", "list.db.key", "list.db.tokens", "settings.yaml", "ami.secret", "link", "hard"]


@pytest.mark.parametrize("words", WRITERS, ids=lambda words: "-".join(words[:2]) + words[-1])
def test_no_output_takes_the_place_of_our_own_files(kept: Concierge, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "link").symlink_to("list.db")
    (tmp_path / "hard").hardlink_to(tmp_path / "list.db")
    for name in OWN:
        before = (tmp_path / name).read_bytes() if name != "list.db-wal" and (tmp_path / name).exists() else None
        done = kept(*words, name)
        assert done.returncode == 2 and "Concierge itself" in done.stderr, (name, done)
        assert before is None or name in ("list.db", "link", "hard") or (tmp_path / name).read_bytes() == before
    assert kept("list", "show", "+48600100200").returncode == 0
    assert kept("evidence", "verify").returncode == 0
    assert (tmp_path / "link").is_symlink()


def test_a_device_or_a_pipe_is_written_to_and_not_replaced(kept: Concierge, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert kept("list", "scrub", "leads.csv", "-o", str(pipe)).returncode == 1
        assert os.read(reader, 4096) == b"number,name\n+48600100201,Jan\n"
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert kept("evidence", "export", "--number", "+48600100200", "-o", str(pipe)).returncode == 0
        assert b"asked; source: letter" in os.read(reader, 65536)
        assert stat.S_ISFIFO(pipe.stat().st_mode)
    finally:
        os.close(reader)


@pytest.mark.parametrize("target", ["elsewhere.csv", "link"])
def test_a_link_is_replaced_and_not_followed(kept: Concierge, tmp_path: Path, target: str) -> None:
    (tmp_path / "elsewhere.csv").write_text("somebody's")
    (tmp_path / "link").symlink_to(target)
    assert kept("list", "scrub", "leads.csv", "-o", "link").returncode == 1
    assert (tmp_path / "link").read_text() == "number,name\n+48600100201,Jan\n"
    assert (tmp_path / "elsewhere.csv").read_text() == "somebody's"


def test_figures_for_prometheus_can_be_read_by_the_exporter_and_a_dossier_by_nobody_else(
    kept: Concierge, tmp_path: Path
) -> None:
    assert kept("report", "--format", "prometheus", "-o", "figures.prom").returncode == 0
    assert kept("evidence", "export", "--number", "+48600100200", "-o", "dossier.txt").returncode == 0
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("figures.prom", "dossier.txt")]
    assert modes == [0o644, 0o600]


@pytest.mark.parametrize("words", WRITERS, ids=lambda words: "-".join(words[:2]) + words[-1])
def test_a_full_disk_is_told_with_the_name_of_the_output(kept: Concierge, words: tuple[str, ...]) -> None:
    done = kept(*words, "/dev/full")
    assert done.returncode == 2 and "/dev/full: No space left on device" in done.stderr
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)
