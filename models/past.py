"""PURE: what an agent should know before the call: the last contact and how it ended, how many there were, what was
promised and what was refused, where the number comes from and whose client the person is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models.caps import Contact, State
from models.consent import Act
from models.contact import NO_HISTORY, History
from models.rules import Case

MONTH = timedelta(days=30)
CALLBACK, REFUSED = "callback", "refused"


@dataclass(frozen=True, slots=True)
class Past:
    """`last_*`: of the latest contact before this one; `within_30_days`: how many; `callback`: when one was promised
    that nobody kept; `refusals`: what the person has declined, by campaign or a consent's topic; `source`: where the
    number comes from; `owner`: the person's own manager."""

    last_at: datetime | None = None
    last_campaign: str = ""
    last_outcome: str = ""
    within_30_days: int = 0
    callback: datetime | None = None
    refusals: tuple[str, ...] = ()
    source: str = ""
    owner: str = ""


def past_of(case: Case, at: datetime, before: History = NO_HISTORY) -> Past:
    """From the contacts that the rules look at; calls that were not placed are none. `before`: the calls that were
    allowed, for a last contact that is older than those."""
    earlier = [one for one in case.contacts if one.number == case.number and one.at < at and _was_placed(one)]
    ordered = sorted(earlier, key=lambda one: one.at)
    owed = [one for one in (_promised(ordered), case.promised) if one is not None]
    found = Past(
        callback=min(owed, default=None),
        refusals=_refusals(case, ordered, at),
        source=" of ".join(filter(None, (case.lead.source, case.lead.source_at))),
        owner=case.lead.owner,
    )
    if ordered:
        last, count = ordered[-1], sum(one.at > at - MONTH for one in ordered)
        outcome = last.outcome or last.state.value
        return replace(found, last_at=last.at, last_campaign=last.campaign, last_outcome=outcome, within_30_days=count)
    if before.last_at is not None and before.last_at <= at - MONTH:
        return replace(found, last_at=before.last_at, last_campaign=before.last_campaign)
    return found


def _refusals(case: Case, ordered: Sequence[Contact], at: datetime) -> tuple[str, ...]:
    """The latest first: said in a call, consents that were taken back, other campaigns that must not call."""
    said = [(one.at, one.campaign) for one in ordered if one.outcome == REFUSED]
    said += [(one.at, one.topic or "everything") for one in case.consents if one.act is Act.WITHDRAW and one.at <= at]
    names = [name for _, name in sorted(said, reverse=True)]
    return tuple(dict.fromkeys([*names, *case.declined]))


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
        "owner": past.owner[:100],
    }
    return {key: "".join(map(_harmless, value)) for key, value in words.items()}


def _harmless(char: str) -> str:
    """Asterisk's applications take commas, quotes and brackets for their own."""
    return " " if char in '!,;|"\\()[]' or not char.isprintable() else char


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at is not None else ""
