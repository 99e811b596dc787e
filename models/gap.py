"""Times in which a key press may have gone unheard over the manager interface: recorded, reconciled, reported.

A gap opens when the link is lost, when events had to be refused, when the daemon did not run, or when a bridge hides
the keys of one call. It is reconciled when the dialplan's own copies of that time have been read, or no campaign call
was up; else it stays `unreconciled`, and says so wherever somebody looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from models.evidence.sources import GAP
from models.tables import call_check, from_micros, is_contact, listening_gap, to_micros

if TYPE_CHECKING:
    from models.store import Store


class GapKind(StrEnum):
    """Why nothing was heard."""

    DISCONNECTED = "disconnected"
    OVERFLOW = "overflow"
    STOPPED = "stopped"
    DEAF = "deaf"


class GapState(StrEnum):
    """`open`: not over, or not looked into yet; `settled`: a person has looked into it."""

    OPEN = "open"
    RECONCILED = "reconciled"
    UNRECONCILED = "unreconciled"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class ListeningGap:
    """One gap of the PBX `system`, times aware; `channel`: of this leg only. `how`: what reconciled it, or why not."""

    gap_id: UUID
    system: str
    kind: GapKind
    began: datetime
    reason: str
    ended: datetime | None = None
    missed: int | None = None
    state: GapState = GapState.OPEN
    how: str = ""
    channel: str = ""
    settled_at: datetime | None = None


def put(store: Store, gap: ListeningGap) -> None:
    """Write the gap as it is now. What a person has settled stays settled. Raises StoreError."""
    row = _row(gap)
    its_own = listening_gap.c.gap_id == row["gap_id"]
    with store.writing() as connection:
        known = connection.execute(select(listening_gap.c.state).where(its_own)).first()
        if known is None:
            connection.execute(insert(listening_gap).values(row))
        elif known.state != GapState.SETTLED:
            connection.execute(update(listening_gap).where(its_own).values(row))
        store.seal_row(connection, GAP, connection.execute(select(listening_gap.c.seq).where(its_own)).scalar_one())


def settle(store: Store, gap_id: UUID, how: str, now: datetime) -> bool:
    """A person has looked into it; False when there is no such gap, or it is not over. Raises StoreError."""
    its_own = (listening_gap.c.gap_id == str(gap_id)) & listening_gap.c.ended.is_not(None)
    with store.writing() as connection:
        seq = connection.execute(select(listening_gap.c.seq).where(its_own)).scalar()
        if seq is not None:
            values = {"state": GapState.SETTLED.value, "how": how, "settled_at": to_micros(now)}
            connection.execute(update(listening_gap).where(its_own).values(values))
            store.seal_row(connection, GAP, seq)
    return seq is not None


def gaps(connection: Connection, states: Sequence[GapState] = tuple(GapState), system: str = "") -> list[ListeningGap]:
    """Those in one of the states, oldest first; of one PBX or all."""
    query = select(listening_gap).where(listening_gap.c.state.in_([one.value for one in states]))
    if system:
        query = query.where(listening_gap.c.system == system)
    return [_gap(row) for row in connection.execute(query.order_by(listening_gap.c.began, listening_gap.c.seq))]


def campaign_calls(connection: Connection, began: datetime, ended: datetime) -> int:
    """How many calls of campaigns the gate has allowed in this time."""
    query = select(func.count()).select_from(call_check).where(is_contact(), call_check.c.campaign != "")
    query = query.where(call_check.c.at.between(to_micros(began), to_micros(ended)))
    return int(connection.execute(query).scalar() or 0)


def _row(gap: ListeningGap) -> dict[str, Any]:
    return {
        "gap_id": str(gap.gap_id),
        "system": gap.system,
        "kind": gap.kind.value,
        "began": to_micros(gap.began),
        "ended": None if gap.ended is None else to_micros(gap.ended),
        "reason": gap.reason,
        "missed": gap.missed,
        "state": gap.state.value,
        "how": gap.how,
        "channel": gap.channel,
        "settled_at": None if gap.settled_at is None else to_micros(gap.settled_at),
    }


def _gap(row: Any) -> ListeningGap:
    return ListeningGap(
        UUID(row.gap_id),
        row.system,
        GapKind(row.kind),
        from_micros(row.began),
        row.reason,
        None if row.ended is None else from_micros(row.ended),
        row.missed,
        GapState(row.state),
        row.how,
        row.channel,
        None if row.settled_at is None else from_micros(row.settled_at),
    )
