"""PURE: what an agent should know before the call: the last contact and how it ended, how many there were, what was
promised and what was refused, and where the number comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.caps import Contact, State
from models.rules import Case

MONTH = timedelta(days=30)
CALLBACK, REFUSED = "callback", "refused"


@dataclass(frozen=True, slots=True)
class Past:
    """`last_*`: of the latest contact before this one; `within_30_days`: how many; `callback`: when one was promised
    that nobody kept; `refusals`: what the person has declined, by campaign; `source`: where the number comes from."""

    last_at: datetime | None = None
    last_campaign: str = ""
    last_outcome: str = ""
    within_30_days: int = 0
    callback: datetime | None = None
    refusals: tuple[str, ...] = ()
    source: str = ""


def past_of(case: Case, at: datetime) -> Past:
    """From the contacts that the rules look at; calls that were not placed are none."""
    earlier = [one for one in case.contacts if one.number == case.number and one.at < at and _was_placed(one)]
    ordered = sorted(earlier, key=lambda one: one.at)
    source = " of ".join(filter(None, (case.lead.source, case.lead.source_at)))
    if not ordered:
        return Past(source=source)
    last = ordered[-1]
    declined = (one.campaign for one in ordered if one.outcome == REFUSED)
    return Past(
        last.at,
        last.campaign,
        last.outcome or last.state.value,
        sum(one.at > at - MONTH for one in ordered),
        _promised(ordered),
        tuple(dict.fromkeys(declined)),
        source,
    )


def _was_placed(one: Contact) -> bool:
    return one.state not in (State.RELEASED, State.RESERVED)


def _promised(ordered: Sequence[Contact]) -> datetime | None:
    """The oldest promise after which nobody talked to the person."""
    open_since: datetime | None = None
    for one in ordered:
        if one.outcome == CALLBACK:
            open_since = open_since or one.at
        elif one.state is State.CONVERSATION:
            open_since = None
    return open_since


def told(past: Past) -> dict[str, str]:
    """As words without `!` and `,`: for channel variables, events and logs."""
    words = {
        "last": _moment(past.last_at),
        "campaign": past.last_campaign,
        "outcome": past.last_outcome,
        "contacts": str(past.within_30_days),
        "callback": _moment(past.callback),
        "refusals": " ".join(past.refusals[:5]),
        "source": past.source[:100],
    }
    return {key: "".join(map(_harmless, value)) for key, value in words.items()}


def _harmless(char: str) -> str:
    return " " if char in '!,;|"\\' or not char.isprintable() else char


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at is not None else ""
