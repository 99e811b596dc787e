"""Beside the calls: says what is overdue and, where it is wanted, calls back by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ami.link import Link, NotSent, Timing, open_link
from concierge.errors import UserError
from concierge.manager import access_of
from concierge.opening import is_open
from concierge.settings import Settings
from models.callback import AUTO, REQUESTED, Matter, Retry
from models.callbacks import Callbacks, open_callbacks
from models.errors import StoreError
from models.number import masked, without_numbers

log = logging.getLogger("concierge.callback")

_EVERY = 15.0  # seconds
_RING = 40.0  # seconds that the person's telephone rings


def utc_now() -> datetime:
    """The process clock, as an argument for whoever decides."""
    return datetime.now(UTC)


class CallingBack:
    """`run` until it is cancelled."""

    def __init__(self, settings: Settings, path: Path, clock: Callable[[], datetime] = utc_now) -> None:
        self._settings, self._path, self._clock = settings, path, clock
        wanted = settings.callbacks
        self._retry = Retry(wanted.attempts, timedelta(seconds=wanted.pause))
        self._overdue = 0
        self._begun = False

    async def run(self) -> None:
        """One round after the other; whatever goes wrong in one, the next is made."""
        while True:
            try:
                await self.round()
            except (StoreError, UserError, OSError) as error:
                self._failed(str(error))
            except Exception as error:  # noqa: BLE001 - else nobody would be called back any more, without a word
                self._failed(f"{type(error).__name__}: {error}")
            await asyncio.sleep(_EVERY)

    def _failed(self, why: str) -> None:
        """What was being called is let go with the next round."""
        self._begun = False
        log.error("callbacks=unavailable why=%s", without_numbers(why.partition("\n")[0]))

    async def round(self) -> int:
        """Remind, and place the calls that are due; returns how many were placed."""
        await asyncio.to_thread(self._remind)
        if not self._begun:
            await asyncio.to_thread(self._let_go)
        if not self._may_call():
            return 0
        due = await asyncio.to_thread(self._due)
        done = await asyncio.gather(*(self._call(matter) for matter in due), return_exceptions=True)
        for one in done:
            if isinstance(one, BaseException):
                raise one
        return len(due)

    def _may_call(self) -> bool:
        wanted = self._settings.callbacks.auto and bool(self._settings.ami.user)
        return wanted and is_open(self._settings.hours, self._clock().astimezone())

    def _remind(self) -> None:
        now = self._clock()
        with open_callbacks(self._path) as callbacks:
            overdue = [one for one in callbacks.matters() if one.is_overdue(now)]
        if len(overdue) > self._overdue:
            oldest = overdue[0]
            log.warning("callbacks=overdue count=%d oldest=%s id=%d", len(overdue), oldest.due_at, oldest.id)
        self._overdue = len(overdue)

    def _let_go(self) -> None:
        """What a daemon was calling when it ended is nobody's."""
        with open_callbacks(self._path) as callbacks:
            for one in callbacks.matters():
                if one.holder == AUTO:
                    callbacks.release(one.id, AUTO, self._clock())
        self._begun = True

    def _due(self) -> list[Matter]:
        with open_callbacks(self._path) as callbacks:
            now = self._clock()
            found = callbacks.to_try(now, self._retry, self._settings.callbacks.at_once)
            begun = [callbacks.call(one.id, now, self._retry) for one in found]
            return [one for one in begun if isinstance(one, Matter)]

    async def _call(self, matter: Matter) -> None:
        answered, why = await self._originate(matter)
        fields = (matter.id, masked(matter.number), matter.attempts, "answered" if answered else why)
        log.info("callback=tried id=%d number=%s attempt=%d result=%s", *fields)

        def note(callbacks: Callbacks) -> None:
            callbacks.tried(matter.id, answered, why, self._clock(), self._retry)

        await asyncio.to_thread(self._with_callbacks, note)

    def _with_callbacks(self, step: Callable[[Callbacks], None]) -> None:
        with open_callbacks(self._path) as callbacks:
            step(callbacks)

    async def _originate(self, matter: Matter) -> tuple[bool, str]:
        """The person first, through the gate; who answers is put through to the operator."""
        link = await open_link(access_of(self._settings.ami), Timing(), lambda _event: None)
        if not isinstance(link, Link):
            return False, str(link)
        try:
            reply = await link.ask(action_of(matter, self._settings.callbacks.channel), _RING + 20)
        finally:
            link.close("done")
        return (False, reply.reason) if isinstance(reply, NotSent) else (reply.success, reply.message)


def action_of(matter: Matter, channel: str) -> dict[str, str]:
    """PURE: the AMI action; its answer comes when the person has answered or not."""
    return {
        "Action": "Originate",
        "Channel": channel.replace("{number}", f"+{matter.number}"),
        "Context": "concierge-called-back",
        "Exten": "s",
        "Priority": "1",
        "Timeout": str(int(_RING * 1000)),
        "Variable": f"__CONCIERGE_CAMPAIGN={REQUESTED}",
        "Async": "false",
    }
