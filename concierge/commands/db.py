"""`concierge db upgrade|check|backup`: the database at this program's revision, and copies of it."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from concierge.errors import UserError
from concierge.wiring import add_config, feed_access, settings_of, store_path, upgrade_store

if TYPE_CHECKING:
    from concierge.settings import Settings


def configure(parser: ArgumentParser) -> None:
    """Options."""
    parser.add_argument("action", choices=("upgrade", "check", "backup"))
    parser.add_argument("file", nargs="?", type=Path, help="of backup: where to")
    parser.add_argument("--anew", action="store_true", help="of upgrade: an empty list where another one was lost")
    parser.add_argument("--feed", action="store_true", help="the shared database of sync.url, not this host's")
    parser.add_argument("--user", default="", metavar="NAME", help="its owner; password in $CONCIERGE_FEED_SECRET")
    add_config(parser)


def run(args: Namespace) -> int:
    """0 when the database is at head; `check` gives 1 when it is not."""
    from models.errors import StoreError
    from models.store import Store

    settings = settings_of(args)
    if args.feed:
        return _feed(settings, args)
    path = store_path(settings)
    if args.action == "backup":
        return _backup(path, args.file)
    if args.action == "upgrade":
        anew = args.anew or bool(settings.sync.url)  # the other sites have what was in a lost one
        print(f"{path}: at revision {upgrade_store(path, anew=anew)}")
        return 0
    try:
        Store(path).close()
    except StoreError as error:
        print(error)
        return 1
    try:
        problems = _differences(path)
    except StoreError as error:
        print(error)
        return 1
    print("\n".join([f"{path}: differs: {problem}" for problem in problems] or [f"{path}: at head"]))
    return 1 if problems else 0


def _backup(path: Path, to: Path | None) -> int:
    """A copy of the whole list while the daemon works; to be put back while it does not."""
    import sqlite3
    from contextlib import closing

    from models.errors import StoreError
    from models.store import check_there, explained

    if to is None:
        raise UserError("db backup FILE: name the file to write")
    try:
        check_there(path)
        with explained(path), closing(sqlite3.connect(path)) as source:
            source.execute(
                "SELECT version_num FROM alembic_version"
            ).fetchone()  # what is wrong with it is not the copy's
        with (
            _taking(to) as draft,
            closing(sqlite3.connect(path, timeout=30)) as source,
            closing(sqlite3.connect(draft)) as copy,
        ):
            source.backup(copy)
    except StoreError as error:
        raise UserError(str(error)) from error
    except FileExistsError as error:
        raise UserError(f"{to} is there already; name another file") from error
    except OSError as error:
        raise UserError(f"{to}: {error.strerror}; no backup was made") from error
    except sqlite3.Error as error:
        raise UserError(f"copying {path} to {to}: {error}; no backup was made") from error
    print(f"{to}: a copy of {path}")
    return 0


@contextmanager
def _taking(to: Path) -> Iterator[Path]:
    """A file beside it that gets its name at the end, durably: half a copy that a kill left would pass for a backup.

    Raises FileExistsError and other OSErrors.
    """
    if os.path.lexists(to):
        raise FileExistsError(to)
    draft = to.with_name(f".{to.name}.{token_hex(4)}")
    draft.touch(mode=0o600, exist_ok=False)
    try:
        yield draft
        os.link(draft, to)
    finally:
        draft.unlink(missing_ok=True)
        Path(f"{draft}-journal").unlink(missing_ok=True)
    folder = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _feed(settings: Settings, args: Namespace) -> int:
    from concierge.feed import feed_differences, upgrade_feed
    from models.errors import FeedError

    if not settings.sync.url:
        raise UserError("sync.url is empty: there is no shared database; see docs/sites.md")
    access = feed_access(settings, args.user)
    try:
        if args.action == "upgrade":
            print(f"{access.name}: at revision {upgrade_feed(access)}")
            return 0
        problems = feed_differences(access)
    except FeedError as error:
        if args.action == "upgrade":
            raise UserError(str(error)) from error
        problems = [str(error)]
    print("\n".join([f"{access.name}: differs: {problem}" for problem in problems] or [f"{access.name}: at head"]))
    return 1 if problems else 0


def _differences(path: Path) -> list[object]:
    from migrations import run as migrations
    from models.store import explained, open_engine

    engine = open_engine(path)
    try:
        with explained(path), engine.connect() as connection:
            damage = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check(10)") if row[0] != "ok"]
            return [*damage, *migrations.differences(connection)]
    finally:
        engine.dispose()
