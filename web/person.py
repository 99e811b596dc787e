"""What a client knows of the person whom it asks about: the same words as a dialplan's CONCIERGE_LEAD."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from models.campaign import day_of
from models.hours import zone_of
from models.rules import Lead


def _zone(text: str) -> str:
    if text and zone_of(text) is None:
        raise ValueError("no zone such as Europe/Warsaw")
    return text


def _birthday(text: str) -> str:
    if text and day_of(text) is None:
        raise ValueError("no day such as 1980-05-17 or 05-17")
    return text


Told = Annotated[str, Field(max_length=100)]


class Person(BaseModel):
    """Empty: not known."""

    person: Told = Field("", description="a key of the client's own")
    matter: Told = Field("", description="the debt, contract or order that the call is about")
    zone: Annotated[Told, AfterValidator(_zone)] = Field("", description="IANA name of the person's own time zone")
    region: Told = Field("", description="ISO 3166-2 without the country, such as FL or BY")
    birthday: Annotated[Told, AfterValidator(_birthday)] = Field("", description="05-17 or 1980-05-17")
    source: Told = Field("", description="where the number comes from")
    source_at: Told = Field("", description="since when it is known")
    owner: Told = Field("", description="the person's own manager")
    agent: Told = Field("", description="who calls")
    reason: Told = Field("", description="the occasion of this very call")

    def lead(self) -> Lead:
        """As the rules read it."""
        return Lead(**{name: getattr(self, name) for name in Person.model_fields})
