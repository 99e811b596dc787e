"""How callers fare: what the menus and AMI tell is put together, and written down when a caller is gone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from agi.handlers import Handler, Handling, Outcome
from agi.protocol import Environment
from ami.events import Event
from ami.quality import Callers, Gone, MenuStep
from models.errors import StoreError
from models.incoming import Incoming, add
from models.journal import Journal

log = logging.getLogger("concierge.reception")

_TOGETHER = 1.0  # seconds that a row waits for others


class Reception:
    """A handler of AMI events, and an ear at the menus. A crash may lose a second of its figures."""

    def __init__(self, journal: Journal, system: str, trunks: Sequence[str], others: Collection[str] = ()) -> None:
        """`others`: the names of further PBXs; two of them may give two callers the same uniqueid."""
        self._journal = journal
        self._system = system
        self._callers = {name: Callers(trunks) for name in (system, *others)}
        self._rows: list[Incoming] = []
        self._writing: asyncio.Task[None] | None = None

    def listening(self, menu: Handler) -> Handler:
        """The same handler; what it decides is heard here."""

        def heard(environment: Environment) -> Handling:
            outcome = yield from menu(environment)
            self._heard(environment, outcome)
            return outcome

        return heard

    def _heard(self, environment: Environment, outcome: Outcome) -> None:
        told = {name: str(outcome.fields.get(name, "")) for name in ("menu", "happening", "reason")}
        step = MenuStep(environment.get("uniqueid"), told["menu"], told["happening"], outcome.decision, told["reason"])
        if step.uniqueid:
            self._of(environment.argument(6)).passed(step, time.time())

    def _of(self, system: str) -> Callers:
        """A PBX that nobody has configured is the first one."""
        found = self._callers.get(system)
        return self._callers[self._system] if found is None else found

    async def on_event(self, event: Event, seen_at: float, system: str = "") -> None:
        """From the listener of a PBX."""
        gone = self._of(system).apply(event, seen_at)
        if gone is None:
            return
        self._rows.append(row_of(gone, system or self._system))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="reception")

    async def settled(self) -> None:
        """What is known is written."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        await asyncio.sleep(_TOGETHER)
        while self._rows:
            rows, self._rows = self._rows, []
            try:
                await self._journal.do(partial(add, rows=rows))
            except StoreError as error:
                log.error("callers=lost count=%d why=%s", len(rows), error)


def row_of(gone: Gone, system: str) -> Incoming:
    """PURE: as it is kept."""
    until = gone.answered_at if gone.answered_at is not None else gone.ended
    return Incoming(
        datetime.fromtimestamp(gone.began, UTC),
        system,
        gone.uniqueid,
        gone.outcome,
        timedelta(seconds=max(0.0, until - gone.began)),
        timedelta(seconds=max(0.0, gone.ended - gone.began)),
        gone.menus,
        gone.menu,
        gone.happening,
        gone.guard,
    )
