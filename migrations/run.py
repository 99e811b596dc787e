"""Upgrade, downgrade and compare a database; works from an installed wheel, without an alembic.ini."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from models.tables import metadata


class UnknownRevision(Exception):
    """The database names a revision that no migration here has."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the migrations beside this file."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


def head() -> str:
    """The newest revision that this program knows."""
    revision = ScriptDirectory.from_config(config()).get_current_head()
    if revision is None:
        raise RuntimeError("no migrations are installed")
    return revision


def current(connection: Connection) -> str | None:
    """The revision of this database; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database to a revision, in the caller's transaction. Raises UnknownRevision."""
    try:
        command.upgrade(config(connection), revision)
    except CommandError as error:
        raise UnknownRevision(str(error)) from error


def downgrade(connection: Connection, revision: str) -> None:
    """Take the database back to a revision (`base`: empty), in the caller's transaction."""
    command.downgrade(config(connection), revision)


def differences(connection: Connection) -> list[object]:
    """What the database has that `models.tables` has not, and the reverse; empty when they agree."""
    return list(compare_metadata(MigrationContext.configure(connection), metadata))
