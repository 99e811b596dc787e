"""A list that cannot be read is said to be so, and is read again as soon as it can be."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from models import reader as module
from models.contact import History, Question
from models.gate import Judge
from models.policy import Listed, NotListed, Reason, Unavailable
from models.store import Store
from models.suppression import Kind

ROOT = Path(__file__).parents[2]


Reader = module.Reader


@pytest.fixture(params=["rows", "index"], autouse=True)
def _way(request, monkeypatch):
    """Each promise holds for a process of one question, and for the daemon with its index."""

    def indexed(path):
        reader = module.Reader(path, indexed=True)
        reader.begin_index()()
        return reader

    monkeypatch.setitem(globals(), "Reader", indexed if request.param == "index" else module.Reader)


@pytest.fixture
def verdict(make):
    """The whole way: what a call gets, and the text for the administrator."""

    def ask(reader, number=None):
        judge = Judge(reader, make.site)
        return judge.answer(Question(f"+{number or make.PERSON}")).decision

    return ask


@pytest.fixture
def says(verdict, wait, make):
    """Assert: refused now with these words; and after `repair` answers come again by themselves."""

    def check(reader, *words, repair):
        decision = verdict(reader)
        assert (decision.verdict, decision.reason) == ("REFUSE", Reason.LIST_UNAVAILABLE), decision
        for word in (str(reader.path), *words):
            assert word in decision.detail
        assert reader.history(make.PERSON, make.NOW) == History()
        repair()
        wait.until_now(lambda: verdict(reader).reason is not Reason.LIST_UNAVAILABLE, 2)
        return verdict(reader)

    return check


def execute(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize("used_before", [True, False])
def test_an_absent_database_refuses_and_says_how_to_make_one(db, template, verdict, says, used_before):
    reader = Reader(db)
    assert not used_before or verdict(reader).allowed
    db.unlink()
    assert says(reader, "No such file", "concierge db upgrade", repair=lambda: shutil.copy(template, db)).allowed
    reader.close()


@pytest.mark.parametrize("used_before", [True, False])
def test_a_list_locked_in_rollback_mode_refuses_and_the_next_call_is_answered(db, verdict, says, used_before):
    execute(db, "PRAGMA journal_mode=DELETE")
    reader = Reader(db)
    assert not used_before or verdict(reader).allowed
    other = sqlite3.connect(db, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    known = reader.look_up(1)
    assert isinstance(known, Unavailable)
    assert known.passing
    assert says(reader, "locked", "another process", "fuser", repair=other.close).allowed
    reader.close()


@pytest.mark.parametrize("used_before", [True, False])
def test_a_list_held_by_one_process_alone_in_wal_mode_refuses_until_it_lets_go(db, verdict, says, used_before):
    reader = Reader(db)
    assert not used_before or verdict(reader).allowed
    reader.close()  # the mode can be taken only while nobody else has the file open
    other = sqlite3.connect(db, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    assert says(reader, "locked", "another process", repair=other.close).allowed
    reader.close()


def test_a_writer_in_wal_mode_never_makes_a_call_wait(db, make, store, verdict):
    store.record(make.event())
    reader = Reader(db)
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert verdict(reader).reason is Reason.LISTED
        assert verdict(reader, make.OTHER).reason is Reason.NOT_LISTED
    reader.close()


def test_a_folder_in_place_of_the_file_refuses(db, template, says):
    reader = Reader(db)
    db.unlink()
    db.mkdir()

    def repair():
        db.rmdir()
        shutil.copy(template, db)

    assert says(reader, "unable to open", "check that folder and file exist", repair=repair).allowed
    reader.close()


def test_a_file_in_place_of_the_folder_refuses(db, template, says, tmp_path):
    reader = Reader(tmp_path / "folder" / "concierge.db")
    (tmp_path / "folder").write_text("no folder")

    def repair():
        (tmp_path / "folder").unlink()
        (tmp_path / "folder").mkdir()
        shutil.copy(template, reader.path)

    assert says(reader, "Not a directory", "db upgrade", repair=repair).allowed
    reader.close()


@pytest.mark.parametrize("used_before", [True, False])
@pytest.mark.parametrize(
    "content", [b"this is no database at all, but a letter " * 200, b"SQLite format 3\0" + b"\xff" * 9000]
)
def test_a_file_that_is_no_database_refuses(db, template, verdict, says, used_before, content):
    reader = Reader(db)
    assert not used_before or verdict(reader).allowed
    db.unlink()
    db.write_bytes(content)
    assert says(reader, "restore it from a backup", repair=lambda: shutil.copy(template, db)).allowed
    reader.close()


@pytest.mark.parametrize("used_before", [True, False])
def test_a_database_cut_short_refuses(db, template, verdict, says, used_before):
    reader = Reader(db)
    assert not used_before or verdict(reader).allowed
    with db.open("r+b") as file:
        file.truncate(5000)

    def repair():
        db.unlink()
        shutil.copy(template, db)

    assert says(reader, repair=repair).allowed
    reader.close()


def test_an_empty_file_refuses_and_an_upgrade_repairs_it(tmp_path, says):
    from concierge.wiring import upgrade_store

    path = tmp_path / "empty.db"
    path.touch()
    assert says(Reader(path), "revision none", "concierge db upgrade", repair=lambda: upgrade_store(path)).allowed


@pytest.mark.parametrize(
    ("revision", "words"), [("0000", "run `concierge db upgrade`"), ("9999", "upgrade Concierge on this host")]
)
def test_a_database_of_another_version_refuses_and_says_what_to_upgrade(db, says, revision, words):
    head = sqlite3.connect(db).execute("SELECT version_num FROM alembic_version").fetchone()[0]
    execute(db, f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608
    repair = f"UPDATE alembic_version SET version_num = '{head}'"  # noqa: S608
    assert says(Reader(db), revision, words, repair=lambda: execute(db, repair)).allowed


def test_a_table_dropped_under_the_daemon_refuses(db, verdict, says):
    reader = Reader(db)
    assert verdict(reader).allowed
    execute(db, "ALTER TABLE entry RENAME TO gone")
    repair = lambda: execute(db, "ALTER TABLE gone RENAME TO entry")  # noqa: E731
    assert says(reader, "no such table", "concierge db check", repair=repair).allowed
    reader.close()


@pytest.mark.parametrize("value", ["'never'", "9e18", "x'00'"])
def test_an_entry_edited_by_hand_refuses_its_number_and_no_other(db, store, make, verdict, says, value):
    store.record(make.event())
    reader = Reader(db)
    execute(db, f"UPDATE entry SET expires_at = {value}")  # noqa: S608
    assert verdict(reader, make.OTHER).allowed
    repair = lambda: execute(db, "UPDATE entry SET expires_at = NULL")  # noqa: E731
    assert says(reader, "entry 1", repair=repair).reason is Reason.LISTED
    reader.close()


def test_a_file_that_our_user_may_not_read_refuses(open_folder, template, nobody, make):
    path = Path(shutil.copy(template, open_folder / "concierge.db"))
    path.chmod(0)
    assert Judge(Reader(template), make.site).answer(Question("+48601234567")).decision.allowed  # imports what it needs
    with nobody():
        reader = Reader(path)
        decision = Judge(reader, make.site).answer(Question("+48601234567")).decision
    assert decision.reason is Reason.LIST_UNAVAILABLE
    assert "check that folder and file exist and belong" in decision.detail
    reader.close()


def test_a_folder_that_our_user_may_not_enter_refuses(open_folder, template, nobody):
    path = Path(shutil.copy(template, open_folder / "concierge.db"))
    open_folder.chmod(0o700)
    reader = Reader(path)
    with nobody():
        known = reader.look_up(1)
    assert isinstance(known, Unavailable)
    assert "Permission denied; check owner and mode" in known.why
    assert isinstance(reader.look_up(1), Unavailable | NotListed)
    reader.close()


def test_a_word_in_the_path_is_not_taken_for_a_lock(tmp_path):
    path = tmp_path / "locked" / "busy" / "full.db"
    known = Reader(path).look_up(1)
    assert isinstance(known, Unavailable)
    assert not known.passing
    assert "another process" not in known.why


def test_a_database_moved_over_the_other_answers_from_the_new_one_at_once(db, template, tmp_path, make, verdict):
    old, new = Store(db), Path(shutil.copy(template, tmp_path / "new.db"))
    old.record(make.event())
    old.close()
    other = Store(new)
    other.record(make.event(make.OTHER))
    other.close()
    reader = Reader(db)
    assert verdict(reader).reason is Reason.LISTED
    new.replace(db)
    assert verdict(reader).reason is Reason.NOT_LISTED
    assert verdict(reader, make.OTHER).reason is Reason.LISTED
    reader.close()


def test_a_database_moved_over_one_in_use_refuses_until_the_former_log_is_gone(
    db, template, tmp_path, make, verdict, says
):
    """SQLite would lay the former file's log over the new one: the new one's entries would not be seen."""
    other = Store(Path(shutil.copy(template, tmp_path / "new.db")))
    other.record(make.event(make.OTHER))
    other.close()
    writer, reader = Store(db), Reader(db)
    writer.record(make.event())
    assert verdict(reader, make.OTHER).allowed
    (tmp_path / "new.db").replace(db)
    assert not verdict(reader, make.OTHER).allowed

    def repair():  # what the text says
        writer.close()
        for end in ("-wal", "-shm"):
            db.with_name(db.name + end).unlink()

    assert says(reader, "replaced", f"remove {db}-wal and {db}-shm", "fuser", repair=repair).reason is Reason.NOT_LISTED
    assert verdict(reader, make.OTHER).reason is Reason.LISTED
    reader.close()


def test_what_another_process_has_written_holds_at_the_very_next_lookup(db, make):
    script = """
import sys
from pathlib import Path
from uuid import uuid4
from datetime import UTC, datetime
from models.store import Store
from models.suppression import Kind, ListEvent
store = Store(Path(sys.argv[1]))
for line in sys.stdin:
    store.record(ListEvent(uuid4(), Kind(line.strip()), 48601234567, "", datetime.now(UTC), "r", "s"))
    print("done", flush=True)
"""
    command = [sys.executable, "-c", script, str(db)]
    reader = Reader(db)
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        for kind, stops in [(Kind.ADD, True), (Kind.REMOVE, False)] * 10:
            writer.stdin.write(f"{kind.value}\n")
            writer.stdin.flush()
            assert writer.stdout.readline() == "done\n"
            known = reader.look_up(make.PERSON)
            assert isinstance(known, Listed)
            assert (known.entries[0].revoked_at is None) == stops
        writer.stdin.close()
    reader.close()


def test_a_number_without_entry_is_known_not_to_be_listed(reader, make):
    assert reader.look_up(make.PERSON) == NotListed()


def test_a_reader_keeps_no_lock(db, reader, make):
    execute(db, "PRAGMA journal_mode=DELETE")
    assert reader.look_up(make.PERSON) == NotListed()
    execute(db, "BEGIN EXCLUSIVE", "COMMIT")
