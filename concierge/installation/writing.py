"""Changes are written one file at a time, each atomically; what was there before is kept first."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from concierge.errors import UserError
from concierge.installation.changes import Change


def apply(changes: Sequence[Change], backups: Path, like: Path) -> Path | None:
    """Write them in order; returns the folder with the files that were there before, None when there were none.

    `like`: a file whose owner a new file gets. Raises UserError; then what was written is taken back.
    """
    kept = _keep(changes, backups)
    done: list[Change] = []
    try:
        for one in changes:
            write(one.path, one.after, like, one.mode)
            done.append(one)
    except OSError as error:
        take_back(done, like)
        raise UserError(f"{error.filename or one.path}: {error.strerror}; nothing was changed") from error
    return kept


def take_back(changes: Sequence[Change], like: Path) -> None:
    """As it was before, in the opposite order."""
    for one in reversed(changes):
        with suppress(OSError):
            write(one.path, one.before, like)


def _keep(changes: Sequence[Change], backups: Path) -> Path | None:
    there = [one for one in changes if one.before is not None and one.path.suffix != ".wav"]
    if not there:
        return None
    try:
        backups.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = Path(tempfile.mkdtemp(prefix=f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-", dir=backups))
        for one in there:
            copy = folder / one.path.name
            copy.touch(mode=0o600)
            copy.write_bytes(one.before or b"")
    except OSError as error:
        raise UserError(f"{error.filename or backups}: {error.strerror}; no backup, so nothing was changed") from error
    return folder


def write(path: Path, content: bytes | None, like: Path, mode: int | None = None) -> None:
    """Replace a file in one step, with its own owner and mode; None removes it. Raises OSError."""
    path = path.resolve()  # a link stays a link
    if content is None:
        path.unlink(missing_ok=True)
        if path.parent.name == "concierge" and not any(path.parent.iterdir()):
            path.parent.rmdir()  # the folder of the prompts
        return
    model = path if path.exists() else like
    _make_folder(path.parent, like)
    status = model.stat()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode if mode is not None else status.st_mode & 0o777)
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file.fileno(), status.st_uid, status.st_gid)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _make_folder(folder: Path, like: Path) -> None:
    if folder.exists():
        return
    _make_folder(folder.parent, like)
    folder.mkdir(mode=0o755)
    status = like.stat()
    if status.st_uid != os.geteuid():
        os.chown(folder, status.st_uid, status.st_gid)
