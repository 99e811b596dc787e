"""Complaints: "I was called although …". The number is listed in the same transaction; open until it is answered."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from models.facts import ANSWERED, COMPLAINT, Fact, read, record_in
from models.store import Recorded, Store
from models.suppression import ALL, Kind, ListEvent

MOST_ABOUT, MOST_TEXT = 200, 4000  # characters


class Complaint(NamedTuple):
    """What was said, and the answer if there is one."""

    said: Fact
    answer: Fact | None = None


def complaint(event_id: UUID, number: int, about: str, text: str, at: datetime, source: str, actor: str) -> Fact:
    """PURE: a new one."""
    body = {"about": about[:MOST_ABOUT], "text": text[:MOST_TEXT]}
    return Fact(event_id, COMPLAINT, "", at, source[:40], actor, number, body)


def record(store: Store, made: Fact) -> Recorded:
    """List the number, and keep the complaint with it; idempotent by its id. Raises StoreError."""
    reason = f"complaint {str(made.event_id)[:8]}"
    listing = ListEvent(made.event_id, Kind.ADD, made.number or 0, ALL, made.at, reason, made.source, made.actor)
    with store.writing() as connection:
        done = store.append(connection, listing)
        record_in(store, connection, [made])
    return done


def answer(one: Fact, text: str, at: datetime, source: str, actor: str) -> Fact:
    """PURE: what closes it; the same text is the same answer."""
    identity = uuid5(one.event_id, text)
    return Fact(identity, ANSWERED, str(one.event_id), at, source, actor, one.number, {"text": text[:MOST_TEXT]})


def complaints(store: Store, number: int | None = None) -> list[Complaint]:
    """All, or those about one number, in the order of recording. Raises StoreError."""
    found = read(store, COMPLAINT, ANSWERED, number=number)
    answers = {one.subject: one for one in found if one.kind == ANSWERED}
    return [Complaint(one, answers.get(str(one.event_id))) for one in found if one.kind == COMPLAINT]
