"""The role that sql/ makes: a host can do its work with it, and cannot remove evidence."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from concierge.lab.databases import PostgreSQL
from models.campaign import Campaign
from models.caps import Cap, Contact, State
from models.errors import FeedError
from models.reserving import Full, Taken, Terms
from models.rules import Case
from models.sharing import Shared
from models.suppression import Kind
from models.sync.link import Access, Link

SQL = Path(__file__).parents[3] / "sql"


@pytest.fixture
def as_writer(feed_server, access):
    """An access with the role alone. The script can be run again."""
    engine = create_engine(access.url, isolation_level="AUTOCOMMIT")
    postgresql = isinstance(feed_server, PostgreSQL)
    for _ in range(2):
        if postgresql:
            feed_server.psql("-f", "-", script=(SQL / "feed-postgresql.sql").read_text(encoding="utf-8"))
        else:
            with engine.connect() as connection:
                script = (SQL / "feed-mariadb.sql").read_text(encoding="utf-8")
                lines = [line for line in script.splitlines() if not line.startswith("--")]
                for statement in " ".join(lines).split(";")[:-1]:
                    connection.execute(text(statement))
    login = (
        ["DROP ROLE IF EXISTS warsaw", "CREATE ROLE warsaw LOGIN IN ROLE concierge_writer"]
        if postgresql
        else [
            "CREATE USER IF NOT EXISTS warsaw@'127.0.0.1'",
            "GRANT concierge_writer TO warsaw@'127.0.0.1'",
            "SET DEFAULT ROLE concierge_writer FOR warsaw@'127.0.0.1'",
        ]
    )
    with engine.connect() as connection:
        for statement in login:
            connection.execute(text(statement))
    engine.dispose()
    return Access(access.url.set(username="warsaw"))


def test_two_hosts_work_with_it(as_writer, hosts, make, wait):
    found = hosts(as_writer, "a", "b")
    store = found[0].open()
    store.record(make.event())
    store.close()

    def arrived():
        other = found[1].open()
        try:
            return [event.kind for event in other.events()] == [Kind.ADD]
        finally:
            other.close()

    wait.until_now(arrived, 15)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM feed_event",
        "UPDATE feed_event SET body = '{}'",
        "DELETE FROM feed_counter",
        "DELETE FROM feed_host",
        "DROP TABLE feed_event",
        "ALTER TABLE feed_event ADD COLUMN x INTEGER",
        "SELECT * FROM list_event",
        "UPDATE alembic_version SET version_num = '9'",
        "CREATE TABLE mine (x INTEGER)",
        "DELETE FROM contact",
        "UPDATE contact SET number = 0",
        "DELETE FROM cap_lock",
    ],
)
def test_it_can_neither_change_nor_remove(as_writer, statement):
    link = Link(as_writer)
    try:
        with pytest.raises(FeedError, match=r"denied|must be owner"), link.transaction() as feed:
            feed.execute(text(statement))
        assert not link.may_delete()
    finally:
        link.close()


def test_the_owner_may_and_that_is_seen(access):
    link = Link(access)
    assert link.may_delete()
    link.close()


def test_contacts_are_reserved_and_settled_with_it(as_writer):
    case = Case("spring", Campaign("spring", caps=(Cap(limit=1),)), 48601234567)
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    made = Contact(str(uuid4()), case.number, now, "spring", state=State.RESERVED, site="warsaw")
    with closing(Shared(as_writer, Terms(site="warsaw"))) as shared:
        assert isinstance(shared.take(case, made, "1.1", [], now), Taken)
        assert isinstance(shared.look(case, now), Full)
        shared.tell([(replace(made, state=State.RELEASED), "1.1")])
        assert isinstance(shared.look(case, now), Taken)
