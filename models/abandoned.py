"""Calls that were answered with nobody there, by campaign, over some days: the rate that a regulator asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from models.caps import State
from models.store import Store
from models.tables import contact, to_micros


@dataclass(frozen=True, slots=True)
class Rate:
    """`answered` has the abandoned ones in it."""

    campaign: str
    answered: int
    abandoned: int

    @property
    def percent(self) -> float:
        """Of the answered calls; 0 when there are none."""
        return 100 * self.abandoned / self.answered if self.answered else 0.0


def rates(store: Store, at: datetime, days: int = 30) -> list[Rate]:
    """Of each campaign with answered calls in the days before. Raises StoreError."""
    states = (State.CONVERSATION.value, State.ABANDONED.value)
    query = select(contact.c.campaign, contact.c.state, func.count()).where(
        contact.c.state.in_(states),
        contact.c.at > to_micros(at - timedelta(days=days)),
        contact.c.at <= to_micros(at),
        contact.c.campaign != "",
    )
    found: dict[str, dict[str, int]] = {}
    with store.reading() as connection:
        for name, state, count in connection.execute(query.group_by(contact.c.campaign, contact.c.state)):
            found.setdefault(name.lower(), {})[state] = found.get(name.lower(), {}).get(state, 0) + count
    return [
        Rate(name, sum(counts.values()), counts.get(State.ABANDONED.value, 0)) for name, counts in sorted(found.items())
    ]
