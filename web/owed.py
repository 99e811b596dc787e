"""Callbacks over HTTP: what is owed, who sees to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from models.callback import Matter
from models.callbacks import Callbacks, Refused, open_callbacks
from models.errors import StoreError
from web import problem
from web.shapes import Words

_T = TypeVar("_T")


class Outcome(BaseModel):
    """How it ended."""

    model_config = ConfigDict(extra="forbid", strict=True)

    outcome: Words = Field(description="in words: reached, wrong number …")


class Owed(BaseModel):
    """What is owed to one caller."""

    id: int
    kind: str = Field(pattern="^(promise|followup)$", description="followup: nobody promised, but nobody served either")
    number: str | None = Field(description="E.164 with +; null: what was written could not be read")
    written: str
    reason: str = Field(description="a stable word: why the caller was with the operator")
    language: str
    waited: int = Field(description="seconds, the longest of the times")
    times: int = Field(description="how often this caller came up")
    state: str = Field(pattern="^(open|claimed|done)$")
    overdue: bool
    holder: str = Field(description="who has claimed or done it")
    attempts: int = Field(description="calls that Concierge has placed by itself")
    outcome: str
    asked_at: datetime
    due_at: datetime
    done_at: datetime | None


class Desk:
    """Reads and changes; raises problem.Refused."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path, self._clock = path, clock

    async def all(self, *, overdue: bool) -> list[Owed]:
        """What is not done, the longest owed first."""
        now = self._clock()
        found = await self._ask(lambda callbacks: callbacks.matters())
        return [_owed(one, now) for one in found if one.is_overdue(now) or not overdue]

    async def claim(self, matter_id: int, holder: str) -> Owed:
        """This client calls."""
        return await self._change(lambda callbacks: callbacks.claim(matter_id, holder, self._clock()))

    async def release(self, matter_id: int, holder: str) -> Owed:
        """Anybody may call again."""
        return await self._change(lambda callbacks: callbacks.release(matter_id, holder, self._clock()))

    async def finish(self, matter_id: int, holder: str, outcome: str) -> Owed:
        """Called back."""
        return await self._change(lambda callbacks: callbacks.finish(matter_id, holder, outcome, self._clock()))

    async def _change(self, step: Callable[[Callbacks], Matter | Refused]) -> Owed:
        after = await self._ask(step)
        if isinstance(after, Refused):
            missing = after.why.startswith("there is no")
            status, reason = (404, "no-such-callback") if missing else (409, "not-possible")
            raise problem.Refused(status, reason, f"{after.why}; nothing was changed")
        return _owed(after, self._clock())

    async def _ask(self, step: Callable[[Callbacks], _T]) -> _T:
        def inside() -> _T:
            with open_callbacks(self._path) as callbacks:
                return step(callbacks)

        try:
            return await asyncio.to_thread(inside)
        except StoreError as error:
            detail = "the list cannot be read or written now, and nothing was changed; the log of the service says why"
            raise problem.Refused(503, "list-unavailable", detail, headers={"Retry-After": "1"}) from error


def _owed(one: Matter, now: datetime) -> Owed:
    return Owed(
        id=one.id,
        kind=one.kind.value,
        number=f"+{one.number}" if one.number else None,
        written=one.written,
        reason=one.reason,
        language=one.language,
        waited=one.waited,
        times=one.times,
        state=one.state.value,
        overdue=one.is_overdue(now),
        holder=one.holder,
        attempts=one.attempts,
        outcome=one.outcome,
        asked_at=one.asked_at,
        due_at=one.due_at,
        done_at=one.done_at,
    )
