"""The files that a command writes for people: there when all of it is, and never in the place of our own.

`-o` takes any name, and root may write everywhere: a list that was written over by an export is gone with all its
evidence, and a device that was replaced is missed by the whole machine.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, cast

from concierge.errors import UserError
from concierge.settings import FILES, Settings, settings_file
from concierge.wiring import store_path

_STANDARD = {"/dev/stdout": 1, "/dev/stderr": 2}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PRIVATE = 0o600
PUBLIC = 0o644


def refuse_own(args: Namespace, settings: Settings, *names: str | Path | None) -> None:
    """Raises UserError when one of the names is a file that Concierge itself keeps."""
    for name in names:
        if name is not None and _is_own(Path(name), args, settings):
            raise UserError(f"{name}: this is a file of Concierge itself; nothing was written; name another one")


def _is_own(path: Path, args: Namespace, settings: Settings) -> bool:
    found, store = _real(path), _real(store_path(settings))
    if found.parent == store.parent and found.name.startswith((f"{store.name}.", f"{store.name}-")):
        return True
    return any(found == own or own in found.parents or _same(found, own) for own in (store, *_named(args, settings)))


def _named(args: Namespace, settings: Settings) -> list[Path]:
    """The settings, and what they name."""
    sections = [(getattr(settings, name), keys) for name, keys in FILES.items() if name not in ("store", "lint")]
    sections += [(one, FILES["ami"]) for one in settings.also_ami]
    named = [getattr(section, key) for section, keys in sections for key in keys]
    return [_real(Path(one)) for one in (settings_file(args.config), *named) if one]


def _real(path: Path) -> Path:
    """Where its links lead; links that go round are no reason to stop."""
    return Path(os.path.realpath(path))


def _same(one: Path, other: Path) -> bool:
    """By another hard link, too."""
    try:
        return one.samefile(other)
    except OSError:
        return False


@contextmanager
def replacing(path: Path, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` at the end; nothing is left of it after an error, nor after a kill.

    A device, a pipe or standard output is written to as it is. Links are replaced and not followed: in a folder that
    all may write, somebody else may have put one there; nor does somebody else's pipe get to see the numbers.
    """
    if path.is_dir():
        raise UserError(f"{path}: Is a directory")
    try:
        with _through(path) if _is_stream(path) else _whole(path, mode) as stream:
            yield stream
    except OSError as error:
        if error.errno in _FULL:  # not of a file that is read meanwhile
            raise UserError(f"{path}: {error.strerror}; free some space, or name another place") from error
        raise


def _is_stream(path: Path) -> bool:
    if _standard(path) is not None:
        return True
    try:
        found = path.lstat()
    except OSError:
        return False
    if stat.S_ISBLK(found.st_mode) or stat.S_ISSOCK(found.st_mode):
        raise UserError(f"{path}: this is no file; name another place")
    return found.st_uid in (0, os.geteuid()) and (stat.S_ISCHR(found.st_mode) or stat.S_ISFIFO(found.st_mode))


def _standard(path: Path) -> int | None:
    """The descriptor of this process that it names."""
    named = re.fullmatch(r"/(?:dev|proc/self)/fd/(\d{1,9})", str(path.absolute()))
    return int(named[1]) if named else _STANDARD.get(str(path.absolute()))


@contextmanager
def _through(path: Path) -> Iterator[BinaryIO]:
    standard = _standard(path)
    try:  # opened anew, a file behind it would be written from its beginning, and then over by what we say
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC) if standard is None else os.dup(standard)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name another place") from error
    with os.fdopen(descriptor, "wb") as stream:
        yield cast(BinaryIO, stream)


@contextmanager
def _whole(path: Path, mode: int) -> Iterator[BinaryIO]:
    beside = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        descriptor, named = _draft(path.parent, beside)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name another place") from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield cast(BinaryIO, stream)
            stream.flush()
            os.fchmod(descriptor, mode)
            if not named:
                os.link(f"/proc/self/fd/{descriptor}", beside, src_dir_fd=descriptor)  # linkat: link would not follow
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _draft(folder: Path, beside: Path) -> tuple[int, bool]:
    """A descriptor, and whether the file has its name yet: without one it goes with the process. Raises OSError."""
    try:
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600), False
    except OSError:  # not every file system has such files; or the folder is the trouble, which is told now
        return os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600), True


def write_whole(path: Path, text: str, mode: int = PRIVATE) -> None:
    """One text, as `replacing` writes it. Raises UserError."""
    try:
        with replacing(path, mode) as stream:
            stream.write(text.encode())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name another place") from error
