"""What the registries say of one number, during a call: from memory, and never behind the folder.

The folder is looked at before each answer. A small file is loaded at once, a large one in a thread: until then the one
before it answers, and where there was none the calls to its country are refused.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from models.number import Number
from models.number.country import calling_code, may_be_in
from models.policy import Registered, RegistryState
from models.registry.blocks import Unusable, among, shorter
from models.registry.file import Damaged, Header, Registry, load
from models.registry.folder import file_of, has_manifest, read_manifest

log = logging.getLogger("concierge.registry")

MAX_AGE: Mapping[str, int] = {"US": 31, "CA": 31, "AU": 30, "GB": 28}  # days; by law or by the registry's terms
_AT_ONCE = 256 * 1024  # bytes; a millisecond
_SETTLED = 50_000_000  # nanoseconds; two changes within one tick of the file system's clock have the same time
EVERYWHERE = ""


class Holding:
    """One registry that must be there: what answers for it now, and what is wrong with it."""

    def __init__(self, header: Header, before: Registry | None = None) -> None:
        self.header = header
        self.registry = before
        self.why = "" if before else "it is being loaded"
        self.thread: threading.Thread | None = None

    def load(self, folder: Path, *, single: bool = False) -> None:
        """In whatever thread."""
        started = time.monotonic()
        try:
            self.registry = load(folder / file_of(self.header), self.header.sha256, single=single)
            self.why = ""
        except (Damaged, OSError) as error:
            self.fail(error)
            return
        took = time.monotonic() - started
        log.info("registry=%s state=loaded count=%d seconds=%.2f", self.header.name, self.header.count, took)

    def fail(self, error: Exception) -> None:
        """It cannot be trusted."""
        self.registry = None
        self.why = f"{error}; add it again"
        log.error("registry=%s state=unusable why=%s", self.header.name, error)

    def has(self, number: int) -> bool:
        """It, or the shorter number that the exchange would ring because this one does not exist."""
        if self.registry is None:
            return False
        numbers = self.registry.numbers
        try:
            if number in numbers:
                return True
            return any(one in numbers for one in shorter(number)) and not Number(number).valid
        except (Unusable, OSError) as error:
            self.fail(error)
            return False

    def trouble(self, at: datetime, max_age: Mapping[str, int]) -> Registered | None:
        """What stands against calls to its country."""
        name, country = self.header.name, self.header.country
        if self.registry is None:
            return Registered(name, RegistryState.UNAVAILABLE, f"registry {name} of {country}: {self.why}")
        as_of = self.registry.header.as_of
        most = max_age.get(country, 0)
        age = (at.date() - as_of).days
        if not most or age <= most:
            return None
        detail = f"registry {name} of {country} is {age} days old, {most} at most; add a newer one"
        return Registered(name, RegistryState.STALE, detail)

    def is_aging(self, start: datetime, end: datetime, max_age: Mapping[str, int]) -> bool:
        """Does it get too old in that time?"""
        return self.trouble(start, max_age) is None and self.trouble(end, max_age) is not None


class Registries:
    """All registries of one folder. Used from one thread; never raises.

    `background`: for a process that answers calls; another one waits until everything is loaded. `single`: for a
    process of one question, which reads what it needs and no more. `max_age`: days by country, 0 or absent: no limit.
    `expected`: there have to be some, see models/registry/expected.py.
    """

    def __init__(
        self,
        folder: Path,
        max_age: Mapping[str, int] = MAX_AGE,
        *,
        background: bool = False,
        single: bool = False,
        expected: bool = False,
    ) -> None:
        self.folder = folder
        self._single = single
        self._expected = expected
        self._text = str(folder)
        self._max_age = max_age
        self._background = background
        self._seen: tuple[int, ...] | None = None
        self.broken = ""
        self.holdings: dict[str, Holding] = {}

    def look_up(self, number: int, at: datetime) -> Sequence[Registered]:
        """What stands against a call to this number; nothing when no registry knows it."""
        self.refresh()
        if not self.holdings and not self.broken:
            return ()
        return self._all(number, at)

    def _all(self, number: int, at: datetime) -> list[Registered]:
        found = []
        if self.broken:
            found.append(Registered(EVERYWHERE, RegistryState.UNAVAILABLE, self.broken))
        for holding in self.holdings.values():
            registry = holding.registry
            if registry is not None and holding.has(number):
                header = registry.header
                detail = f"registry {header.name} of {header.country}, as of {header.as_of}"
                found.append(Registered(header.name, RegistryState.LISTED, detail))
            trouble = holding.trouble(at, self._max_age)
            if trouble is not None and may_be_in(number, holding.header.country):
                found.append(trouble)
        return found

    def suspects(self, numbers: Sequence[int], at: datetime) -> set[int]:
        """Those of many numbers that `look_up` may have something to say about."""
        self.refresh()
        if self.broken:
            return set(numbers)
        found: set[int] = set()
        for holding in self.holdings.values():
            if (registry := holding.registry) is not None:
                found |= among(registry.numbers, numbers)
            if holding.trouble(at, self._max_age) is not None:
                code = calling_code(holding.header.country)
                found.update(one for one in numbers if str(one).startswith(code))
        return found

    def is_aging(self, start: datetime, end: datetime) -> bool:
        """Does any of them get too old in that time?"""
        self.refresh()
        return any(one.is_aging(start, end, self._max_age) for one in self.holdings.values())

    def begin(self) -> Callable[[], None]:
        """Begin to load. Call what is returned, in any thread, to wait until that is over."""
        self.refresh()
        threads = [holding.thread for holding in self.holdings.values() if holding.thread is not None]

        def wait() -> None:
            for thread in threads:
                thread.join()

        return wait

    def refresh(self) -> None:
        """Notice what has changed in the folder."""
        try:
            stat = os.stat(self._text)  # noqa: PTH116 - half the time, at each call
        except (FileNotFoundError, NotADirectoryError):
            self._is_gone()
            return
        except OSError as error:
            self.broken, self._seen = f"{self._text}: {error.strerror}", None
            return
        seen = (stat.st_mtime_ns, stat.st_ino, stat.st_dev)
        if seen == self._seen:
            return
        self._seen = seen if time.time_ns() - stat.st_mtime_ns > _SETTLED else None
        self._read()

    def _is_gone(self) -> None:
        self._seen = None
        gone = "" if not self.holdings else f"{self._text} is gone, with {', '.join(self.holdings)}"
        self.broken = gone or (self._lost() if self._expected else "")

    def _lost(self) -> str:
        return (
            f"{self._text} has no registries, and this list had some; add them again, or say with "
            "`concierge registry remove NAME` that it is to go without"
        )

    def _read(self) -> None:
        try:
            manifest = read_manifest(self.folder)
        except (Damaged, OSError) as error:
            said = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
            self.broken, self._seen = said, None
            return
        lost = self._expected and not manifest and not self.holdings and not has_manifest(self.folder)
        self.broken = self._lost() if lost else ""
        before = self.holdings
        self.holdings = {name: self._hold(header, before.get(name)) for name, header in manifest.items()}

    def _hold(self, header: Header, before: Holding | None) -> Holding:
        if before is not None and before.header == header and before.registry is not None and self._is_there(header):
            return before
        if before is not None and before.header == header and before.why == "it is being loaded":
            return before
        holding = Holding(header, before.registry if before else None)
        if self._background and header.size > _AT_ONCE and self._is_there(header):
            holding.thread = threading.Thread(target=holding.load, args=(self.folder,), name="registry", daemon=True)
            holding.thread.start()
        else:
            holding.load(self.folder, single=self._single)
        return holding

    def _is_there(self, header: Header) -> bool:
        return (self.folder / file_of(header)).exists()
