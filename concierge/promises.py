"""What the PBX has kept for a caller -> a matter in the list's file."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agi.callback import read_kept
from agi.handlers import CallBack
from agi.log_line import pairs
from concierge.manager import others_of
from concierge.settings import Settings
from concierge.wiring import site_of
from models.callback import Asked, Kind
from models.callbacks import open_callbacks
from models.errors import StoreError
from models.number import Number, Site, interpret, masked, without_numbers

log = logging.getLogger("concierge.callback")


def utc_now() -> datetime:
    """The process clock, as an argument for whoever decides."""
    return datetime.now(UTC)


class Promises:
    """Records them; durable on return."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self._path, self._system = path, settings.ami.system
        self._others = others_of(settings)
        # what a caller keyed in or the network presented has no digit for an outside line in front
        self._site: Site = replace(site_of(settings), outside_line="", tech_prefixes=())
        self._within = timedelta(hours=settings.callbacks.within)

    async def kept(self, system: str, key: str, value: str) -> bool | None:
        """What the PBX `system` keeps below concierge-callback: True durable, False not yet, None never readable."""
        found = read_kept(key, value, system)
        return None if found is None else await self.record(found)

    async def record(self, kept: CallBack) -> bool:
        """False when it is not durable."""
        asked = asked_of(kept, self._site, kept.system if kept.system in self._others else self._system, utc_now())
        try:
            new = await asyncio.to_thread(self._write, asked)
        except StoreError as error:
            log.error("callback=failed why=%s", error)
            return False
        fields = {"kind": asked.kind, "number": masked(asked.number) if asked.number else "unreadable"}
        fields |= {"reason": asked.reason, "channel": without_numbers(asked.channel)}
        log.info("callback=%s %s", "recorded" if new else "known", pairs(fields))
        return True

    def _write(self, asked: Asked) -> bool:
        with open_callbacks(self._path) as callbacks:
            return callbacks.record(asked, self._within)[0]


def asked_of(kept: CallBack, site: Site, system: str, now: datetime) -> Asked:
    """PURE: the same for the same act, however often it is reported. A number that cannot be read stays as written."""
    found = interpret(kept.number, site)
    return Asked(
        event_id=f"{system}/{kept.uniqueid}!{kept.kind}!{kept.turn}"[:200],
        kind=Kind(kept.kind),
        number=found.e164 if isinstance(found, Number) else 0,
        written=kept.number,
        reason=kept.reason,
        language=kept.language,
        waited=kept.waited,
        at=min(datetime.fromtimestamp(kept.at, UTC), now),  # a PBX whose clock was ahead: else it is never overdue
        channel=kept.channel,
        uniqueid=kept.uniqueid,
    )
