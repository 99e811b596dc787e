"""Key presses -> events of the list. Both witnesses, AMI and the dialplan's own AGI, name the same press alike."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agi.handlers import ByHand
from agi.handlers import OptOut as AgiOptOut
from agi.log_line import pairs
from agi.opt_out import HAND
from ami.legs import OptOut, Scope, press_id
from concierge import by_hand
from models.errors import StoreError
from models.journal import Journal
from models.number import Site, masked, without_numbers
from models.store import Recorded
from models.suppression import ALL, Kind, ListEvent, is_campaign_name
from models.witness import AMI, DIALPLAN, Report

log = logging.getLogger("concierge.optout")

REASON = "opt-out by key"
_SECONDS = re.compile(r"[0-9]{1,11}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Done:
    """What `ami.keeper` wants to know."""

    new: bool
    entry_id: int


class Recorder:
    """Writes opt-outs through the journal: durable on return."""

    def __init__(
        self,
        journal: Journal,
        system: str,
        digits: dict[str, Scope],
        site: Site | None = None,
        others: frozenset[str] = frozenset(),
    ) -> None:
        """`site`: what the digits of numbers listed by hand mean; `others`: the names of further PBXs."""
        self._others = others
        self._journal = journal
        self._site = site or Site()
        self._system = system
        self.digits_of: Callable[[str], Mapping[str, Scope]] = lambda _campaign: digits
        self.once: Callable[[str], Mapping[str, Scope]] = lambda _campaign: {}

    async def record(self, opt_out: OptOut) -> Done:
        """From the AMI listener. Raises StoreError; the listener keeps the press and tries again."""
        return await self._write(opt_out, AMI)

    async def record_together(self, opt_outs: Sequence[OptOut]) -> list[Done]:
        """The same for several in one commit: all or none."""
        found = await self._journal.witness(*(self._reported(one, AMI) for one in opt_outs))
        return [_done(one) for one in found]

    def _system_of(self, named: str) -> str:
        """A name that nobody has configured is no PBX of its own: its presses would have one witness each."""
        return named if named in self._others else self._system

    def _reported(self, opt_out: OptOut, witness: str) -> tuple[ListEvent, Report]:
        event = event_of(opt_out, witness, opt_out.system or self._system)
        return event, report_of(opt_out, event, witness)

    async def kept(self, system: str, key: str, value: str) -> bool | None:
        """What the PBX `system` has kept in AstDB below concierge-optout; the answer as of from_dialplan."""
        effect = effect_of(system, key, value)
        return None if effect is None else await self.from_dialplan(effect)

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
            event = by_hand.event_of(effect, number, self._system_of(effect.system), time.time())
            done = await self._journal.record(event)
        except StoreError as error:
            log.error("listed=failed why=%s", error)
            return False
        fields = {"number": masked(number.e164), **fields}
        log.info("listed=%s %s", "recorded" if done.new else "known", pairs(fields))
        return True

    async def _by_key(self, effect: AgiOptOut) -> bool | None:
        try:
            scope = self._scope(effect)
        except StoreError as error:
            log.error("optout=failed why=%s", error)
            return False
        number = effect.number.removeprefix("+")
        if scope is None or not (number.isascii() and number.isdigit() and 3 <= len(number) <= 15):
            log.error("optout=rejected %s", pairs({"digit": effect.digit, "channel": without_numbers(effect.channel)}))
            return None
        now = time.time()
        system = self._system_of(effect.system)
        opt_out = OptOut(
            event_id=press_id(system, effect.uniqueid, effect.digit, effect.press),
            number=int(number),
            scope=scope,
            campaign=effect.campaign,
            digit=effect.digit,
            channel=effect.channel,
            uniqueid=effect.uniqueid,
            linkedid="",
            at=effect.at or now,
            seen_at=now,
            system=system,
        )
        try:
            await self._write(opt_out, DIALPLAN)
        except StoreError as error:
            log.error("optout=failed why=%s", error)
            return False
        return True

    def _scope(self, effect: AgiOptOut) -> Scope | None:
        """What the key means, or meant when it was pressed: the PBX may have kept it for days, and the caller has heard
        that it holds. Raises StoreError when that cannot be found out now.
        """
        return self.digits_of(effect.campaign).get(effect.digit) or self.once(effect.campaign).get(effect.digit)

    async def _write(self, opt_out: OptOut, witness: str) -> Done:
        (recorded,) = await self._journal.witness(self._reported(opt_out, witness))
        if witness == DIALPLAN:  # the listener writes a line of its own
            fields = {
                "number": masked(opt_out.number),
                "campaign": opt_out.campaign,
                "digit": opt_out.digit,
                "witness": witness,
                "uniqueid": opt_out.uniqueid,
                "channel": without_numbers(opt_out.channel),
            }
            log.info("optout=%s %s", "recorded" if recorded.new else "known", pairs(fields))
        return _done(recorded)


def _done(recorded: Recorded) -> Done:
    return Done(recorded.new, recorded.entry.id if recorded.entry else 0)


def effect_of(system: str, key: str, value: str) -> AgiOptOut | ByHand | None:
    """PURE: a key of AstDB below concierge-optout and its value; None for what our dialplan has not written.

    NUMBER/UNIQUEID!DIGIT!PRESS -> AT!CAMPAIGN!CHANNEL, or hand/UNIQUEID!HOW!TURN -> the same and !RAW!WHO!CALLER.
    """
    number, slash, pressed = key.partition("/")
    uniqueid, digit, press = (*pressed.split("!"), "", "", "")[:3]
    at, campaign, channel, raw, extension, caller = (*value.split("!"), *[""] * 6)[:6]
    if not slash or not uniqueid or not digit or not press.isascii() or not press.isdigit() or len(press) > 9:
        return None
    seconds = float(at) if _SECONDS.fullmatch(at) else 0.0
    if number == HAND:
        return ByHand(raw, digit, campaign, int(press), channel, uniqueid, extension, caller, int(seconds), system)
    return AgiOptOut(number, campaign, digit, int(press), channel, uniqueid, seconds, system)


def report_of(opt_out: OptOut, event: ListEvent, witness: str) -> Report:
    """PURE: which press it is, whoever reports it."""
    press = f"{event.evidence['system']}|{opt_out.uniqueid}|{opt_out.digit}"[:250]
    whole = witness == DIALPLAN and opt_out.at == int(opt_out.at)  # kept by contexts of an earlier version
    return Report(event.event_id, witness, press, event.at, event.evidence, fraction=not whole)


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
