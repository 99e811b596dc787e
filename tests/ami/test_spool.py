"""Opt-outs on disk: nothing that was written is ever lost."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami.spool import Spool, SpoolBusyError, _sorted_out


@pytest.fixture
def path(tmp_path):
    return tmp_path / "opt-outs.jsonl"


@pytest.fixture
def spool(path):
    spool = Spool(path)
    yield spool
    spool.close()


def test_what_was_appended_is_loaded_in_order(spool, opt_out):
    spool.append([opt_out(2), opt_out(1)])
    spool.append([opt_out(3)])
    assert spool.load() == [opt_out(2), opt_out(1), opt_out(3)]


def test_another_run_finds_it(spool, path, opt_out):
    spool.append([opt_out(1)])
    spool.close()
    again = Spool(path)
    assert again.load() == [opt_out(1)]
    again.close()


def test_cleared_is_empty(spool, path, opt_out):
    spool.append([opt_out(1)])
    spool.clear()
    assert spool.load() == []
    spool.append([opt_out(2)])
    assert spool.load() == [opt_out(2)]


def test_nothing_to_write_makes_no_file(spool, path):
    spool.append([])
    spool.clear()
    assert spool.load() == []
    assert not path.exists()


def test_the_same_press_twice_is_one(spool, opt_out):
    spool.append([opt_out(1)])
    spool.append([opt_out(1)])
    assert spool.load() == [opt_out(1)]


def test_only_the_owner_reads_it(spool, path, opt_out):
    spool.append([opt_out(1)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_line_torn_by_a_crash_costs_only_itself(path, opt_out):
    first = Spool(path)
    first.append([opt_out(1)])
    first.close()
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    second = Spool(path)
    second.append([opt_out(2)])
    assert second.load() == [opt_out(1), opt_out(2)]
    assert second.unreadable.read_bytes().strip() == whole[: len(whole) // 2].strip()
    assert second.load() == [opt_out(1), opt_out(2)]
    second.close()


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"scope": "some"},
        {"number": "48501502503"},
        {"number": True},
        {"at": "now"},
        {"event_id": "x"},
        {"campaign": None},
        {"surplus": 1},
    ],
)
def test_what_is_no_opt_out_is_put_aside_not_thrown_away(path, opt_out, change):
    writer = Spool(path)
    writer.append([opt_out(1)])
    writer.close()
    path.write_text(json.dumps(json.loads(path.read_text()) | change) + "\n")
    reader = Spool(path)
    assert reader.load() == []
    assert next(iter(change)) in reader.unreadable.read_text()
    reader.close()


@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"[]", b"1", b"{}", b'{"v":1}', b"[" * 100_000])))
def test_no_line_raises(lines):
    good, bad = _sorted_out(lines)
    assert good == []
    assert len(bad) == sum(map(bool, lines))


def test_two_processes_cannot_share_one(spool, path, opt_out):
    spool.append([opt_out(1)])
    with pytest.raises(SpoolBusyError, match="stop the other listener"):
        Spool(path).load()
    spool.close()
    other = Spool(path)
    assert other.load() == [opt_out(1)]
    other.close()


def test_a_full_disk_is_an_error_not_a_success(opt_out):
    full = Spool(Path("/dev/full"))
    with pytest.raises(OSError, match="No space left"):
        full.append([opt_out(1)])
    full.close()


def test_a_folder_that_is_none_is_an_error(path, opt_out):
    path.write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        Spool(path / "below").append([opt_out(1)])
