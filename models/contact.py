"""Values around one check: who asks, what was answered, what is known of earlier contacts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.number import NotANumber, Number
from models.policy import Decision
from models.rules import NO_LEAD, Case, Lead


@dataclass(frozen=True, slots=True)
class Question:
    """May `dialled` be called for `campaign` (`""`: none named)? The rest says who asks, for the evidence.

    `via` is the way in (`agi`, `script`, `cli`); `caller` a caller id or user; `channel` and `uniqueid` Asterisk's.
    `pending`: the PBX keeps a key press of this person that is not recorded yet. `lead`: what is known of the person.
    """

    dialled: str
    campaign: str = ""
    via: str = "cli"
    caller: str = ""
    channel: str = ""
    uniqueid: str = ""
    pending: bool = False
    lead: Lead = NO_LEAD


@dataclass(frozen=True, slots=True)
class History:
    """Earlier calls that the gate allowed: the last one, and how many in the last 30 days."""

    last_at: datetime | None = None
    last_campaign: str = ""
    within_30_days: int = 0


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
