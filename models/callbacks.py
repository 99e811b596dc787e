"""What is owed to callers, in the list's file: recorded once, folded, claimed, done. Blocking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from models.callback import AUTO, Asked, Kind, Matter, Retry, State, after_attempt, calling, folded, may_try, opened
from models.errors import StoreError
from models.query import Query
from models.requested import is_objected
from models.store import Store
from models.tables import callback, callback_event, from_micros, to_micros

_TIMES = ("asked_at", "last_at", "due_at", "next_at", "done_at")
_UNDONE = (State.OPEN.value, State.CLAIMED.value)
OPEN_PROMISE = Query(
    select(func.min(callback.c.asked_at)).where(
        callback.c.number == bindparam("n"),
        callback.c.asked_at <= bindparam("t"),
        callback.c.kind == Kind.PROMISE.value,
        callback.c.done_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed; why."""

    why: str


@contextmanager
def open_callbacks(path: Path) -> Iterator[Callbacks]:
    """Raises StoreError."""
    store = Store(path)
    try:
        yield Callbacks(store)
    finally:
        store.close()


class Callbacks:
    """The matters in one open store. Methods raise StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, asked: Asked, within: timedelta) -> tuple[bool, Matter | None]:
        """Append one caller, once by `event_id`; returns whether it is new, and the matter it belongs to."""
        with self._store.writing() as connection:
            if _is_known(connection, asked.event_id):
                return False, None
            before = _undone(connection, asked)
            matter = opened(asked, within) if before is None else folded(before, asked, within)
            matter = _write(connection, matter)
            _note(connection, matter.id, asked.event_id, "asked", asked.at, "", _about(asked))
            return True, matter

    def matters(self, *, done: bool = False, number: int | None = None) -> list[Matter]:
        """The longest owed first; without those that are done, unless they are wanted too."""
        query = select(callback).order_by(callback.c.due_at, callback.c.id)
        if not done:
            query = query.where(callback.c.state.in_(_UNDONE))
        if number is not None:
            query = query.where(callback.c.number == number)
        with self._store.reading() as connection:
            return [_matter(row._mapping) for row in connection.execute(query)]

    def history(self, matter_id: int) -> list[dict[str, Any]]:
        """What has happened to one matter, the oldest first."""
        query = select(callback_event).where(callback_event.c.callback_id == matter_id).order_by(callback_event.c.seq)
        with self._store.reading() as connection:
            rows = [dict(row._mapping) for row in connection.execute(query)]
        return [row | {"at": from_micros(row["at"])} for row in rows]

    def claim(self, matter_id: int, holder: str, now: datetime) -> Matter | Refused:
        """This person calls; nobody else should."""

        def taken(matter: Matter) -> Matter | Refused:
            if matter.state is State.CLAIMED and matter.holder != holder:
                return Refused(f"{matter.holder} has claimed it")
            return replace(matter, state=State.CLAIMED, holder=holder)

        return self._change(matter_id, "claimed", holder, "", now, taken)

    def release(self, matter_id: int, holder: str, now: datetime) -> Matter | Refused:
        """Anybody may call again."""
        return self._change(
            matter_id, "released", holder, "", now, lambda one: replace(one, state=State.OPEN, holder="")
        )

    def finish(self, matter_id: int, holder: str, outcome: str, now: datetime) -> Matter | Refused:
        """Called back, or nothing more to do; `outcome` in words."""

        def closed(matter: Matter) -> Matter:
            return replace(matter, state=State.DONE, holder=holder, done_at=now, outcome=outcome)

        return self._change(matter_id, "done", holder, outcome, now, closed)

    def call(self, matter_id: int, now: datetime, retry: Retry) -> Matter | Refused:
        """The daemon begins an attempt, if it may still make one."""

        def begun(matter: Matter) -> Matter | Refused:
            return calling(matter, now, retry) if may_try(matter, now, retry) else Refused("it is not to be called now")

        return self._change(matter_id, "claimed", AUTO, "", now, begun)

    def tried(self, matter_id: int, answered: bool, why: str, now: datetime, retry: Retry) -> Matter | Refused:
        """An attempt that the daemon has made by itself."""
        return self._change(matter_id, "tried", AUTO, why, now, lambda one: after_attempt(one, answered, now, retry))

    def to_try(self, now: datetime, retry: Retry, most: int) -> list[Matter]:
        """Whom to call by itself now."""
        return [one for one in self.matters() if may_try(one, now, retry)][:most]

    def _change(self, matter_id: int, what: str, actor: str, detail: str, now: datetime, step: Any) -> Matter | Refused:
        with self._store.writing() as connection:
            row = connection.execute(select(callback).where(callback.c.id == matter_id)).mappings().first()
            if row is None:
                return Refused("there is no such callback")
            matter = _matter(row)
            if matter.state is State.DONE:
                return Refused(f"it is done: {matter.outcome}")
            after = step(matter)
            if isinstance(after, Refused):
                return after
            _write(connection, after)
            _note(connection, matter.id, f"{matter.id}-{what}-{to_micros(now)}", what, now, actor, detail)
            return after  # type: ignore[no-any-return]


def asked_at(path: Path, number: int, now: datetime) -> datetime | None:
    """When this number last asked to be called back; None when nothing is promised to it, when it was listed in a way
    that stands against even such a call, or when that cannot be read.
    """
    try:
        store = Store(path)
    except StoreError:
        return None
    try:
        promised = [one.last_at for one in Callbacks(store).matters(number=number) if one.kind is Kind.PROMISE]
        if not promised or is_objected(store.events(number), max(promised), now):
            return None
        return max(promised)
    except StoreError:
        return None
    finally:
        store.close()


def _is_known(connection: Connection, event_id: str) -> bool:
    query = select(callback_event.c.seq).where(callback_event.c.event_id == event_id)
    return connection.execute(query).first() is not None


def _undone(connection: Connection, asked: Asked) -> Matter | None:
    query = select(callback).where(callback.c.state.in_(_UNDONE))
    same = callback.c.number == asked.number if asked.number else callback.c.written == asked.written
    row = connection.execute(query.where(same)).mappings().first()
    return _matter(row) if row else None


def _write(connection: Connection, matter: Matter) -> Matter:
    values = {name: getattr(matter, name) for name in callback.c.keys() if name != "id"}  # noqa: SIM118 - of columns
    values |= {name: to_micros(values[name]) if values[name] else None for name in _TIMES}
    values |= {"kind": matter.kind.value, "state": matter.state.value}
    if matter.id:
        connection.execute(update(callback).where(callback.c.id == matter.id).values(values))
        return matter
    key = connection.execute(insert(callback).values(values)).inserted_primary_key
    return replace(matter, id=key[0] if key else 0)


def _note(
    connection: Connection, matter_id: int, event_id: str, what: str, at: datetime, actor: str, detail: str
) -> None:
    values = {"callback_id": matter_id, "event_id": event_id, "what": what, "at": to_micros(at)}
    connection.execute(insert(callback_event).values(values | {"actor": actor, "detail": detail}))


def _about(asked: Asked) -> str:
    words = {"kind": asked.kind.value, "reason": asked.reason, "waited": asked.waited, "language": asked.language}
    words |= {"written": asked.written, "channel": asked.channel, "uniqueid": asked.uniqueid}
    return " ".join(f"{name}={value}" for name, value in words.items())


def _matter(row: RowMapping | Mapping[str, Any]) -> Matter:
    values = dict(row)
    values |= {name: from_micros(values[name]) if values[name] is not None else None for name in _TIMES}
    return Matter(**values | {"kind": Kind(values["kind"]), "state": State(values["state"])})
