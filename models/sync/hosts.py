"""What each host says of itself in the shared database, so that one question shows how far all of them are."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, insert, select, text, update

from models.tables import feed_host

EVERY = 5.0  # seconds between two reports of a host
SILENT = 60.0  # seconds after which a host is not there, or its link is down

_NOW = {
    "postgresql": "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
    "mysql": "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)",
}


class Host(NamedTuple):
    """`age`: seconds since it has last reported, by the server's clock; `outbox`: what waited there to be sent."""

    site: str
    position: int
    outbox: int
    age: float


def report(connection: Connection, site: str, position: int, outbox: int) -> None:
    """This host's row, with the server's time. The caller commits."""
    values = {"position": position, "outbox": outbox, "at": _now(connection)}
    if not connection.execute(update(feed_host).where(feed_host.c.site == site).values(**values)).rowcount:
        connection.execute(insert(feed_host).values(site=site, **values))


def all_hosts(connection: Connection) -> list[Host]:
    """By their names."""
    now = _now(connection)
    rows = connection.execute(select(feed_host).order_by(feed_host.c.site))
    return [Host(row.site, row.position, row.outbox, max(0.0, (now - row.at) / 1e6)) for row in rows]


def _now(connection: Connection) -> int:
    """Microseconds since 1970, by the server's clock."""
    name = "postgresql" if connection.dialect.name == "postgresql" else "mysql"
    return int(connection.execute(text(_NOW[name])).scalar_one())
