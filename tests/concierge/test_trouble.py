"""Every command that reads or writes the list, with a list that is missing, spoilt, of another revision or of another
user: words on standard error that name the file, no result, no traceback, and nothing of the list is changed."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import pytest

from concierge.wiring import upgrade_store

N = "600100200"
GAP = "00000000-0000-4000-8000-000000000000"
SPAN = "--from 2026-11-23T09:00:00+01:00 --to 2026-11-23T10:00:00+01:00"
COMMANDS = f"""
check {N} --format json
list show
list show {N} --format json
list add {N} --reason a --source b
list remove {N} --reason a
list import x.csv
list export --format csv
list export -o out.csv
list scrub x.csv -o clean.csv
list history {N}
list stats
list batches
list undo-import abcd
list purge
list purge --dry-run
list purge --number {N}
list accesses
campaign list
campaign show spring
campaign add c.yaml
campaign edit c.yaml
campaign pause spring
campaign export
consent add {N} --source s
consent withdraw {N} --source s
consent show {N}
consent import consents.csv
consent export
complaint add {N} --about x --text y
complaint list
complaint show abcdef
complaint answer abcdef --text x
callbacks list --format json
callbacks show 99
callbacks overdue
callbacks add {N} --reason x
callbacks claim 99
callbacks done 99 --outcome x
policy simulate x.csv --campaign spring {SPAN}
evidence verify --format json
evidence export --number {N}
evidence export --since 1d
gaps
gaps --settle {GAP} --reason x
report
db backup copy.db
"""
LOADED: list[bool] = []
SPEAKS_ON = {"list batches", "db backup copy.db"}  # with a list that has lost tables
FILES = {
    "x.csv": f"number\n{N}\n",
    "c.yaml": "name: spring\npurpose: cards\nreason: x\n",
    "consents.csv": f"number,topic,at,source\n{N},cards,2026-01-01T00:00:00Z,form\n",
}


@contextmanager
def another_user() -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def spoil(folder: Path, db: Path, trouble: str) -> None:
    if trouble in ("missing", "folder", "garbage", "empty"):
        for one in folder.glob("list.db*"):
            one.unlink()
    if trouble == "folder":
        db.mkdir()
    if trouble in ("garbage", "empty"):
        db.write_bytes(b"garbage " * (1000 if trouble == "garbage" else 0))
    if trouble == "closed":
        folder.chmod(0o700)
    if trouble in ("unreadable", "readonly"):
        for one in folder.iterdir():
            one.chmod(0o600 if trouble == "unreadable" else 0o644)
    statements = {
        "older": ["UPDATE alembic_version SET version_num = '0002'"],
        "newer": ["UPDATE alembic_version SET version_num = '9999'"],
        "tables": [f"DROP TABLE {name}" for name in ("entry", "list_event", "call_check", "fact", "callback")]
        + [f"DROP TABLE {name}" for name in ("evidence_link", "listening_gap", "incoming", "list_access")],
    }
    if trouble in statements:
        with closing(sqlite3.connect(db)) as connection:
            for statement in statements[trouble]:
                connection.execute(statement)
            connection.commit()


@pytest.fixture
def place(at_home):
    """A folder that anybody may use, a list, settings; not below pytest's own folder, which other runs close again."""
    base = Path(tempfile.mkdtemp(prefix="concierge-trouble-"))
    base.chmod(0o755)
    yield made(base)
    shutil.rmtree(base)


def made(base):
    work, folder, db, settings = base / "work", base / "store", base / "store" / "list.db", base / "settings.yaml"
    for one in (work, folder):
        one.mkdir()
    work.chmod(0o777)
    for name, text in FILES.items():
        (work / name).write_text(text)
    upgrade_store(db)
    settings.write_text(f"store: {{path: {db}}}\n")
    return work, folder, db, settings


def load_everything(concierge, base, monkeypatch):
    """Another user may not be able to read the program's own files; what was imported once stays."""
    if LOADED:
        return
    LOADED.append(True)
    (base / "before").mkdir()
    work, _, _, settings = made(base / "before")
    monkeypatch.chdir(work)
    for line in COMMANDS.strip().splitlines():
        concierge(*line.split(), "--config", settings)


@pytest.mark.parametrize(
    "trouble", ["folder", "garbage", "empty", "older", "newer", "tables", "unreadable", "readonly", "closed"]
)
def test_every_command_says_what_is_wrong_with_the_list(concierge, place, monkeypatch, trouble):
    work, folder, db, settings = place
    if trouble in ("unreadable", "readonly", "closed"):
        load_everything(concierge, folder.parent, monkeypatch)
    concierge("list", "stats", "--config", settings)
    spoil(folder, db, trouble)
    before = {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file() and "-" not in one.name}
    monkeypatch.chdir(work)
    who = another_user if trouble in ("unreadable", "readonly", "closed") else nullcontext
    said = []
    for line in COMMANDS.strip().splitlines():
        if trouble in ("older", "newer") and line.startswith("db backup"):
            continue  # which is what one makes before an upgrade
        with who():
            done = concierge(*line.split(), "--config", settings)
        refused = line.startswith("check") and done.returncode == 1 and "list-unavailable" in done.stdout
        spoken = done.returncode == 2 and done.stdout == "" and done.stderr.startswith("concierge: ")
        fine = refused or (spoken and str(db) in done.stderr and "Errno" not in done.stderr)
        if not fine and not (trouble == "tables" and (line in SPEAKS_ON or "undo-import" in line)):
            said.append((line, done.returncode, done.stdout[:100], done.stderr[:300]))
    assert said == []
    assert not [one.name for one in work.iterdir() if one.name not in FILES and "copy" not in one.name]
    after = {one.name: one.read_bytes() for one in folder.iterdir() if one.name in before}
    assert after == before or trouble == "empty"  # SQLite gives an empty file its head


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("callbacks show 99", "99: there is no such callback; `concierge callbacks list --all`"),
        ("callbacks claim 99", "99: there is no such callback"),
        ("callbacks release 99", "99: there is no such callback"),
        ("callbacks done 99 --outcome x", "99: there is no such callback"),
        ("callbacks show 99 --format json", "99: there is no such callback"),
        ("callbacks show x", "'x' is no number of a callback"),
        ("complaint show abcdef", "'abcdef' begins no complaint's ID (four characters at least)"),
        ("complaint answer abcdef --text x", "'abcdef' begins no complaint's ID"),
        ("list undo-import abcd", "no import abcd; `concierge list batches`"),
        ("campaign show spring", "there is no campaign 'spring'; see `concierge campaign list`"),
        ("campaign pause spring", "there is no campaign 'spring'"),
        ("campaign remove spring", "there is no campaign 'spring'"),
        ("registry remove us", "there is no registry 'us'; see `concierge registry list`"),
        (f"gaps --settle {GAP} --reason x", "there is no such gap"),
        (f"policy simulate x.csv --campaign spring {SPAN}", "there is no campaign 'spring'"),
        (f"consent add {N} --source s --channel fax", "invalid choice: 'fax'"),
        ("list history hello", "'hello': letters"),
        ("evidence export --number hello", "'hello' is no telephone number"),
        ("list scrub nowhere.csv -o out.csv", "nowhere.csv: No such file or directory"),
        ("list import nowhere.csv", "nowhere.csv: No such file or directory"),
        ("consent import nowhere.csv", "nowhere.csv: No such file or directory"),
        ("campaign add nowhere.yaml", "nowhere.yaml: No such file or directory"),
        (
            "registry add nowhere.txt --format ftc --country US --as-of 2026-01-01 --name us",
            "No such file or directory",
        ),
        ("db backup nowhere/copy.db", "nowhere/copy.db: No such file or directory; no backup was made"),
    ],
)
def test_what_is_not_there_is_said_on_standard_error(concierge, place, monkeypatch, words, told):
    monkeypatch.chdir(place[0])
    done = concierge(*words.split(), "--config", place[3])
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Errno" not in done.stderr


def test_a_callback_that_another_has_claimed_is_no_result_either(concierge, place):
    words = ("--config", place[3])
    concierge("callbacks", "add", N, "--reason", "x", *words)
    assert concierge("callbacks", "claim", "1", "--by", "anna", *words).returncode == 0
    done = concierge("callbacks", "claim", "1", "--by", "jan", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing was changed" in done.stderr


def test_a_token_that_is_not_there(concierge, place):
    done = concierge("token", "remove", "crm", "--config", place[3])
    assert (done.returncode, done.stdout) == (1, "")
    assert "crm: no such token" in done.stderr


@pytest.mark.parametrize("what", ["list.db.tokens", "list.db.registries", "list.db.registries/manifest"])
def test_files_beside_the_list_that_are_another_user_s(concierge, place, what):
    _, folder, _, settings = place
    (folder.parent / "us.txt").write_text("212,5550123\n")
    us = ("--country", "US", "--as-of", "2026-11-20", "--name", "us")
    concierge("registry", "add", folder.parent / "us.txt", "--format", "ftc", *us, "--config", settings)
    concierge("token", "add", "crm", "--config", settings)
    for one in folder.rglob("*"):
        one.chmod(0o755 if one.is_dir() else 0o644)
    (folder / what).chmod(0)
    commands = ["token list", "token remove crm"] if "tokens" in what else ["registry list", "registry verify"]
    for words in commands:
        with another_user():
            done = concierge(*words.split(), "--config", settings)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert f"{folder}/list.db." in done.stderr and "Permission denied; run as the user" in done.stderr, done.stderr
        assert "Errno" not in done.stderr


def test_doctor_says_of_each_file_of_asterisk_what_to_do_about_it(concierge, place):
    work, _, _, settings = place
    etc = work / "etc"
    found = concierge("doctor", "--config", settings, "--etc", etc).stdout
    assert f"there is no folder {etc}\n    name Asterisk's folder with --etc FOLDER" in found
    assert "standard input" not in found
    etc.mkdir()
    found = concierge("doctor", "--config", settings, "--etc", etc).stdout
    assert f"? dialplan: {etc}/extensions.conf is not there\n    if that is not Asterisk's folder" in found
    for name in ("manager", "features", "extensions", "asterisk"):
        (etc / f"{name}.conf").touch(mode=0o600)
    with another_user():
        found = concierge("doctor", "--config", settings, "--etc", etc).stdout
    for name, file in (("manager.conf", "manager"), ("features.conf", "features"), ("dialplan", "extensions")):
        assert f"? {name}: {etc}/{file}.conf: this user may not read it\n    run doctor as root, or" in found
