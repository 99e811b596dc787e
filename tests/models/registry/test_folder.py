"""The folder: swapped whole, and what must be there is known."""

import threading

import pytest

from models.registry.file import Damaged, load
from models.registry.folder import NoSuchRegistry, file_of, read_manifest, remove


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_registry_takes_the_place_of_the_one_before(registry):
    first = registry.put(registry.folder)
    second = registry.put(registry.folder, [14165550000])
    other = registry.put(registry.folder, name="dncl", country="CA")
    assert read_manifest(registry.folder) == {"ftc": second, "dncl": other}
    assert names(registry.folder) == sorted([file_of(second), file_of(other), "manifest"])
    assert file_of(first) != file_of(second)
    assert list(load(registry.folder / file_of(second)).numbers) == [14165550000]


def test_what_a_kill_has_left_is_cleared_away_by_the_next_command(registry):
    """Names as those of the drafts, and of numbers that no manifest names."""
    put = registry.put(registry.folder)
    left = [".ftc.adding", "..ftc.adding.4711.new", ".manifest.4711.new", "ftc.20261120.0123456789ab.registry"]
    for command in (lambda: registry.put(registry.folder), lambda: remove(registry.folder, "ftc")):
        for name in left:
            (registry.folder / name).write_bytes(b"x" * 1000)
        command()
        assert not [name for name in left if (registry.folder / name).exists()]
    assert not (registry.folder / file_of(put)).exists()


def test_what_is_removed_is_gone(registry):
    registry.put(registry.folder)
    remove(registry.folder, "ftc")
    assert names(registry.folder) == ["manifest"]
    assert read_manifest(registry.folder) == {}
    with pytest.raises(NoSuchRegistry):
        remove(registry.folder, "ftc")


def test_the_manifest_is_never_trusted_when_a_bit_is_flipped(registry):
    registry.put(registry.folder)
    manifest = registry.folder / "manifest"
    whole = manifest.read_bytes()
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 4
        manifest.write_bytes(flipped)
        with pytest.raises(Damaged):
            read_manifest(registry.folder)
    manifest.unlink()
    with pytest.raises(Damaged, match="no manifest"):
        read_manifest(registry.folder)


def test_no_folder_is_no_registries(registry):
    assert read_manifest(registry.folder) == {}


def test_four_at_once_forget_none(registry):
    threads = [
        threading.Thread(target=registry.put, args=(registry.folder,), kwargs={"name": f"r{n}"}) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(read_manifest(registry.folder)) == ["r0", "r1", "r2", "r3"]
