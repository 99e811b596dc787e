"""`concierge db upgrade|check`: the database at this program's revision."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from concierge.wiring import add_config, settings_of, store_path, upgrade_store


def configure(parser: ArgumentParser) -> None:
    """Options."""
    parser.add_argument("action", choices=("upgrade", "check"))
    add_config(parser)


def run(args: Namespace) -> int:
    """0 when the database is at head; `check` gives 1 when it is not."""
    from models.errors import StoreError
    from models.store import Store

    path = store_path(settings_of(args))
    if args.action == "upgrade":
        print(f"{path}: at revision {upgrade_store(path)}")
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
