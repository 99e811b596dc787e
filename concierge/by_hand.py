"""A number that somebody lists by telephone -> an event of the list, with who and how. PURE."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from agi.handlers import ByHand
from agi.opt_out import WAYS
from ami.legs import press_id
from models.number import Number, Site, interpret
from models.suppression import ALL, Kind, ListEvent

REASON = "asked not to be called"
_LINE = "line-"  # the ways of the do-not-call line


def number_of(effect: ByHand, site: Site) -> Number | None:
    """The number that is meant; None: it is none, or nobody lists numbers in this way.

    What a caller keyed in or the network presented has no digit for an outside line in front.
    """
    written_by_caller = WAYS.get(effect.how)
    if written_by_caller is None:
        return None
    if written_by_caller:
        site = replace(site, outside_line="", tech_prefixes=())
    found = interpret(effect.number, site)
    return found if isinstance(found, Number) else None


def event_of(effect: ByHand, number: Number, system: str, now: float) -> ListEvent:
    """The same for the same act, however often it is reported. It holds for all campaigns."""
    kept = 0 < effect.at < now - 2  # younger ones have their time from the clock, which has fractions
    at = effect.at if kept else now
    on_line = effect.how.startswith(_LINE)
    evidence = {
        "witness": "agi",
        "system": system,
        "how": effect.how,
        "written": effect.number,
        "extension": effect.extension,
        "caller": effect.caller,
        "campaign": effect.campaign,
        "channel": effect.channel,
        "uniqueid": effect.uniqueid,
        "listed_at": f"{at:.6f}",
        "recorded_at": f"{now:.6f}",
    }
    return ListEvent(
        event_id=press_id(system, effect.uniqueid, effect.how, effect.turn),
        kind=Kind.ADD,
        number=number.e164,
        campaign=ALL,
        at=datetime.fromtimestamp(at, UTC),
        reason=REASON,
        source="dnc-line" if on_line else "code",
        actor="caller" if on_line else effect.extension,
        evidence=evidence,
    )
