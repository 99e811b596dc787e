"""The database: made where it was meant, never in passing where a list was expected; damage is named."""

import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from models.tables import SCHEMA

NUMBER = "+48601234567"


def execute(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def named(config, tmp_path):
    """A configuration that names its database."""
    return config(f"store: {{path: {tmp_path}/my.db}}"), tmp_path / "my.db"


@pytest.mark.parametrize(
    "words", [["check", NUMBER], ["list", "show"], ["list", "add", NUMBER, "--reason", "r", "--source", "s"], ["serve"]]
)
def test_a_named_database_that_is_absent_is_2_and_is_not_made_in_passing(concierge, named, words):
    path, db = named
    done = concierge(*words, "--config", path)
    assert done.returncode == 2
    assert f"{db}: there is no database here; `concierge db upgrade` makes one" in done.stderr
    assert not db.exists()


def test_upgrade_makes_it_and_check_says_whether_it_is_at_head(concierge, named):
    path, db = named
    assert concierge("db", "check", "--config", path).returncode == 1
    assert concierge("db", "upgrade", "--config", path).stdout == f"{db}: at revision {SCHEMA}\n"
    done = concierge("db", "check", "--config", path)
    assert (done.stdout, done.returncode) == (f"{db}: at head\n", 0)
    assert concierge("db", "upgrade", "--config", path).returncode == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("ALTER TABLE entry DROP COLUMN revoked_at", "revoked_at"),
        ("DROP TABLE call_check", "call_check"),
        ("DROP INDEX ix_call_check_number_at", "ix_call_check_number_at"),
        ("CREATE TABLE stranger (x)", "stranger"),
        ("DROP TABLE alembic_version", f"revision none, need {SCHEMA}; run `concierge db upgrade`"),
        ("UPDATE alembic_version SET version_num = '0000'", f"revision 0000, need {SCHEMA}"),
        ("UPDATE alembic_version SET version_num = '0999'", "upgrade Concierge on this host"),
    ],
)
def test_a_database_changed_by_somebody_is_1_and_names_the_difference(concierge, named, change, words):
    path, db = named
    concierge("db", "upgrade", "--config", path)
    execute(db, change)
    done = concierge("db", "check", "--config", path)
    assert done.returncode == 1
    assert str(db) in done.stdout
    assert words in done.stdout


def test_a_page_overwritten_is_found(concierge, named):
    path, db = named
    concierge("db", "upgrade", "--config", path)
    with db.open("r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\xa5" * 4096)
    done = concierge("db", "check", "--config", path)
    assert done.returncode == 1
    assert str(db) in done.stdout


@pytest.mark.parametrize("words", [["db", "upgrade"], ["check", NUMBER], ["list", "show"], ["db", "check"]])
@pytest.mark.parametrize("content", [b"no database " * 500, None])
def test_a_file_that_is_no_database_is_left_as_it_is(concierge, named, words, content):
    path, db = named
    if content is None:
        db.mkdir()
    else:
        db.write_bytes(content)
    done = concierge(*words, "--config", path)
    wrong_use = words in (["db", "upgrade"], ["list", "show"]) or (content is None and words[0] == "check")
    assert done.returncode == (2 if wrong_use else 1)
    assert str(db) in done.stdout + done.stderr
    assert db.is_dir() if content is None else db.read_bytes() == content


@pytest.mark.parametrize("revision", ["0000", "0999"])
def test_an_upgrade_of_a_database_that_this_program_does_not_know_changes_nothing(concierge, named, revision):
    path, db = named
    concierge("db", "upgrade", "--config", path)
    execute(db, f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608
    done = concierge("db", "upgrade", "--config", path)
    assert done.returncode == 2
    assert revision in done.stderr
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (revision,)


def test_a_check_that_cannot_read_the_list_refuses_and_says_why(concierge, named):
    path, db = named
    concierge("db", "upgrade", "--config", path)
    execute(db, "DROP TABLE entry")
    done = concierge("check", NUMBER, "--config", path)
    assert done.returncode == 1
    assert done.stdout.startswith("refuse list-unavailable")
    assert "concierge db check" in done.stdout


def test_a_check_leaves_a_row_and_is_no_contact(concierge, named):
    path, db = named
    concierge("db", "upgrade", "--config", path)
    for _ in range(2):
        assert '"contacts_30d": 0' in concierge("check", NUMBER, "--format", "json", "--config", path).stdout
    with closing(sqlite3.connect(db)) as connection:
        assert (
            connection.execute("SELECT number, verdict, via FROM call_check").fetchall()
            == [(int(NUMBER), "ALLOW", "cli")] * 2
        )


def test_a_place_that_cannot_be_made_or_looked_at_is_2(concierge, config, tmp_path):
    (tmp_path / "file").write_text("")
    for place in ("file/x.db", "n" * 300 + ".db"):
        path = config(f"store: {{path: {tmp_path}/{place}}}")
        for words in (["db", "upgrade"], ["check", NUMBER], ["list", "show"]):
            assert concierge(*words, "--config", path).returncode == 2


@pytest.fixture
def closed_folder():
    """A folder of root's where other users can see nothing, or, for any other user, one that nobody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="concierge-test-"))
    folder.chmod(0o700)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


@pytest.mark.parametrize("words", [["check", NUMBER], ["list", "show"], ["db", "check"], ["db", "upgrade"]])
def test_who_may_not_look_at_the_list_gets_an_error_and_no_empty_list(concierge, config, closed_folder, words):
    path = config(f"store: {{path: {closed_folder}/my.db}}\n")
    settings = path.read_text()
    concierge("db", "upgrade", "--config", path)
    concierge(*words, "--config", path)  # everything is imported now, wherever Python's files may be closed
    folder_of_settings = Path(tempfile.mkdtemp(prefix="concierge-test-"))
    folder_of_settings.chmod(0o755)
    (folder_of_settings / "c.yaml").write_text(settings)
    (folder_of_settings / "c.yaml").chmod(0o644)
    if os.geteuid() == 0:
        os.seteuid(65534)
    else:
        closed_folder.chmod(0)
    try:
        done = concierge(*words, "--config", folder_of_settings / "c.yaml")
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        shutil.rmtree(folder_of_settings)
    assert done.returncode == (1 if words == ["db", "check"] else 2)
    assert f"{closed_folder}/my.db: Permission denied" in done.stdout + done.stderr


_KILLED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
from concierge.cli import main
main(["db", "backup", sys.argv[1]])
"""


def test_a_backup_that_is_killed_leaves_nothing_under_its_name(concierge, environment, tmp_path):
    """The kernel kills it when the copy has 64 KiB."""
    concierge("list", "add", "600100200", "--reason", "asked", "--source", "letter")
    to = tmp_path / "copy.db"
    done = subprocess.run([sys.executable, "-c", _KILLED, to], cwd=tmp_path, env=environment, check=False, timeout=60)
    assert done.returncode == -signal.SIGXFSZ
    assert not to.exists()
    assert concierge("db", "backup", to).returncode == 0
    assert stat.S_IMODE(to.stat().st_mode) == 0o600


def test_where_a_list_was_lost_no_empty_one_is_made_in_passing(concierge, named):
    path, db = named
    assert concierge("db", "upgrade", "--config", path).returncode == 0
    concierge("list", "add", NUMBER, "--reason", "asked", "--source", "letter", "--config", path)
    for trouble in (lambda: db.unlink(), lambda: db.write_bytes(b"")):
        trouble()
        done = concierge("db", "upgrade", "--config", path)
        assert done.returncode == 2 and "restore it from a backup" in done.stderr
        assert concierge("check", NUMBER, "--config", path).returncode in (1, 2)
    assert concierge("db", "upgrade", "--anew", "--config", path).returncode == 0
    assert concierge("check", NUMBER, "--config", path).returncode == 0


def test_the_default_list_that_was_lost_is_not_made_in_passing_either(concierge, home_db):
    concierge("list", "add", NUMBER, "--reason", "asked", "--source", "letter")
    home_db.unlink()
    done = concierge("check", NUMBER)
    assert done.returncode == 2 and "restore it from a backup" in done.stderr
    assert not home_db.exists()


def test_doctor_says_that_the_disk_is_full(concierge, named):
    """The kernel refuses, as for a quota: EFBIG."""
    path, _ = named
    concierge("db", "upgrade", "--config", path)
    assert "✗ disk" not in concierge("doctor", "--config", path).stdout
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, limits[1]))
    try:
        done = concierge("doctor", "--config", path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.returncode == 1
    assert "✗ disk" in done.stdout and "free some space" in done.stdout
