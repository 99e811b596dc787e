"""A file that is removed, replaced or moved away is noticed at the next look, whatever was moved."""

import shutil
from pathlib import Path

import pytest

from models import place as module
from models.place import Place


@pytest.fixture(params=["handle", "path"])
def place(request, tmp_path, monkeypatch):
    """Also where the system has no such handles."""
    if request.param == "path":
        monkeypatch.setattr(module, "_HANDLE", None)
    file = tmp_path / "folder" / "list.db"
    file.parent.mkdir()
    file.write_text("first")
    place = Place(file)
    assert place.holds()
    yield place
    place.close()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "folder" / "list.db"


def is_there(place):
    return place.untouched() or place.holds()


def test_an_untouched_file_is_there(place):
    assert is_there(place)
    assert is_there(place)


def test_a_removed_file_is_missed_at_once(place, file):
    file.unlink()
    with pytest.raises(FileNotFoundError):
        is_there(place)


def test_another_file_in_its_place_is_noticed_at_once(place, file):
    other = file.with_name("other")
    other.write_text("other")
    other.replace(file)
    assert not is_there(place)


def test_a_file_that_was_moved_away_is_missed_at_once(place, file):
    file.rename(file.with_name("old"))
    with pytest.raises(FileNotFoundError):
        is_there(place)


def test_a_file_that_was_moved_away_for_a_copy_is_noticed_at_once(place, file):
    file.rename(file.with_name("old"))
    shutil.copy(file.with_name("old"), file)
    assert not is_there(place)


def test_a_folder_that_was_moved_for_a_copy_is_noticed_within_its_limit(place, file, wait):
    """The file itself is as it was."""
    file.parent.rename(file.parent.with_name("old"))
    shutil.copytree(file.parent.with_name("old"), file.parent)
    wait.until_now(lambda: not is_there(place), 0.5)


def test_what_was_written_is_looked_at(place, file, wait):
    def touched():
        file.write_text("second")
        return not place.untouched()

    wait.until_now(touched, 0.5)
    assert place.holds()


def test_no_handle_is_left(tmp_path):
    file = tmp_path / "list.db"
    file.touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        place = Place(file)
        place.holds()
        place.close()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before  # others of this process may be closed meanwhile
