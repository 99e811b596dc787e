"""What the dialplan has kept in AstDB, handed to the recorder; a key goes when, and only when, it is recorded.

Needs `reporting` (DBGetTree) and, to delete, `call` (Setvar of DB_DELETE: the class `system`, which DBDel wants, could
also stop Asterisk). Without the right to delete, the dialplan's own hand-over removes what has been recorded.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ami.link import NotSent, Reply
from ami.session import AmiSession
from models.number import without_numbers

FAMILY = "concierge-optout"
CALLBACKS = "concierge-callback"  # promises to callers
_EACH = 4  # hints that are asked about one by one; more of them are one question
_LINE = re.compile(r"(/\S.*?) *: (.*)")
_log = logging.getLogger(__name__)

# key below the family and its value -> True: durable; None: can never be recorded; False: not yet
RecordKept = Callable[[str, str], Awaitable[bool | None]]


@dataclass(frozen=True, slots=True)
class Drained:
    """found: keys that were there; recorded: durable now; left: not recorded yet; bad: can never be."""

    found: int = 0
    recorded: int = 0
    left: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class NotRead:
    """AstDB could not be read, and why."""

    reason: str


class Drain:
    """Reads AstDB at every login, every `every` seconds, and at once when the dialplan says that it kept a key."""

    def __init__(self, session: AmiSession, record: RecordKept, every: float = 15.0, family: str = FAMILY) -> None:
        self._session = session
        self._family = family
        self._record = record
        self._every = every
        self._hints: set[str] = set()
        self._hinted = asyncio.Event()
        self._turn = asyncio.Lock()
        self._logins = 0
        self.recorded = 0
        self.last: Drained | NotRead = NotRead("not yet")

    def hint(self, number: str) -> None:
        """The dialplan has kept a key press below this number. Never waits; a flood means: look at everything."""
        if len(self._hints) < 1000:
            self._hints.add(number)
        self._hinted.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wait()
            hints, self._hints = self._hints, set()
            self._hinted.clear()
            if len(hints) > _EACH or not hints:
                await self.all()
            else:
                for number in hints:
                    await self.all(number)

    async def _wait(self) -> None:
        """Until a hint, a new login or the end of the period."""
        end = asyncio.get_running_loop().time() + self._every
        while asyncio.get_running_loop().time() < end and not self._hints:
            logins = self._session.status().logins
            if logins != self._logins:
                self._logins = logins
                return
            try:
                async with asyncio.timeout(0.25):
                    await self._hinted.wait()
            except TimeoutError:
                continue

    async def all(self, number: str = "") -> Drained | NotRead:
        """Everything that is kept, or what is kept below one number."""
        async with self._turn:
            rows = await self._rows(number)
            drained = rows if isinstance(rows, NotRead) else await self._hand_over(rows)
        if not number:
            self.last = drained
        return drained

    async def _rows(self, number: str) -> list[tuple[str, str]] | NotRead:
        asked = {"Action": "DBGetTree", "Family": self._family} | ({"Key": number} if number else {})
        answer = await self._session.send_for_list(asked)
        if isinstance(answer, NotSent):
            return NotRead(answer.reason)
        if isinstance(answer, Reply):
            return await self._shown(answer.message)
        return [pair for raw in answer if (pair := self._pair(str(raw.get("Key", "")), str(raw.get("Val", ""))))]

    async def _shown(self, refusal: str) -> list[tuple[str, str]] | NotRead:
        """An Asterisk without DBGetTree, or a user without `reporting`, may still show AstDB as a command."""
        answer = await self._session.send({"Action": "Command", "Command": f"database show {self._family}"})
        if isinstance(answer, NotSent) or not answer.success:
            return NotRead(f"DBGetTree: {refusal}; give the manager user `reporting` in write=")
        output = answer.headers.get("Output", [])
        found = map(_LINE.fullmatch, [output] if isinstance(output, str) else output)
        return [pair for line in found if line and (pair := self._pair(line[1], line[2]))]

    def _pair(self, key: str, value: str) -> tuple[str, str] | None:
        head = f"/{self._family}/"
        return (key.removeprefix(head), value) if key.startswith(head) else None

    async def _hand_over(self, rows: list[tuple[str, str]]) -> Drained:
        counts = {True: 0, False: 0, None: 0}
        for key, value in rows:
            done = await self._recorded(key, value)
            counts[done] += 1
            if done is not False:
                await self._forget(key, value, bad=done is None)
        self.recorded += counts[True]
        return Drained(len(rows), counts[True], counts[False], counts[None])

    async def _recorded(self, key: str, value: str) -> bool | None:
        try:
            return await self._record(key, value)
        except Exception:  # noqa: BLE001 - one kept key that nobody can handle does not hold up the others
            _log.exception("what the dialplan kept could not be handled: %s", without_numbers(key))
            return False

    async def _forget(self, key: str, value: str, *, bad: bool) -> None:
        """By the way that needs the fewest rights. A refusal costs nothing: the copy is known when it comes again."""
        if any(letter in key + value for letter in "\r\n\0"):
            return
        if bad:
            place = f"DB({self._family}-bad/{key})"
            copied = await self._session.send({"Action": "Setvar", "Variable": place, "Value": value})
            if isinstance(copied, NotSent) or not copied.success:
                return
        await self._session.send({"Action": "Setvar", "Variable": f"DB_DELETE({self._family}/{key})", "Value": "1"})
