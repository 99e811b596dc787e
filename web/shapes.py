"""The bodies and parameters of requests and answers, as the OpenAPI document shows them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from models.suppression import Entry, ListEvent
from web.person import Person

_CAMPAIGN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
NO_CONTROL = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"


def _day(text: Any) -> date:
    """Only as the document says: a number of seconds is no day."""
    if not isinstance(text, str) or len(text) != 10:
        raise ValueError("expected a day such as 2027-03-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("expected a day such as 2027-03-31") from None


def _moment(text: Any) -> datetime:
    try:
        found = datetime.fromisoformat(text.upper())
        if len(text) <= 18 or found.tzinfo is None:
            raise ValueError(text)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError, AttributeError):
        raise ValueError(
            "expected a time with its zone such as 2026-11-23T12:00:00+01:00 (in a URL, + is %2B)"
        ) from None
    if not 1900 <= found.year < 3000:  # rules look back and ahead, and a calendar has ends
        raise ValueError("expected a time in the years 1900 to 2999")
    return found


def _flag(text: Any) -> bool:
    if text in ("true", "false"):
        return bool(text == "true")
    raise ValueError("expected true or false")


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
Written = Annotated[
    str, Field(min_length=1, max_length=128, description="as people write it here: +48600100200, 600 100 200 …")
]
Campaign = Annotated[str, Field(pattern=_CAMPAIGN, description="a campaign's name, without regard to case")]
Words = Annotated[str, Field(min_length=1, max_length=500, pattern=NO_CONTROL)]
Where = Annotated[str, Field(min_length=1, max_length=40, pattern=NO_CONTROL)]
Row = dict[str, str | int | None]
Key = Annotated[str, AfterValidator(str.strip), Field(min_length=1, max_length=128, pattern=r"^[!-~]+$")]


class Removal(BaseModel):
    """A number, or a range of them, that may be called again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: Written
    last: Written | None = Field(None, description="the end of a range as it was listed; null: this number only")
    allow: bool = Field(False, description="true: the entry that allows a number inside of a listed range")
    campaign: Campaign | None = Field(None, description="only the entry of this campaign; null: the one for all")
    reason: Words = Field(description="why")
    source: Where = Field(description="where this comes from: letter, e-mail, agent, the CRM's name …")


class NewEntry(Removal):
    """A number, or a range of them, that must not be called; with `allow` one that may be, inside of a listed range."""

    last: Written | None = Field(None, description="every number from `number` to this one; null: this number only")
    allow: bool = Field(False, description="true: these may be called although they lie in a listed range")
    campaign: Campaign | None = Field(None, description="only for this campaign; null: for all")
    until: Day | None = Field(None, description="the last day on which it holds; null: for ever")
    force: bool = Field(False, description="list it although no numbering plan knows the number")


class EntryFacts(BaseModel):
    """One entry of the list."""

    entry: int = Field(description="its number in the list of this host")
    number: str = Field(description="E.164 with +")
    last: str | None = Field(description="the end of a range; null: this number only")
    allow: bool = Field(description="true: may be called although it lies in a listed range")
    campaign: str | None = Field(description="null: for all campaigns")
    reason: str
    source: str
    created_at: datetime
    expires_at: datetime | None = Field(description="null: never")
    revoked_at: datetime | None = Field(description="when it was taken back; null: it was not")
    holds: bool = Field(description="is it in force now?")

    @classmethod
    def of(cls, entry: Entry, now: datetime) -> Self:
        """As it stands at a moment."""
        return cls(
            entry=entry.id,
            number=f"+{entry.number}",
            last=f"+{entry.last}" if entry.last else None,
            allow=entry.allow,
            campaign=entry.campaign or None,
            reason=entry.reason,
            source=entry.source,
            created_at=entry.created_at,
            expires_at=entry.expires_at,
            revoked_at=entry.revoked_at,
            holds=entry.holds(now),
        )


class Done(BaseModel):
    """What was recorded, durably."""

    recorded: bool = Field(description="false: the same request had been recorded before")
    event: UUID = Field(description="the id of the fact that was recorded")
    entry: EntryFacts | None = Field(description="what holds after it")


class NumberFacts(BaseModel):
    """What the list holds on one number, ranges that include it among them."""

    number: str = Field(description="E.164 with +")
    listed: bool = Field(description="does any entry against calls hold now?")
    entries: list[EntryFacts]


class EventFacts(BaseModel):
    """One fact of the list's history."""

    event: UUID
    kind: str = Field(description="add or remove")
    number: str = Field(description="E.164 with +")
    last: str | None = Field(description="the end of a range; null: one number")
    allow: bool
    campaign: str | None = Field(description="null: for all campaigns")
    at: datetime
    until: datetime | None = Field(description="null: for ever")
    reason: str
    source: str
    actor: str
    batch: str | None = Field(description="the import that brought it")
    evidence: dict[str, str]

    @classmethod
    def of(cls, event: ListEvent) -> Self:
        """As it was recorded."""
        return cls(
            event=event.event_id,
            kind=event.kind.value,
            number=f"+{event.number}",
            last=f"+{event.last}" if event.last else None,
            allow=event.allow,
            campaign=event.campaign or None,
            at=event.at,
            until=event.expires_at,
            reason=event.reason,
            source=event.source,
            actor=event.actor,
            batch=event.batch or None,
            evidence=event.evidence,
        )


class CheckFacts(BaseModel):
    """One time that somebody asked whether the number may be called."""

    at: datetime
    campaign: str
    verdict: str
    reason: str
    detail: str
    via: str = Field(description="agi, script, http or cli")
    caller: str
    channel: str
    uniqueid: str


class PersonFacts(BaseModel):
    """Everything that this host keeps on a number, for the person who asks."""

    number: str = Field(description="E.164 with +")
    as_of: datetime
    entries: list[EntryFacts]
    events: list[EventFacts]
    checks: list[CheckFacts] = Field(description="the newest thousand, newest first")
    contacts: list[Row] = Field(description="calls that the gate let go")
    consents: list[Row] = Field(description="grants and withdrawals")
    complaints: list[Row] = Field(description="complaints and answers")
    requests: list[Row] = Field(description="to be forgotten")
    callbacks: list[Row] = Field(description="promises of a call back")
    bypasses: list[Row] = Field(description="calls that went round the gate")
    more_checks: bool = Field(description="true: `concierge list history` has the older ones")


class Check(Person):
    """A question as `concierge check` asks it."""

    model_config = ConfigDict(extra="forbid")

    number: Written
    campaign: str = Field("", max_length=64, description="the campaign that would call; empty: none named")
    at: Moment | None = Field(None, description="the moment of the call; absent: now")
    evidence: Flag = Field(False, description="true: this check precedes a call and leaves a row of evidence")


class Overdue(BaseModel):
    """Which matters are asked for."""

    model_config = ConfigDict(extra="forbid")

    overdue: Flag = Field(False, description="only promises not kept in time")


class Verdict(BaseModel):
    """The answer of `concierge check --format json`."""

    verdict: str = Field(pattern="^(allow|refuse)$")
    reason: str = Field(description="a stable word, such as not-listed or listed")
    detail: str = Field(description="for people")
    number: str | None = Field(description="E.164 with +; null: none could be read, or an emergency or short number")
    campaign: str
    entry: int | None = Field(description="the entry that decided")
    last_contact: datetime | None = Field(description="the last call that was allowed")
    last_campaign: str | None
    contacts_30d: int = Field(description="calls that were allowed in the 30 days before")
    at: datetime = Field(description="the moment of the decision")
    next: datetime | None = Field(description="of a refusal: when the call may be placed, if nothing else happens")
    consent: int | None = Field(description="the consent that an allowed call rests on")
    history: dict[str, str] | None = Field(description="earlier contacts, for calls of a campaign that has rules")
