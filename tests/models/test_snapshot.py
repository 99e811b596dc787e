"""A snapshot of the index is believed when it is whole and this list's own past; else all is read from the rows."""

import builtins
import logging
import os
import random
import shutil
import signal
import sqlite3
import time
from contextlib import closing

import pytest

from models import building, snapshot
from models.policy import Listed, NotListed
from models.reader import Reader
from models.registry.blocks import WIDTH

ADD = "INSERT INTO entry (number, last, campaign, reason, source, created_at) VALUES (?, ?, '', 'r', 's', ?)"
FIRST = 48_600_000_000
COUNT = 300


def add(path, *numbers, last=0):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(ADD, [(number, last, number % 1000) for number in numbers])


def start(path):
    reader = Reader(path, indexed=True)
    reader.begin_index()()
    return reader


def is_listed(reader, number):
    known = reader.look_up(number)
    assert isinstance(known, Listed | NotListed)
    return isinstance(known, Listed)


@pytest.fixture(params=["roaring", "sorted"])
def kind(request, monkeypatch):
    """With pyroaring, and without."""
    if request.param == "sorted":
        hide_pyroaring(monkeypatch)
    return request.param


def hide_pyroaring(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "pyroaring":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)


@pytest.fixture(autouse=True)
def _worth_it(monkeypatch):
    monkeypatch.setattr(building, "_WORTH", 1)


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO, "concierge.index")

    def words():
        found = "\n".join(record.getMessage() for record in caplog.records)
        caplog.clear()
        return found

    return words


@pytest.fixture
def saved(db, store, make, kind, told):
    """A list with single numbers in many blocks, a range, a contact; and its snapshot."""
    add(db, *(FIRST + n * 7 for n in range(COUNT)), *(FIRST + n * WIDTH for n in range(1, 9)))
    add(db, FIRST + 500_000, last=FIRST + 500_999)
    store.write_checks([make.answer(FIRST - 1)])
    reader = start(db)
    reader.save()
    assert "index=saved" in told()
    reader.close()
    return snapshot.path_of(db)


def check(reader, *more):
    """What the list holds, and `more`; and nothing beside."""
    assert all(is_listed(reader, FIRST + n * 7) for n in range(COUNT))
    assert all(is_listed(reader, FIRST + n * WIDTH) for n in range(1, 9))
    assert is_listed(reader, FIRST + 500_500)
    assert not is_listed(reader, FIRST + 1)
    assert not is_listed(reader, FIRST + 501_000)
    assert all(is_listed(reader, number) for number in more)
    assert reader._index is not None


def test_a_start_reads_the_snapshot_and_only_the_rows_since(db, saved, told, make):
    add(db, FIRST + 3)
    reader = start(db)
    assert "index=loaded listed=308 contacted=1" in told()
    check(reader, FIRST + 3)
    assert reader.history(FIRST - 1, make.NOW).within_30_days == 1
    reader.close()


def test_nothing_is_written_again_when_nothing_has_changed(db, saved, told):
    before = saved.stat().st_ino
    reader = start(db)
    reader.save()
    assert saved.stat().st_ino == before
    add(db, FIRST + 3)
    assert is_listed(reader, FIRST + 3)
    reader.save()
    assert saved.stat().st_ino != before
    reader.close()


def test_a_snapshot_can_be_read_by_nobody_else(saved):
    assert saved.stat().st_mode & 0o777 == 0o600


def refuses(db, told, *words):
    """Not believed, said so, made anew, and saved over."""
    add(db, FIRST + 3)
    reader = start(db)
    said = told()
    assert "index=again" in said
    for word in words:
        assert word in said
    assert "index=loaded" not in said
    check(reader, FIRST + 3)
    reader.save()
    reader.close()
    told()
    reader = start(db)
    assert "index=loaded" in told()
    check(reader, FIRST + 3)
    reader.close()


def flip(path, place, bit):
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << bit
    path.write_bytes(data)


@pytest.mark.parametrize("place", [0, 17, 25, 90, 200, 4095])
def test_a_bit_of_the_header_that_is_flipped_is_noticed(db, saved, told, place):
    flip(saved, place, 3)
    refuses(db, told, "damaged")


@pytest.mark.parametrize("place", [4096, 4104, 4120, -1, -20])
def test_a_bit_of_the_numbers_that_is_flipped_is_noticed(db, saved, told, place):
    flip(saved, place, place & 7)
    refuses(db, told, "damaged", "SHA-256")


def test_every_bit_counts(db, saved):
    """The whole file, a bit in each place: none is believed."""
    data = saved.read_bytes()
    with closing(sqlite3.connect(db)) as connection:
        places = [*range(0, 900, 7), *range(900, 4096, 401), *range(4096, len(data), max(1, len(data) // 400))]
        for place in places:
            flip(saved, place, place % 8)
            with pytest.raises(snapshot.NotBelieved):
                snapshot.load(db, connection)
            saved.write_bytes(data)
        assert snapshot.load(db, connection) is not None


@pytest.mark.parametrize("left", [0, 1, 80, 300, 4095, 4096, 4097, -1])
def test_a_snapshot_that_was_cut_is_noticed(db, saved, told, left):
    saved.write_bytes(saved.read_bytes()[:left])
    refuses(db, told, "damaged")


def test_a_snapshot_with_something_behind_it_is_noticed(db, saved, told):
    saved.write_bytes(saved.read_bytes() + b"\0")
    refuses(db, told, "damaged")


def test_a_snapshot_of_another_list_is_not_believed(db, saved, told, template, tmp_path):
    """Its rows may have the same keys."""
    other = tmp_path / "other" / "concierge.db"
    other.parent.mkdir()
    shutil.copy(template, other)
    add(other, *(FIRST + 900_000 + n for n in range(COUNT + 9)))
    reader = start(other)
    reader.save()
    reader.close()
    shutil.copy(snapshot.path_of(other), saved)
    refuses(db, told, "another list")


def copy_of(db, to):
    with closing(sqlite3.connect(db)) as live, closing(sqlite3.connect(to)) as copy:
        live.backup(copy)
    return to


def put_back(backup, db):
    for end in ("", "-wal", "-shm"):
        db.with_name(db.name + end).unlink(missing_ok=True)
    shutil.copy(backup, db)


@pytest.mark.parametrize("more", [0, 4, 5, 50], ids=["as it was", "fewer rows since", "as many", "more rows since"])
def test_a_list_that_was_put_back_to_an_earlier_state_has_a_later_snapshot(db, saved, store, told, tmp_path, more):
    """What is written after that has keys that the snapshot says it knows."""
    store.close()
    backup = copy_of(db, tmp_path / "backup.db")
    add(db, *(FIRST + 700_000 + n for n in range(5)))
    reader = start(db)
    reader.save()
    reader.close()
    put_back(backup, db)
    new = [FIRST + 800_000 + n for n in range(more)]
    add(db, *new)
    told()
    reader = start(db)
    assert "later state" in told()
    check(reader, *new)
    assert not is_listed(reader, FIRST + 700_000)
    reader.close()


def test_a_list_and_its_snapshot_that_were_put_back_together_are_believed(db, saved, store, told, tmp_path):
    store.close()
    backup, beside = copy_of(db, tmp_path / "backup.db"), shutil.copy(saved, tmp_path / "backup.index")
    add(db, *(FIRST + 700_000 + n for n in range(5)))
    reader = start(db)
    reader.save()
    reader.close()
    put_back(backup, db)
    shutil.copy(beside, saved)
    add(db, FIRST + 800_000)
    told()
    reader = start(db)
    assert "index=loaded" in told()
    check(reader, FIRST + 800_000)
    assert not is_listed(reader, FIRST + 700_000)
    reader.close()


def test_a_last_row_that_is_gone_is_noticed(db, saved, told):
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("DELETE FROM entry WHERE id = (SELECT max(id) FROM entry)")
        connection.execute(ADD, (FIRST + 500_000, FIRST + 500_999, 9))
    refuses(db, told, "earlier state")


def test_a_snapshot_of_another_revision_is_not_believed(db, saved, told, monkeypatch):
    monkeypatch.setattr(snapshot, "SCHEMA", "0000")
    refuses(db, told, "revision")


def test_numbers_that_are_kept_in_another_way_are_not_read(db, store, told, monkeypatch):
    add(db, *(FIRST + n * 7 for n in range(COUNT)), *(FIRST + n * WIDTH for n in range(1, 9)))
    add(db, FIRST + 500_000, last=FIRST + 500_999)
    reader = start(db)
    reader.save()
    reader.close()
    hide_pyroaring(monkeypatch)
    told()
    refuses(db, told, "kept as 'roaring'")


def test_a_crash_before_the_rename_leaves_the_former_snapshot(db, saved, told, monkeypatch):
    reader = start(db)
    add(db, FIRST + 3)
    assert is_listed(reader, FIRST + 3)
    with monkeypatch.context() as full:
        full.setattr("pathlib.Path.replace", _no_disk)
        reader.save()
    assert "index=unsaved" in told()
    reader.close()
    add(db, FIRST + 4)
    reader = start(db)
    assert "index=loaded listed=308" in told()
    check(reader, FIRST + 3, FIRST + 4)
    reader.close()


def _no_disk(self, target):
    raise OSError(28, "No space left on device")


def test_a_snapshot_that_cannot_be_written_costs_nothing_but_a_line(db, store, told, monkeypatch):
    add(db, FIRST)
    reader = start(db)
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        monkeypatch.setattr(snapshot, "_PATIENCE", 0.01)
        other.execute("BEGIN IMMEDIATE")
        reader.save()
        assert "index=unsaved" in told()
        assert "locked" not in str(reader.look_up(FIRST))
    assert not snapshot.path_of(db).exists()
    assert not list(db.parent.glob("*.new"))
    reader.save()
    assert "index=saved" in told()
    reader.close()


def test_many_new_rows_are_saved_while_the_daemon_runs(db, saved, told, wait, monkeypatch):
    monkeypatch.setattr("models.reader._UNSAVED", 50)
    reader = start(db)
    add(db, *(FIRST + 700_000 + n for n in range(60)))
    assert is_listed(reader, FIRST + 700_000)
    wait.until_now(lambda: "index=saved" in told())
    reader.close()
    reader = start(db)
    assert "index=loaded listed=368" in told()
    reader.close()


def test_while_others_write_it_waits_for_its_turn_until_the_daemon_ends(db, saved, told, wait, monkeypatch):
    monkeypatch.setattr("models.reader._UNSAVED", 50)
    monkeypatch.setattr(snapshot, "_PATIENCE", 0.01)
    attempts, begin = [], snapshot.turn.begin

    def counted(*arguments):
        attempts.append(1)
        begin(*arguments)

    monkeypatch.setattr(snapshot.turn, "begin", counted)
    reader = start(db)
    add(db, *(FIRST + 700_000 + n for n in range(60)))
    before = len(attempts)
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert is_listed(reader, FIRST + 700_000)
        wait.until_now(lambda: len(attempts) > before + 3)
        assert "index=unsaved" not in told()
        reader.save()
        assert "index=unsaved" in told()
    reader.close()


def test_an_index_of_a_replaced_list_is_not_saved_beside_the_new_one(db, saved, store, told, template):
    reader = start(db)
    add(db, FIRST + 3)
    assert is_listed(reader, FIRST + 3)
    store.close()
    put_back(template, db)
    before = saved.read_bytes()
    reader.save()
    assert "index=unsaved" in told()
    assert saved.read_bytes() == before
    reader.close()


def test_what_is_added_while_it_is_written_is_read_again(db, saved, monkeypatch, told):
    """Another thread answers calls meanwhile."""
    reader = start(db)
    add(db, FIRST + 3)
    assert is_listed(reader, FIRST + 3)
    real = snapshot._write_ranges

    def late(ranges, put):
        add(db, *(FIRST + 900_000 + n * WIDTH for n in range(20)))
        assert is_listed(reader, FIRST + 900_000)
        return real(ranges, put)

    monkeypatch.setattr(snapshot, "_write_ranges", late)
    reader.save()
    reader.close()
    told()
    reader = start(db)
    assert "index=loaded" in told()
    check(reader, FIRST + 3, *(FIRST + 900_000 + n * WIDTH for n in range(20)))
    reader.close()


def test_what_a_kill_leaves_of_a_snapshot_misses_nobody(db, store, told, make):
    """The former file, the new one, or a part of it under another name; with and without its token in the list."""
    chance, before = random.Random(3), set()
    for turn in range(int(os.environ.get("CONCIERGE_ROUNDS", "8"))):
        child = os.fork()
        if child == 0:
            try:
                write_again_and_again(db, FIRST + turn * 1_000_000)
            finally:
                os._exit(0)
        end = time.monotonic() + 0.03 + chance.random() * 0.15
        while time.monotonic() < end and os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(0.0005)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with closing(start(db)) as reader:
            known = [one.number for one in store.entries()]
            assert before <= set(known) and [one for one in known if not is_listed(reader, one)] == []
            assert reader._index is not None, "not from the rows alone"
        before = set(known)
    assert before and "index=loaded" in told()


def write_again_and_again(db, first):
    building._WORTH = 0
    for number in range(first, first + 1_000_000, 200):
        add(db, *range(number, number + 200))
        with closing(start(db)) as reader:
            reader.save()
