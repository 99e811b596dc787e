"""Contacts of this host's calls: reserved before the answer, settled by what AMI tells, told to the other sites."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agi.handlers import Ended
from ami.contacts import settled
from ami.events import Event
from ami.intake import Gap
from concierge.manager import others_of
from concierge.settings import Settings
from concierge.wiring import feed_access
from models.caps import Contact, State
from models.contact import Answer, channel_of
from models.errors import FeedError, StoreBusy, StoreError
from models.policy import Decision, Reason, refuse
from models.reserving import Full, Reserver, Taken, Taking, Terms, Unsure
from models.sync.link import Access

if TYPE_CHECKING:
    from models.sharing import Shared

log = logging.getLogger("concierge.contacts")

_ATTEMPTS = 5  # at a busy store, a second each
_EVERY = 1.0  # seconds between two looks for what the other sites do not know
_ANY = (State.RESERVED, State.DIALLING, State.ATTEMPT, State.CONVERSATION)


def terms_of(settings: Settings) -> Terms:
    """How long a reservation stands, and who this host is among the sites."""
    sync = settings.sync
    site = (sync.site or settings.site.name) if sync.url else ""
    return Terms(settings.gate.reserve, site, sync.sites)


def shared_of(settings: Settings) -> Shared | None:
    """The contacts of all sites; None: this host is alone. Raises SettingsError."""
    if not settings.sync.url:
        return None
    from models.sharing import Shared

    access: Access = feed_access(settings)
    return Shared(access, terms_of(settings))


def taken(answer: Answer, found: Taking) -> Answer:
    """The answer after the contact was reserved, or was not."""
    match found:
        case Taken(elsewhere=others):
            return _with_history(answer, others)
        case Full(step, next_at):
            decision: Decision = replace(refuse(Reason.CAP_REACHED, step.detail), next_at=next_at)
        case Unsure(why):
            decision = refuse(Reason.CAPS_UNAVAILABLE, why)
    return replace(answer, decision=decision)


def _with_history(answer: Answer, others: tuple[Contact, ...]) -> Answer:
    """The agent sees what other sites have done too."""
    if not others or answer.case is None:
        return answer
    return replace(answer, case=replace(answer.case, contacts=(*answer.case.contacts, *others)))


def take(reserver: Reserver, answer: Answer, settles: bool) -> Answer:
    """Reserve the contact of an allowed call; what has no campaign with rules is not counted. Blocking."""
    case = answer.case
    if not answer.decision.allowed or case is None or case.campaign is None:
        return answer
    uniqueid = answer.question.uniqueid
    known = settles and bool(uniqueid)
    found = reserver.take(case, answer.at, consent=answer.decision.consent, uniqueid=uniqueid, settled=known)
    return taken(answer, found)


class Counting:
    """One thread for all of it, so that what is settled was reserved before. `run` as a task, then `close`."""

    def __init__(self, settings: Settings, path: Path, settles: Callable[[str], bool]) -> None:
        """`settles`: does AMI tell at this moment what becomes of a call of this PBX? Raises SettingsError."""
        self._shared = shared_of(settings)
        self._reserver = Reserver(path, terms_of(settings), self._shared)
        self._settles = settles
        self._others = others_of(settings)
        self._thread = ThreadPoolExecutor(1, "contacts")
        self._doubts: dict[str, tuple[float, float]] = {}
        self._trouble = ""

    async def take(self, answer: Answer) -> Answer:
        """Reserve the contact of an allowed call."""
        found: Answer = await self._in_thread(take, self._reserver, answer, self._settles(answer.question.system))
        return found

    async def on_events(self, events: Sequence[Event], system: str = "") -> None:
        """A handler of AMI events of the PBX `system`, of many at once; a busy store is asked again for a while."""
        await self._doubt_settled(system)
        found = [one for event in events for one in settled(event)]
        steps = [(channel_of(system, one.uniqueid, self._others), one.ways) for one in found]
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._in_thread(self._reserver.settle_all, steps)
            except StoreBusy as error:
                if attempt == _ATTEMPTS:
                    self.missed(system)
                    log.error("contact=unsettled count=%d why=%s", len(steps), error)
            except StoreError as error:
                self.missed(system)
                log.error("contact=unsettled count=%d why=%s", len(steps), error)
                return
            else:
                return

    async def on_gap(self, gap: Gap, system: str = "") -> None:
        """Events of the PBX `system` may be missing: a hang-up that is heard later must not free what was dialled."""
        self._doubt(system, gap.began, gap.ended)

    def missed(self, system: str = "") -> None:
        """The same for events of this moment that could not be handled."""
        now = time.time()
        self._doubt(system, now, now)

    def _doubt(self, system: str, began: float, ended: float) -> None:
        known = self._doubts.get(system, (began, ended))
        self._doubts[system] = (min(began, known[0]), max(ended, known[1]))

    async def _doubt_settled(self, system: str) -> None:
        """Before anything else is settled; a store that does not take it is asked again with the next events."""
        doubt = self._doubts.get(system)
        if doubt is None:
            return
        began, ended = (datetime.fromtimestamp(one, UTC) for one in doubt)
        try:
            count = await self._in_thread(self._reserver.unheard, began, ended, partial(self._is_of, system))
        except StoreError as error:
            log.error("contact=unheard why=%s", error)
            return
        if self._doubts.get(system) == doubt:
            del self._doubts[system]
        if count:
            log.warning("contact=unheard count=%d counted=conversation", count)

    def _is_of(self, system: str, channel: str) -> bool:
        named = next((one for one in self._others if channel.startswith(f"{one}/")), None)
        return named == (system if system in self._others else None)

    async def ended(self, effect: Ended) -> bool | None:
        """From the dialplan: True recorded, None no such contact, False not recorded."""
        after = {"abandoned": State.ABANDONED, "conversation": State.CONVERSATION}.get(effect.outcome)
        ways = {state: after or state for state in (*_ANY, State.ABANDONED)}
        try:
            channel = channel_of(effect.system, effect.uniqueid, self._others)
            found = await self._in_thread(self._reserver.settle, channel, ways, effect.outcome)
        except StoreError as error:
            log.error("outcome=failed why=%s", error)
            return False
        return True if found else None

    async def run(self) -> None:
        """Settle what is in doubt, and tell the other sites, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY)
            try:
                await self._round()
            except Exception:  # else the other sites would hear of no contact any more, without a word
                log.exception("contacts=our bug")

    async def _round(self) -> None:
        for system in list(self._doubts):
            await self._doubt_settled(system)
        if self._shared is not None:
            await self._in_thread(self._tell)

    def _tell(self) -> None:
        assert self._shared is not None  # noqa: S101 - asked by run
        try:
            while contacts := self._reserver.untold():
                self._shared.tell(contacts)
                self._reserver.told([one for one, _ in contacts])
            self._note("")
        except (StoreError, FeedError) as error:
            self._note(str(error))

    def _note(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("contacts=%s", f"untold why={trouble}" if trouble else "told again")
        self._trouble = trouble

    async def close(self) -> None:
        """Tell what can be told now, and let go."""
        if self._shared is not None:
            await self._in_thread(self._tell)
            await self._in_thread(self._shared.close)
        await self._in_thread(self._reserver.close)
        with contextlib.suppress(RuntimeError):
            self._thread.shutdown()

    def _in_thread(self, work: Callable[..., object], *args: object) -> asyncio.Future:  # type: ignore[type-arg]
        return asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*args))
