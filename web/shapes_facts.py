"""Consents and complaints in requests and answers, as the OpenAPI document shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from models.complaints import Complaint
from models.consent import ConsentEvent
from web.shapes import NO_CONTROL, Day, Flag, Moment, Where, Words, Written

Channel = Literal["call", "sms", "email", "post"]
Topic = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROL)]
Proof = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Withdrawal(BaseModel):
    """This person has taken a consent back; it holds from now on."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: Written
    topic: Topic | None = Field(None, description="purpose, product or campaign; null: everything")
    channel: Channel = Field("call", description="by which way the person is addressed")
    at: Moment | None = Field(None, description="when it was said; null: now")
    source: Where = Field(description="how it was said: web form, letter, call …")
    proof: Proof = Field("", description="where the evidence is: a document, a recording")


class NewConsent(Withdrawal):
    """This person has agreed to be called."""

    until: Day | None = Field(None, description="the last day on which it holds; null: until it is taken back")


class ConsentFacts(BaseModel):
    """A consent or a withdrawal, as it was recorded."""

    id: UUID
    act: str = Field(pattern="^(grant|withdraw)$")
    number: str = Field(description="E.164 with +")
    topic: str | None = Field(description="null: everything")
    channel: str
    at: datetime
    until: datetime | None = Field(description="null: until it is taken back")
    source: str
    proof: str
    by: str

    @classmethod
    def of(cls, one: ConsentEvent) -> Self:
        """As it was recorded."""
        return cls(
            id=one.event_id,
            act=one.act.value,
            number=f"+{one.number}",
            topic=one.topic or None,
            channel=one.channel,
            at=one.at,
            until=one.expires_at,
            source=one.source,
            proof=one.proof,
            by=one.actor,
        )


class ConsentDone(BaseModel):
    """What was recorded, durably."""

    recorded: bool = Field(description="false: the same request had been recorded before")
    consent: ConsentFacts


class ConsentsFacts(BaseModel):
    """All that is known of one number."""

    number: str = Field(description="E.164 with +")
    calls: dict[str, str] = Field(description="topic (empty: everything) -> what holds now for calls, a stable word")
    consents: list[ConsentFacts] = Field(description="in the order of recording")


class NewComplaint(BaseModel):
    """Somebody was called although that should not have been; the number is listed for all campaigns at once."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: Written
    about: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROL)] = Field(
        description="which call: its id, its day, what is known"
    )
    text: Annotated[str, Field(min_length=1, max_length=4000)] = Field(description="what the person says")
    source: Where = Field(description="how it came: letter, e-mail, call …")


class ComplaintFacts(BaseModel):
    """One complaint."""

    id: UUID
    number: str = Field(description="E.164 with +")
    at: datetime
    about: str
    text: str
    source: str
    answered: datetime | None = Field(description="null: it is open")
    answer: str | None

    @classmethod
    def of(cls, one: Complaint) -> Self:
        """With its answer."""
        said, answer = one
        return cls(
            id=said.event_id,
            number=f"+{said.number}",
            at=said.at,
            about=str(said.body.get("about", "")),
            text=str(said.body.get("text", "")),
            source=said.source,
            answered=answer.at if answer else None,
            answer=str(answer.body.get("text", "")) if answer else None,
        )


class ComplaintDone(BaseModel):
    """What was recorded, durably."""

    recorded: bool = Field(description="false: the same request had been recorded before")
    entry: int | None = Field(description="the entry by which the number is listed now")
    complaint: ComplaintFacts


class Complained(BaseModel):
    """Which complaints are asked for."""

    model_config = ConfigDict(extra="forbid")

    all: Flag = Field(False, description="also those that are answered")


class Answer(BaseModel):
    """What was answered."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Words
