"""The folder of the registries: which ones must be there is in a manifest, so that a lost file is noticed."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.registry.blocks import Building
from models.registry.file import Damaged, Header, facts_of, header_of, replacing, sealed, sync_folder, unsealed, write

_MAGIC = "concierge-registries 1"
_MANIFEST = "manifest"
_LONGEST = 10_000_000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

Manifest = dict[str, Header]


class NoSuchRegistry(Exception):
    """There is none of that name."""


def file_of(header: Header) -> str:
    """The file's name has the beginning of its SHA-256: a registry and the one that takes its place are two files."""
    return f"{header.name}.{header.sha256[:16]}.registry"


def read_manifest(folder: Path) -> Manifest:
    """Name -> header of what must be there; empty when nothing was ever added. Raises Damaged, OSError."""
    try:
        with (folder / _MANIFEST).open("rb") as file:
            facts = unsealed(_MAGIC, file, _LONGEST)
        return {one["name"]: header_of(one) for one in facts}
    except FileNotFoundError:
        if any(folder.glob("*.registry")):
            raise Damaged(f"{folder}: there are registries but no manifest; add them again") from None
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{folder / _MANIFEST}: incomplete: {error}; remove it and add the registries again") from None
    except Damaged as error:
        raise Damaged(f"{folder / _MANIFEST}: {error}; remove it and add the registries again") from None


def has_manifest(folder: Path) -> bool:
    """False: there has been no registry here, or all of it is gone."""
    return (folder / _MANIFEST).exists()


def add(folder: Path, header: Header, numbers: Building) -> Header:
    """Write the file, then name it in the manifest: one rename is the moment of the change. Raises OSError, Damaged."""
    with _alone(folder):
        manifest = read_manifest(folder)
        _tidy(folder, manifest)  # at once: drafts of one that was killed for want of room take that room
        beside = folder / f".{header.name}.adding"
        written = write(beside, header, numbers)
        beside.replace(folder / file_of(written))
        sync_folder(folder)
        _write_manifest(folder, manifest | {header.name: written})
        _tidy(folder, manifest | {header.name: written})
    return written


def remove(folder: Path, name: str) -> Header:
    """Forget a registry. Raises NoSuchRegistry, OSError, Damaged."""
    with _alone(folder):
        manifest = read_manifest(folder)
        if name not in manifest:
            raise NoSuchRegistry(name)
        header = manifest.pop(name)
        _write_manifest(folder, manifest)
        _tidy(folder, manifest)
    return header


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two commands at once must not forget each other's registry."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    with replacing(folder / _MANIFEST) as put:
        put(sealed(_MAGIC, [facts_of(header) for header in manifest.values()]))


def _tidy(folder: Path, manifest: Manifest) -> None:
    """Files that the manifest does not name are of no use to anybody; nor are drafts, which a kill has left."""
    wanted = {file_of(header) for header in manifest.values()}
    for path in (*folder.glob("*.registry"), *folder.glob(".*.new"), *folder.glob(".*.adding")):
        if path.name not in wanted:
            path.unlink(missing_ok=True)
