"""Who may ask over HTTP: random tokens of 256 bits, of which only salted SHA-256 digests are kept, in a file with
mode 600 beside the list. A token that strong needs no slow hash: there is nothing to guess."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

PREFIX = "concierge_"  # tells a secret scanner, and a person, what it is
_LONGEST = 200  # bytes; longer ones are not looked at
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_MANY_DIGITS = re.compile(r"[0-9]{7}")
_VERSION = 1


class TokenError(Exception):
    """The file, or what was asked of it, is not as it should be: what, where, what to do."""


class Scope(StrEnum):
    """`read`: check and look up. `write`: also list and take back. `person`: read, and everything kept on a person."""

    READ = "read"
    WRITE = "write"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever holds a token."""

    name: str
    scope: Scope


@dataclass(frozen=True, slots=True)
class Kept:
    """One token as it is kept: the digest of salt and token, both as hexadecimal digits."""

    name: str
    scope: Scope
    salt: str
    digest: str
    created_at: str

    def is_of(self, token: bytes) -> bool:
        """Takes the same time whatever the token."""
        return hmac.compare_digest(_digest(self.salt, token), self.digest)


def _digest(salt: str, token: bytes) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + token).hexdigest()


def check_name(name: str) -> None:
    """Raises TokenError. The name is written to log lines, so it holds no telephone number."""
    if not _NAME.fullmatch(name) or _MANY_DIGITS.search(name):
        raise TokenError(f"{name!r} is no name for a token: a letter, then letters, digits, _ . -; 40 at most")


class TokenFile:
    """The tokens of one list. Changes are seen by every process with the next question."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._kept: tuple[Kept, ...] = ()

    def find(self, token: bytes) -> Holder | None:
        """Whose token this is. Raises TokenError when the file cannot be read or others can read it."""
        if len(token) > _LONGEST:
            return None
        found = [Holder(one.name, one.scope) for one in self._current() if one.is_of(token)]
        return found[0] if found else None

    def all(self) -> tuple[Kept, ...]:
        """In the order of their making; none when there is no file. Raises TokenError."""
        try:
            mode = self.path.stat().st_mode
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise TokenError(_told(self.path, error)) from error
        except UnicodeDecodeError as error:
            raise TokenError(f"{self.path}: not a file of tokens; remove it and make new tokens") from error
        if stat.S_IMODE(mode) & 0o077:
            raise TokenError(f"{self.path}: others can read it; run `chmod 600 {self.path}`")
        try:
            return tuple(map(_kept, _version_one(json.loads(text))))
        except (ValueError, KeyError, TypeError) as error:
            raise TokenError(f"{self.path}: not a file of tokens ({error}); remove it and make new tokens") from error

    def add(self, name: str, scope: Scope, now: datetime) -> str:
        """A new token, which is told here and never again. Raises TokenError."""
        check_name(name)
        token, salt = PREFIX + secrets.token_urlsafe(32), secrets.token_hex(16)
        kept = Kept(name, scope, salt, _digest(salt, token.encode()), now.isoformat(timespec="seconds"))

        def with_it(known: tuple[Kept, ...]) -> tuple[Kept, ...]:
            if any(one.name == name for one in known):
                raise TokenError(f"there is a token {name} already; remove it first, or take another name")
            return (*known, kept)

        self._change(with_it)
        return token

    def remove(self, name: str) -> bool:
        """False when there is none of this name. Raises TokenError."""
        before = self.all()
        if not any(one.name == name for one in before):
            return False
        self._change(lambda known: tuple(one for one in known if one.name != name))
        return True

    def _current(self) -> tuple[Kept, ...]:
        try:
            found = self.path.stat()
        except OSError:
            self._seen = None
            return self.all()
        seen = (found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
        if seen != self._seen:
            self._kept, self._seen = self.all(), seen
        return self._kept

    def _change(self, change: Callable[[tuple[Kept, ...]], tuple[Kept, ...]]) -> None:
        """Swapped whole, so that a reader sees the old or the new file."""
        try:
            with _alone(self.path.parent):
                _swap(self.path, change(self.all()))
        except OSError as error:
            raise TokenError(_told(self.path, error)) from error


def _version_one(found: Any) -> Iterator[dict[str, str]]:
    if found["version"] != _VERSION:
        raise ValueError(f"version {found['version']}, this program knows {_VERSION}")
    return iter(found["tokens"])


def _told(path: Path, error: OSError) -> str:
    hint = "; run as the user of the daemon" if error.errno in (errno.EACCES, errno.EPERM) else ""
    return f"{path}: {error.strerror}{hint}"


def _kept(found: dict[str, str]) -> Kept:
    bytes.fromhex(found["salt"])
    return Kept(found["name"], Scope(found["scope"]), found["salt"], found["digest"], found["created_at"])


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        os.fsync(handle)
    finally:
        os.close(handle)


def _swap(path: Path, tokens: tuple[Kept, ...]) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"version": _VERSION, "tokens": [asdict(one) for one in tokens]}, file, indent=1)
        file.flush()
        os.fsync(handle)
        if os.geteuid() == 0:  # root may make them for the daemon's user, who owns the folder
            owner = path.parent.stat()
            os.fchown(handle, owner.st_uid, owner.st_gid)
    fresh.replace(path)
