"""Who has read the list: when, what was asked, how many rows were shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert, select, update

from models.store import Store
from models.tables import from_micros, list_access, to_micros

UNFINISHED = -1  # rows of an answer that was not given to its end


@dataclass(frozen=True, slots=True)
class Access:
    """`via` is cli or http, `who` a login with its uid or a token's name, `number` the one asked about (E.164).

    `answered` counts rows; `UNFINISHED`: nobody knows how many were shown.
    """

    who: str
    via: str
    action: str
    question: str = ""
    number: int | None = None
    answered: int = 0
    at: datetime | None = None


def note(store: Store, access: Access) -> int:
    """Durably; its sequence number. Raises StoreError: then nothing may be shown."""
    values = {
        "at": to_micros(access.at or datetime.now(UTC)),
        "who": access.who[:200],
        "via": access.via,
        "action": access.action,
        "question": access.question[:1000],
        "number": access.number,
        "answered": access.answered,
    }
    with store.writing() as connection:
        return int(connection.execute(insert(list_access).values(values).returning(list_access.c.seq)).scalar_one())


class Shown:
    """Counts what is shown."""

    def __init__(self) -> None:
        self.rows = 0


@contextmanager
def noted(store: Store, access: Access) -> Iterator[Shown]:
    """Around an answer of unknown length: noted before anything is shown, with its rows after the last one."""
    shown = Shown()
    seq = note(store, Access(access.who, access.via, access.action, access.question, access.number, UNFINISHED))
    yield shown
    with store.writing() as connection:
        connection.execute(update(list_access).where(list_access.c.seq == seq).values(answered=shown.rows))


def accesses(store: Store, number: int | None = None, since: datetime | None = None) -> Iterator[Access]:
    """Oldest first. Raises StoreError."""
    query = select(list_access).order_by(list_access.c.seq)
    if number is not None:
        query = query.where(list_access.c.number == number)
    if since is not None:
        query = query.where(list_access.c.at >= to_micros(since))
    with store.reading() as connection:
        for row in connection.execution_options(yield_per=1000).execute(query):
            moment = from_micros(row.at)
            yield Access(row.who, row.via, row.action, row.question, row.number, row.answered, moment)
