"""This host: Python, the installed files, the settings, the database."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from concierge.doctor.finding import Finding, failed, ok, warning
from concierge.doctor.sites import check_sync
from concierge.integrity import changed_files
from concierge.settings import Settings
from concierge.wiring import max_ages, registries_of
from models.errors import StoreError
from models.policy import RegistryState
from models.store import Store

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NEEDED = 1 << 20  # bytes: some hours of evidence
_LITTLE = 100 * 10**6


def check_host(settings: Settings, path: Path) -> Iterator[Finding]:
    """Everything that needs no network."""
    yield _python()
    yield _files()
    yield _settings(settings)
    yield _database(path)
    yield from _room(path)
    yield _evidence(path)
    yield from _registries(settings, path)
    if settings.sync.url:
        yield from check_sync(settings, path)


def _registries(settings: Settings, path: Path) -> Iterator[Finding]:
    """Nothing when there are none."""
    registries = registries_of(settings, path)
    registries.refresh()
    if registries.broken:
        yield failed("registries", registries.broken, "until then every outbound call is refused")
    now, ages = datetime.now(UTC), max_ages(settings)
    for name, holding in registries.holdings.items():
        trouble = holding.trouble(now, ages)
        if trouble is None:
            yield ok(f"registry {name}", f"{holding.header.count} numbers, as of {holding.header.as_of}")
        elif trouble.state is RegistryState.STALE and settings.registries.on_stale == "warn":
            yield warning(f"registry {name}", trouble.detail, "`concierge registry add` with a newer file")
        else:
            remedy = f"`concierge registry add`; until then calls to {holding.header.country} are refused"
            yield failed(f"registry {name}", trouble.detail, remedy)


def _python() -> Finding:
    return ok("python", ".".join(map(str, sys.version_info[:3])))  # an older one cannot import this file


def _files() -> Finding:
    changed = changed_files()
    if changed:
        return failed(
            "installed files",
            f"{len(changed)} differ from the wheel, first {changed[0]}",
            "another package has replaced them: install Concierge into an environment of its own (pipx)",
        )
    return ok("installed files", "as in the wheel")


def _settings(settings: Settings) -> Finding:
    if not settings.operator.dial:
        return warning("operator", "operator.dial is empty", "set it: callers who are in trouble end there")
    return ok("operator", settings.operator.dial)


def _evidence(path: Path) -> Finding:
    """Whoever may read the key can sign what he has changed."""
    from models.evidence.checkpoint import checkpoint_path, lines
    from models.evidence.key import load_key

    name = "evidence"
    try:
        key, points = load_key(path), lines(checkpoint_path(path))
    except StoreError as error:
        return failed(name, str(error), "until then nothing can be recorded, and outbound calls are refused")
    except OSError as error:
        return failed(name, f"{error.filename}: {error.strerror}", "see that it belongs to the service's user")
    if key is None:
        return ok(name, "its key is made with the first row")
    days = f", {len(points)} days of checkpoints" if points else ""
    return ok(name, f"signed with a key that only its owner can read{days}; `concierge evidence verify` proves it")


def _room(path: Path) -> Iterator[Finding]:
    """Nothing when there is enough, or the folder cannot be written, which others tell."""
    remedy = "free some space; when nothing can be recorded any more, every outbound call is refused"
    try:
        handle = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY)
    except OSError as error:
        if error.errno in FULL:
            yield failed("disk", f"{path.parent}: {error.strerror}", remedy)
        return
    try:
        os.posix_fallocate(handle, 0, _NEEDED)
        free = os.fstatvfs(handle).f_bavail * os.fstatvfs(handle).f_frsize
        if free < _LITTLE:
            yield warning("disk", f"{path.parent}: {free // 10**6} MB are free", remedy)
    except OSError as error:
        if error.errno in FULL:
            yield failed("disk", f"{path.parent}: no room for another megabyte: {error.strerror}", remedy)
    finally:
        os.close(handle)


def _database(path: Path) -> Finding:
    try:
        store = Store(path)
    except StoreError as error:
        return failed("database", str(error), "until then every outbound call is refused")
    try:
        store.check_writable()
    except StoreError as error:
        return failed("database", str(error), "until then no opt-out and no evidence can be kept")
    finally:
        store.close()
    return ok("database", f"{path}: at head, writable")
