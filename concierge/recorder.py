"""Key presses -> events of the list. Both witnesses, AMI and the dialplan's own AGI, name the same press alike."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from agi.handlers import ByHand
from agi.handlers import OptOut as AgiOptOut
from agi.log_line import pairs
from ami.legs import OptOut, Scope, press_id
from concierge import by_hand
from models.errors import StoreError
from models.journal import Journal
from models.number import Site, masked, without_numbers
from models.suppression import ALL, Kind, ListEvent, is_campaign_name

log = logging.getLogger("concierge.optout")

REASON = "opt-out by key"


@dataclass(frozen=True, slots=True)
class Done:
    """What `ami.keeper` wants to know."""

    new: bool
    entry_id: int


class Recorder:
    """Writes opt-outs through the journal: durable on return."""

    def __init__(self, journal: Journal, system: str, digits: dict[str, Scope], site: Site | None = None) -> None:
        """`site`: what the digits of numbers listed by hand mean."""
        self._journal = journal
        self._site = site or Site()
        self._system = system
        self._digits = digits

    async def record(self, opt_out: OptOut) -> Done:
        """From the AMI listener. Raises StoreError; the listener keeps the press and tries again."""
        return await self._write(opt_out, "ami")

    async def from_dialplan(self, effect: AgiOptOut | ByHand) -> bool | None:
        """From the PBX's own copy; False when it is not durable, None when it can never be an opt-out."""
        return await (self._by_hand(effect) if isinstance(effect, ByHand) else self._by_key(effect))

    async def _by_hand(self, effect: ByHand) -> bool | None:
        fields = {"how": effect.how, "uniqueid": effect.uniqueid, "channel": without_numbers(effect.channel)}
        number = by_hand.number_of(effect, self._site)
        if number is None:
            log.error("listed=rejected %s", pairs(fields))
            return None
        try:
            done = await self._journal.record(by_hand.event_of(effect, number, self._system, time.time()))
        except StoreError as error:
            log.error("listed=failed why=%s", error)
            return False
        fields = {"number": masked(number.e164), **fields}
        log.info("listed=%s %s", "recorded" if done.new else "known", pairs(fields))
        return True

    async def _by_key(self, effect: AgiOptOut) -> bool | None:
        scope = self._digits.get(effect.digit)
        number = effect.number.removeprefix("+")
        if scope is None or not (number.isascii() and number.isdigit() and 3 <= len(number) <= 15):
            log.error("optout=rejected %s", pairs({"digit": effect.digit, "channel": without_numbers(effect.channel)}))
            return None
        now = time.time()
        kept = 0 < effect.at < now - 2  # pressed while nobody answered; younger ones have their time from the clock
        opt_out = OptOut(
            event_id=press_id(self._system, effect.uniqueid, effect.digit, effect.press),
            number=int(number),
            scope=scope,
            campaign=effect.campaign,
            digit=effect.digit,
            channel=effect.channel,
            uniqueid=effect.uniqueid,
            linkedid="",
            at=effect.at if kept else now,
            seen_at=now,
        )
        try:
            await self._write(opt_out, "agi")
        except StoreError as error:
            log.error("optout=failed why=%s", error)
            return False
        return True

    async def _write(self, opt_out: OptOut, witness: str) -> Done:
        recorded = await self._journal.record(event_of(opt_out, witness, self._system))
        if witness == "agi":  # the listener writes a line of its own
            fields = {
                "number": masked(opt_out.number),
                "campaign": opt_out.campaign,
                "digit": opt_out.digit,
                "witness": witness,
                "uniqueid": opt_out.uniqueid,
                "channel": without_numbers(opt_out.channel),
            }
            log.info("optout=%s %s", "recorded" if recorded.new else "known", pairs(fields))
        return Done(recorded.new, recorded.entry.id if recorded.entry else 0)


def event_of(opt_out: OptOut, witness: str, system: str) -> ListEvent:
    """PURE: a press as an event of the list. A scope that cannot be narrowed to a campaign holds for all."""
    narrow = opt_out.scope == "campaign" and is_campaign_name(opt_out.campaign)
    evidence = {
        "witness": witness,
        "system": system,
        "digit": opt_out.digit,
        "campaign": opt_out.campaign,
        "channel": opt_out.channel,
        "uniqueid": opt_out.uniqueid,
        "linkedid": opt_out.linkedid,
        "pressed_at": f"{opt_out.at:.6f}",
        "seen_at": f"{opt_out.seen_at:.6f}",
    }
    return ListEvent(
        event_id=opt_out.event_id,
        kind=Kind.ADD,
        number=opt_out.number,
        campaign=opt_out.campaign.lower() if narrow else ALL,
        at=datetime.fromtimestamp(opt_out.at, UTC),
        reason=REASON,
        source="key",
        actor="called person",
        evidence=evidence,
    )
