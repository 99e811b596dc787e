"""A registry's file: what was written is read, and nothing else is ever trusted."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.registry.blocks import Blocks, Sorted, Unusable, read_blocks, read_sorted
from models.registry.file import Damaged, Header, load, write

HEADER = Header("ftc", "ftc", "US", date(2026, 11, 20), datetime(2026, 11, 21, tzinfo=UTC), "test")
KINDS = [Blocks, Sorted]
numbers = st.lists(st.integers(1_000_000, 10**15 - 1) | st.integers(12_125_550_000, 12_125_559_999), max_size=50)


def made(path, found, kind):
    building = kind()
    half = len(found) // 2
    building.add(list(found[:half]))
    building.add(list(found[half:]))
    return write(path, HEADER, building)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=numbers, others=numbers)
def test_what_is_written_is_read(tmp_path, kind, found, others):
    written = made(tmp_path / "r", found, kind)
    registry = load(tmp_path / "r", written.sha256)
    assert registry.header == written
    assert list(registry.numbers) == sorted(set(found))
    single = load(tmp_path / "r", written.sha256, single=True).numbers
    assert [one in single for one in found + others] == [one in set(found) for one in found + others]
    assert len(registry.numbers) == written.count == len(set(found))
    assert [one in registry.numbers for one in found + others] == [one in set(found) for one in found + others]


@pytest.mark.parametrize("kind", KINDS)
def test_a_bit_flipped_anywhere_and_any_other_length_is_found(tmp_path, kind):
    path = tmp_path / "r"
    written = made(path, [14165551234, 14165551235, 14165551236, 12125551234, 448005551234], kind)
    whole = path.read_bytes()
    for place in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises(Damaged):
            load(path, written.sha256)
    for other in [whole[:size] for size in range(len(whole))] + [whole + b"\0", b"", b"\n" * 200]:
        path.write_bytes(other)
        with pytest.raises(Damaged):
            load(path, written.sha256)
    path.write_bytes(whole)
    assert 14165551234 in load(path, written.sha256).numbers


def test_one_question_reads_one_block_and_trusts_no_bit_that_it_needs(tmp_path):
    path = tmp_path / "r"
    numbers = [14165551234, 14165551235, 12125551234, 448005551234]
    written = made(path, numbers, Blocks)
    assert [one in load(path, written.sha256, single=True).numbers for one in (*numbers, 14165551236, 99)] == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]
    whole = path.read_bytes()
    for place in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        try:
            single = load(path, written.sha256, single=True).numbers
            answers = [one in single for one in (14165551234, 14165551236)]
        except (Damaged, Unusable):
            continue
        assert answers == [True, False], "another block's bit"
    for other in [whole[:size] for size in range(len(whole))] + [whole + b"x"]:
        path.write_bytes(other)
        with pytest.raises(Damaged):
            load(path, written.sha256, single=True)


def test_another_file_than_the_one_that_was_added_is_refused(tmp_path):
    written = made(tmp_path / "a", [14165551234], Blocks)
    made(tmp_path / "b", [14165551235], Blocks)
    with pytest.raises(Damaged, match="another file"):
        load(tmp_path / "b", written.sha256)


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    made(tmp_path / "r", [14165551234], Blocks)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        made(tmp_path / "r", [14165551235], Blocks)
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
    assert 14165551234 in load(tmp_path / "r").numbers


def test_a_file_of_pyroaring_without_pyroaring_is_damaged_in_words(tmp_path, monkeypatch):
    made(tmp_path / "r", [14165551234], Blocks)
    monkeypatch.setitem(__import__("sys").modules, "pyroaring", None)
    with pytest.raises(Damaged, match="add the registry again"):
        load(tmp_path / "r")


def test_both_kinds_have_the_same_interface():
    for kind in KINDS:
        building = kind()
        building.add([3, 1, 2, 2])
        pieces = []
        building.write(pieces.append)
        assert sorted(building) == [1, 2, 3]
        assert len(building) == 3
    assert read_sorted(memoryview(b"".join(pieces))).__contains__(2)
    assert callable(read_blocks)
