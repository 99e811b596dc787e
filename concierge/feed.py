"""The shared database, as its owner and as a host see it from the command line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from concierge.settings import Settings
from concierge.wiring import age_of, feed_access
from models.errors import FeedError
from models.store import Store
from models.sync import outbox, state
from models.sync.erasing import Bare, bare_rows, erase_contacts, forget_orders
from models.sync.feed import Position, broken_links, last_position, read
from models.sync.hosts import SILENT, Host, all_hosts
from models.sync.link import Access, Link, engine_of, explained

_PATIENCE = 600.0  # seconds for a change of the schema
_PAGE = 5_000
_REMEDY = "as its owner: ALTER DATABASE … CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
_CONVERT = "ALTER TABLE {} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


def upgrade_feed(access: Access) -> str:
    """Create or upgrade the tables; returns the revision. Raises FeedError."""
    from migrations import run

    with explained(access):
        engine = engine_of(replace(access, timeout=_PATIENCE))
        try:
            with engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
                if (found := _characters(connection)) is not None:
                    raise FeedError(f"{access.name}: its characters are {found}; {_REMEDY}, and run this again")
                run.upgrade(connection)
        except run.UnknownRevision as error:
            raise FeedError(f"{access.name}: {error}; upgrade Concierge on this host") from error
        finally:
            engine.dispose()
    return run.head()


def feed_differences(access: Access) -> list[object]:
    """What the tables of the shared database have that ours have not, and the reverse. Raises FeedError."""
    from migrations import run

    with explained(access):
        engine = engine_of(replace(access, timeout=_PATIENCE))
        try:
            with engine.connect() as connection:
                return [*_odd_tables(connection), *run.differences(connection)]
        finally:
            engine.dispose()


def _characters(connection: Connection) -> str | None:
    """Of new tables, where they do not have all letters: the names of persons and products are not ASCII."""
    if connection.dialect.name == "postgresql":
        return None
    found = str(connection.execute(text("SELECT @@character_set_database")).scalar_one())
    return None if found == "utf8mb4" else found


def _odd_tables(connection: Connection) -> list[object]:
    if connection.dialect.name == "postgresql":
        return []
    query = text(
        "SELECT table_name, table_collation FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_collation NOT LIKE 'utf8mb4%' ORDER BY table_name"
    )
    return [f"table {name} has {found}; {_CONVERT.format(name)}" for name, found in connection.execute(query)]


def status(settings: Settings, path: Path) -> dict[str, Any]:
    """How far this host is, and how far the feed. `lag` is None when the feed cannot be asked. Raises StoreError."""
    store = Store(path)
    try:
        with store.reading() as connection:
            position, waits = state.position(connection).number, outbox.waiting(connection)
    finally:
        store.close()
    age = age_of(settings, path)
    seconds, access = age.seconds(), feed_access(settings)
    last, why, others = _ask(access)
    return {
        "site": settings.sync.site or settings.site.name,
        "feed": access.name,
        "position": position,
        "feed_position": last,
        "lag": None if last is None else max(0, last - position),
        "age": None if seconds is None else round(seconds, 1),
        "max_age": settings.sync.max_age,
        "outbox": waits,
        "stale": bool(age.stale()),
        "trouble": why or age.facts().get("trouble") or None,
        "hosts": [_host(one, last or 0) for one in others],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _host(one: Host, last: int) -> dict[str, Any]:
    facts = {"site": one.site, "position": one.position, "lag": max(0, last - one.position), "outbox": one.outbox}
    return facts | {"age": round(one.age, 1), "silent": one.age > SILENT}


def _ask(access: Access) -> tuple[int | None, str, list[Host]]:
    try:
        link = Link(access)
    except FeedError as error:
        return None, str(error), []
    try:
        with link.transaction() as feed:
            last = last_position(feed)
        return last, "", _hosts(link)
    except FeedError as error:
        return None, str(error), []
    finally:
        link.close()


def _hosts(link: Link) -> list[Host]:
    """None when the feed is of an older version, or the role may not read them."""
    try:
        with link.transaction() as feed:
            return all_hosts(feed)
    except FeedError:
        return []


@dataclass(frozen=True, slots=True)
class Verified:
    """How many rows the feed has, the positions where something was changed or is missing, and how many rows were made
    bare because a person asked to be forgotten."""

    count: int
    broken: list[int]
    erased: int


def verify(access: Access) -> Verified:
    """Read the whole feed. Raises FeedError."""
    link = Link(access)
    position, count, broken, bare = Position(), 0, list[int](), Bare()
    try:
        while True:
            with link.transaction() as feed:
                rows = read(feed, position.number, _PAGE)
            if not rows:
                broken += bare.unordered()
                return Verified(count, sorted(broken), len(bare.erased))
            wrong = broken_links(rows, position)
            broken += wrong
            bare.take(rows, set(wrong))
            count += len(rows)
            position = Position(rows[-1].position, rows[-1].chain)
    finally:
        link.close()


@dataclass(slots=True)
class Erased:
    """What was made bare in the shared database, or would be. `rows` of the feed, `contacts` that caps counted."""

    orders: int = 0
    rows: int = 0
    contacts: int = 0


def erase(access: Access, *, dry: bool) -> Erased:
    """Make bare what the feed holds of persons who asked to be forgotten; as the owner of the tables. Raises FeedError.

    Each order in a transaction of its own; done again, it finds nothing.
    """
    gone = Erased()
    link = Link(replace(access, timeout=_PATIENCE))
    try:
        with link.transaction() as feed:
            orders = forget_orders(feed)
        for order in orders:
            with link.transaction() as feed:
                rows = bare_rows(feed, order, dry=dry)
                contacts = erase_contacts(feed, order, dry=dry)
            gone.orders += bool(rows or contacts)
            gone.rows += rows
            gone.contacts += contacts
        return gone
    finally:
        link.close()
