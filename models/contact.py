"""Values around one check: who asks, what was answered, what is known of earlier contacts."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import datetime

from models.number import NotANumber, Number
from models.policy import Decision
from models.rules import NO_LEAD, Case, Lead


@dataclass(frozen=True, slots=True)
class Question:
    """May `dialled` be called for `campaign` (`""`: none named)? The rest says who asks, for the evidence.

    `via` is the way in (`agi`, `script`, `cli`); `caller` a caller id or user; `channel` and `uniqueid` Asterisk's.
    `pending`: the PBX keeps a key press of this person that is not recorded yet. `lead`: what is known of the person.
    `system`: which PBX it is, where one daemon hears several; empty for the first.
    """

    dialled: str
    campaign: str = ""
    via: str = "cli"
    caller: str = ""
    channel: str = ""
    uniqueid: str = ""
    pending: bool = False
    lead: Lead = NO_LEAD
    system: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """Earlier calls that the gate allowed: the last one, and how many in the last 30 days."""

    last_at: datetime | None = None
    last_campaign: str = ""
    within_30_days: int = 0


NO_HISTORY = History()


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with its decision: one row of evidence. `case`: what the campaign's rules have looked at; `permit`:
    what the legs of an allowed call carry.
    """

    question: Question
    destination: Number | NotANumber
    decision: Decision
    history: History
    at: datetime
    case: Case | None = None
    permit: str = ""


def channel_of(system: str, uniqueid: str, others: Container[str]) -> str:
    """PURE: what names a channel among those of all PBXs that one daemon hears: two of them that began in the same
    second give the same uniqueid. `others`: the names of all but the first PBX, whose channels keep their bare name.
    """
    return f"{system}/{uniqueid}" if uniqueid and system in others else uniqueid


def placed(question: Question, others: Container[str]) -> Question:
    """PURE: the question under a name of its channel that no other PBX has given."""
    if question.system not in others:
        return question
    return replace(question, uniqueid=channel_of(question.system, question.uniqueid, others))
