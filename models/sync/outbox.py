"""What this host has and the feed does not have yet, in the order in which it is to go there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, bindparam, func, or_, select, update

from models.sync import state
from models.sync.message import ImportNews, Message, of_event, of_import
from models.tables import DONE, UNDONE, batch, list_event

_BYTES = 500_000  # of one parcel; a slow line has to carry it within the time-out
_ROW, _LONG = 400, ("reason", "evidence", "removes", "body")  # bytes of a row besides its long columns

_NO_VALUES: Mapping[str, object] = MappingProxyType({})
# made once: to make them is as much work as to run them
_WAITING = and_(
    list_event.c.seq > bindparam(state.PUSHED),
    func.coalesce(list_event.c.batch, "") == "",
    or_(list_event.c.site == "", list_event.c.seq <= bindparam(state.AGAIN)),
)
_COUNT = select(func.count()).select_from(list_event).where(_WAITING)
_SINGLES = (
    select(list_event)
    .where(_WAITING, list_event.c.seq <= bindparam("end"))
    .order_by(list_event.c.seq)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """Messages that go in one transaction; `delivered` notes that, after the feed's commit. `more`: come again."""

    messages: list[Message]
    delivered: Callable[[Connection], None]
    more: bool


def singles(connection: Connection, site: str, limit: int, end: int) -> Parcel:
    """Events that belong to no import, up to the last one that `due` has seen."""
    rows, more = some(connection, _SINGLES, limit, {**_marks(connection), "most": limit, "end": end})
    reached = rows[-1]["seq"] if more else end
    messages = [of_event(row, site) for row in rows]
    return Parcel(messages, lambda to: state.put(to, state.PUSHED, reached), more)


def waiting(connection: Connection) -> int:
    """How many events (and imports) the feed does not have."""
    count = connection.execute(_COUNT, _marks(connection)).scalar() or 0
    imports = connection.execute(select(func.count()).select_from(batch).where(behind())).scalar() or 0
    return int(count) + int(imports)


def _marks(connection: Connection) -> dict[str, int]:
    return {key: state.number(connection, key) for key in (state.PUSHED, state.AGAIN)}


def behind() -> Any:
    """Imports whose present state the feed has not heard of."""
    unheard = and_(batch.c.state == DONE, batch.c.feed_state == "")
    return or_(unheard, and_(batch.c.state == UNDONE, batch.c.feed_state != UNDONE))


def next_import(connection: Connection, site: str, limit: int) -> Parcel | None:
    """A part of an import, or that it was taken back."""
    found = connection.execute(select(batch).where(behind()).order_by(batch.c.seq).limit(1)).first()
    if found is None:
        return None
    row = found._mapping
    if row["feed_state"] == DONE:
        return Parcel([of_import(row, ImportNews.UNDONE, site)], _heard(row["id"], UNDONE), True)
    return _rows_of(connection, row, site, limit)


def _rows_of(connection: Connection, row: RowMapping, site: str, limit: int) -> Parcel:
    """The begin with the first rows, the end with the last."""
    key = state.ROWS + row["id"]
    sent = state.number(connection, key)
    query = select(list_event).where(list_event.c.batch == row["id"], list_event.c.seq > sent)
    rows, more = some(connection, query.order_by(list_event.c.seq).limit(limit), limit)
    messages = [] if sent else [of_import(row, ImportNews.BEGIN, site)]
    messages += [of_event(one, site) for one in rows]
    if more:
        return Parcel(messages, lambda to: state.put(to, key, rows[-1]["seq"]), True)
    return Parcel([*messages, of_import(row, ImportNews.DONE, site)], _heard(row["id"], DONE), True)


def _heard(identity: str, news: str) -> Callable[[Connection], None]:
    def note(connection: Connection) -> None:
        connection.execute(update(batch).where(batch.c.id == identity).values(feed_state=news))
        state.drop(connection, state.ROWS + identity)

    return note


def some(
    connection: Connection, query: Select[Any], limit: int, values: Mapping[str, object] = _NO_VALUES
) -> tuple[list[RowMapping], bool]:
    """Rows until they are large enough together, one at least; are there more? `limit`: of the query."""
    rows: list[RowMapping] = []
    size = 0
    with connection.execute(query, values) as result:
        for row in result:
            rows.append(row._mapping)
            size += _ROW + sum(len(row._mapping[name]) for name in _LONG if name in row._mapping)
            if size >= _BYTES:
                return rows, True
    return rows, len(rows) == limit


def start_over(connection: Connection) -> None:
    """The feed has another past than this host has read: everything is read again, and what it lacks is pushed again,
    whoever has recorded it."""
    end = connection.execute(select(func.max(list_event.c.seq))).scalar() or 0
    beginning = {state.POSITION: 0, state.CHAIN: "", state.OWN: 0, state.OWN_CHAIN: "", state.PUSHED: 0}
    for key, value in (beginning | {state.AGAIN: end}).items():
        state.put(connection, key, value)
    for identity in state.with_prefix(connection, state.ROWS):
        state.drop(connection, state.ROWS + identity)
    connection.execute(update(batch).values(feed_state=""))
