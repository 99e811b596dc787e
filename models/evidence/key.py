"""The key that links are signed with: a file beside the database that only its owner may read."""

from __future__ import annotations

import logging
import os
import secrets
import stat
from pathlib import Path

from models.errors import StoreError

log = logging.getLogger("concierge.evidence")

_SIZE = 32  # bytes


def key_path(store: Path) -> Path:
    """Of a database."""
    return store.with_name(store.name + ".key")


def load_key(store: Path) -> bytes | None:
    """The key; None when there is none. Raises StoreError for one that others can read, or that is no key."""
    path = key_path(store)
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror}; it signs the evidence, see that the service can read it"
        ) from error
    except ValueError as error:
        raise StoreError(f"{path}: this is no key; restore it from a backup") from error
    if stat.S_IMODE(mode) & 0o077:
        raise StoreError(f"{path}: others can read the key that signs the evidence; run `chmod 600 {path}`")
    if len(key) != _SIZE:
        raise StoreError(f"{path}: this is no key of {_SIZE} bytes; restore it from a backup")
    return key


def load_or_make_key(store: Path) -> bytes:
    """The key, made when there is none. Raises StoreError."""
    found = load_key(store)
    if found is not None:
        return found
    path = key_path(store)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        _write(draft, secrets.token_bytes(_SIZE).hex() + "\n")
        try:
            os.link(draft, path)  # whoever comes second takes the first one's
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; the key that signs the evidence cannot be made") from error
    made = load_key(store)
    if made is None:
        raise StoreError(f"{path}: the key that signs the evidence is gone")
    return made


def _write(path: Path, text: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, text.encode())
        os.fsync(file)
    finally:
        os.close(file)
