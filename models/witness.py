"""Two witnesses of one key press: the manager interface (`ami`) and the dialplan's own copy (`dialplan`).

Neither knows how the other counts, so they are folded by leg, key and time: the report of the dialplan follows
Asterisk's DTMFEnd by what its feature takes. Each report is a row and keeps its own time; the first one of a press
makes the event of the list.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Connection, select

from models.evidence.sources import WITNESS
from models.statements import EVENT_KNOWN, INSERT_WITNESS, REPORT_KNOWN, REPORTS_OF_PRESS, driver_of, put
from models.suppression import ListEvent
from models.tables import event_witness, from_micros, to_micros

if TYPE_CHECKING:
    from models.store import Recorded, Store

AMI, DIALPLAN = "ami", "dialplan"
LATER = timedelta(seconds=2)  # how long the dialplan may take to keep a key after Asterisk has heard it
EARLIER = timedelta(milliseconds=500)  # the manager interface stamps an event when it is sent, not when it happened


@dataclass(frozen=True, slots=True)
class Report:
    """One witness's report of one press. `report_id`: the same however often it comes; `press`: which key on which leg
    of which PBX, as text; `at` by Asterisk's clock; `fraction` False: it is known to the second only.
    """

    report_id: UUID
    witness: str
    press: str
    at: datetime
    evidence: dict[str, str] = field(default_factory=dict)
    fraction: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """A report that has been recorded, and the event that it is about."""

    event_id: UUID
    witness: str
    at: datetime
    fraction: bool = True


def same_press(report: Report, known: Sequence[Known]) -> UUID | None:
    """PURE: the event that the other witness has made of this press; None when it has made none.

    An event that has a report of this witness already is another press.
    """
    taken = {one.event_id for one in known if one.witness == report.witness}
    others = [one for one in known if one.event_id not in taken and _fits(report, one)]
    return min(others, key=lambda one: abs(one.at - report.at)).event_id if others else None


def _fits(report: Report, other: Known) -> bool:
    after = other.at - report.at if report.witness == AMI else report.at - other.at
    whole = other.fraction and report.fraction
    return -(EARLIER if whole else timedelta(seconds=1)) <= after <= LATER


def record(store: Store, reported: Sequence[tuple[ListEvent, Report]]) -> list[Recorded]:
    """Record presses as witnesses report them, all in one transaction: the event that the other witness has made gets
    a second piece of evidence, else it is a new one. Idempotent by `report_id`. Raises StoreError.
    """
    with store.writing() as connection:
        return [_record(store, connection, happened, report) for happened, report in reported]


def _record(store: Store, connection: Connection, happened: ListEvent, report: Report) -> Recorded:
    from models.store import Recorded, refold

    event_id, repeated = find_event(connection, report)
    if repeated:
        return Recorded(False, refold(connection, happened.key))
    if event_id is None or not _says_the_same(connection, event_id, happened):
        event_id = happened.event_id
    add(connection, report, event_id, to_micros(datetime.now(UTC)))
    store.seal(connection, WITNESS, 1)
    if event_id == happened.event_id:
        return store.append(connection, happened)
    return Recorded(False, refold(connection, happened.key))


def _says_the_same(connection: Connection, event_id: UUID, happened: ListEvent) -> bool:
    """Is the event of the same number and scope? Where witnesses differ, each one's event stands."""
    rows = EVENT_KNOWN.rows(driver_of(connection), e=str(event_id))
    return bool(rows) and tuple(rows[0]) == (happened.number, happened.campaign)


def find_event(connection: Connection, report: Report) -> tuple[UUID | None, bool]:
    """The event of the press, and whether this very report has been recorded."""
    driver = driver_of(connection)
    rows = REPORT_KNOWN.rows(driver, r=str(report.report_id))
    if rows:
        return UUID(rows[0][0]), True
    known = [
        Known(UUID(event_id), witness, from_micros(at), bool(fraction))
        for event_id, witness, at, fraction in REPORTS_OF_PRESS.rows(driver, p=report.press)
    ]
    return same_press(report, known), False


def add(connection: Connection, report: Report, event_id: UUID, now: int) -> None:
    """Keep the report as a piece of evidence of the event. `now`: microseconds."""
    values = {
        "report_id": str(report.report_id),
        "event_id": str(event_id),
        "witness": report.witness,
        "press": report.press,
        "at": to_micros(report.at),
        "recorded_at": now,
        "fraction": int(report.fraction),
        "evidence": json.dumps(report.evidence, sort_keys=True),
    }
    put(driver_of(connection), INSERT_WITNESS, values)


def of_events(connection: Connection, event_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The pieces of evidence of each event, in the order of recording."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    for start in range(0, len(event_ids), 500):
        wanted = [str(one) for one in event_ids[start : start + 500]]
        query = select(event_witness).where(event_witness.c.event_id.in_(wanted)).order_by(event_witness.c.seq)
        for row in connection.execute(query):
            facts = {"witness": row.witness, "at": from_micros(row.at).isoformat()}
            facts |= {"recorded_at": from_micros(row.recorded_at).isoformat(), "evidence": json.loads(row.evidence)}
            found.setdefault(UUID(row.event_id), []).append(facts)
    return found
