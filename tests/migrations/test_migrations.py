"""The migrations add up to the tables, both ways."""

import re
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from migrations import run
from models import tables
from models.store import Store, open_alone, open_engine
from models.suppression import fold


@pytest.fixture
def empty(tmp_path) -> Path:
    path = tmp_path / "x.db"
    path.touch()
    return path


def test_there_is_one_newest_migration_and_the_program_names_it():
    assert ScriptDirectory.from_config(run.config()).get_heads() == [run.head()] == [tables.SCHEMA]


def test_an_empty_database_goes_up_to_exactly_the_tables_and_down_to_nothing(empty):
    with open_alone(empty) as connection:
        run.upgrade(connection)
        assert run.current(connection) == run.head()
        assert run.differences(connection) == []
        assert set(inspect(connection).get_table_names()) == {*tables.metadata.tables, "alembic_version"}
        run.downgrade(connection, "base")
        assert run.current(connection) is None
        assert inspect(connection).get_table_names() == ["alembic_version"]
        left = connection.execute(text("SELECT name FROM sqlite_master WHERE tbl_name <> 'alembic_version'")).all()
        assert [name for (name,) in left if name != "sqlite_sequence"] == []
        run.upgrade(connection)
        assert run.differences(connection) == []


def test_a_migrated_database_has_the_keys_and_counters_of_the_tables(empty, tmp_path):
    """What autogenerate does not compare: AUTOINCREMENT, so that the id of a removed row never comes back."""

    def schema(connection):
        rows = connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'")
        )
        return {
            name: re.sub(r"DEFAULT \((.*?)\)", r"DEFAULT \1", " ".join(sql.replace('"', "").split()))
            for name, sql in rows
        }

    with open_alone(empty) as connection:
        run.upgrade(connection)
        migrated = schema(connection)
    engine = open_engine(tmp_path / "made.db", create=True)
    with engine.begin() as connection:
        tables.metadata.create_all(connection)
        made = schema(connection)
    engine.dispose()
    assert migrated == made
    counted = {name for name, table in tables.metadata.tables.items() if "seq" in table.c or "id" in table.c}
    assert all("AUTOINCREMENT" in migrated[name] for name in counted - {"feed_counter"})


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE entry ADD COLUMN extra INTEGER",
        "ALTER TABLE call_check DROP COLUMN caller",
        "DROP INDEX ix_call_check_number_at",
        "DROP TABLE list_event",
        "CREATE TABLE stranger (id INTEGER)",
    ],
)
def test_a_difference_is_found(empty, change):
    with open_alone(empty) as connection:
        run.upgrade(connection)
        connection.execute(text(change))
        assert run.differences(connection) != []


def test_an_upgrade_that_breaks_off_leaves_nothing_behind(empty, monkeypatch):
    with pytest.raises(RuntimeError, match="power cut"), open_alone(empty) as connection:
        run.upgrade(connection)
        raise RuntimeError("power cut")
    with open_alone(empty) as connection:
        assert inspect(connection).get_table_names() == []
        run.upgrade(connection)


def test_a_second_upgrade_changes_nothing(empty):
    for _ in range(2):
        with open_alone(empty) as connection:
            run.upgrade(connection)
            assert run.differences(connection) == []


def test_what_was_listed_and_removed_before_ranges_came_is_so_afterwards(empty):
    """A removal of those days took back whatever had been recorded before it, and names it now."""
    ids = [str(UUID(int=number)) for number in range(4)]
    with open_alone(empty) as connection:
        run.upgrade(connection, "0001")
        for seq, kind in enumerate(("add", "add", "remove", "add")):
            connection.execute(
                text(
                    "INSERT INTO list_event (event_id, kind, number, campaign, at, recorded_at, reason, source, actor,"
                    " evidence) VALUES (:id, :kind, 48601234567, '', :at, 0, 'r', 's', 'a', '{}')"
                ),
                {"id": ids[seq], "kind": kind, "at": seq},
            )
        connection.execute(
            text(
                "INSERT INTO entry (number, campaign, reason, source, created_at) VALUES (48601234567, '', 'r', 's', 3)"
            )
        )
        run.upgrade(connection)
    store = Store(empty)
    events = store.events(48601234567)
    assert [event.removes for event in events] == [(), (), (UUID(int=0), UUID(int=1)), ()]
    assert [replace(entry, id=0) for entry in store.entries()] == [fold(events)]
    store.close()
