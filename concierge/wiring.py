"""Settings -> the parts. Everything that more than one command builds is built here."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from concierge.caller_rules import limits_of_menu
from concierge.errors import UserError
from concierge.settings import Settings, load
from models.cases import Cases
from models.errors import StoreError, StoreMissing
from models.flow import Limits
from models.gate import Judge
from models.number import Site
from models.policy import Rules
from models.reader import Reader
from models.registry.expected import are_expected
from models.registry.watch import MAX_AGE, Registries
from models.rules import Demand

if TYPE_CHECKING:
    from models.sync.contact import Age
    from models.sync.link import Access
    from models.sync.worker import Sync


def add_config(parser: ArgumentParser) -> None:
    """The option that every sub-command has."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="settings (default: $CONCIERGE_CONFIG, ./config.yaml, /etc/concierge/config.yaml)",
    )


def add_format(parser: ArgumentParser) -> None:
    """For sub-commands that print data."""
    parser.add_argument("--format", choices=("text", "json"), default="text")


def settings_of(args: Namespace) -> Settings:
    """Raises SettingsError."""
    return load(args.config)


def store_path(settings: Settings, environment: Mapping[str, str] | None = None) -> Path:
    """The configured file, or the default below $XDG_STATE_HOME."""
    if settings.store.path:
        return Path(settings.store.path)
    environment = os.environ if environment is None else environment
    state = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    return Path(state) / "concierge" / "concierge.db"


def prepare_store(settings: Settings) -> Path:
    """The file, created and migrated when it is the default and absent. Raises UserError.

    A file that the settings name is not created in passing: where a list is expected, an empty one would allow
    every call.
    """
    from models.store import check_there

    path = store_path(settings)
    try:
        check_there(path)
    except StoreMissing as error:
        if settings.store.path:
            raise UserError(f"store.path: {error}") from error
        upgrade_store(path)
        print(f"concierge: made an empty list, {path}; set store.path to keep it elsewhere", file=sys.stderr)
    except StoreError as error:
        raise UserError(str(error)) from error
    else:
        if not settings.store.path:
            _wait_for_maker(path)
    return path


def _wait_for_maker(path: Path) -> None:
    """Another first command may be making the default file at this moment: it is there before its tables are."""
    import time

    until = time.monotonic() + 2
    while _is_being_made(path) and time.monotonic() < until:
        time.sleep(0.02)


def _is_being_made(path: Path) -> bool:
    import sqlite3
    from contextlib import closing

    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0)) as connection:
            return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
    except sqlite3.Error as error:
        return "locked" in str(error)


def _check_not_lost(path: Path) -> None:
    """Raises UserError where a list was and is gone: an empty one in its place would allow every call."""
    from models.evidence.checkpoint import checkpoint_path

    try:
        empty, known = not path.exists() or path.stat().st_size == 0, checkpoint_path(path).stat().st_size
    except OSError:
        return
    if empty and known:
        raise UserError(
            f"{path}: a list was here ({checkpoint_path(path).name} has the end of its evidence) and is gone; "
            "restore it from a backup, or `concierge db upgrade --anew` begins an empty one"
        )


def upgrade_store(path: Path, *, anew: bool = False) -> str:
    """Create or upgrade the file; returns its revision. `anew`: create it also where another one was lost.

    Raises UserError.
    """
    from migrations import run
    from models.evidence.seal import Sealer
    from models.statements import driver_of
    from models.store import check_not_newer, explained, open_alone, read_revision

    if not anew:
        _check_not_lost(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)  # the log beside it gets the same mode
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name another place in store.path") from error
    try:
        with explained(path), open_alone(path) as connection:
            check_not_newer(read_revision(connection), path)
            run.upgrade(connection)
            Sealer(path).begin(driver_of(connection))
            return run.head()
    except run.UnknownRevision as error:
        raise UserError(f"{path}: {error}; restore the database from a backup") from error
    except StoreError as error:
        raise UserError(str(error)) from error


def identity_of(path: Path) -> str:
    """Tells one file from another, by whatever name: device and inode."""
    from models.wal import inode_of

    return "{}-{}".format(*inode_of(path))


def evidence_key(path: Path) -> bytes:
    """What evidence and permits are signed with, made on first use. Raises UserError."""
    from models.evidence.key import load_or_make_key

    try:
        return load_or_make_key(path)
    except StoreError as error:
        raise UserError(str(error)) from error


def site_of(settings: Settings) -> Site:
    """The habits of the site, for the interpretation of numbers."""
    site = settings.site
    return Site(
        country=site.country,
        outside_line=site.outside_line,
        international=site.international_prefixes,
        tech_prefixes=site.tech_prefixes,
        trunk_prefix=site.trunk_prefix,
        internal=site.internal,
    )


def judge_of(settings: Settings, path: Path, *, indexed: bool = False) -> Judge:
    """Who decides, on this file; `indexed` for a process that lives long."""
    old = (settings.registries.on_stale == "refuse", settings.sync.on_stale == "refuse")
    rules = Rules(settings.gate.require_campaign, *old)
    registries = registries_of(settings, path, background=indexed, single=not indexed)
    age = age_of(settings, path) if settings.sync.url else None
    reader = Reader(path, indexed=indexed)
    judge = Judge(reader, site_of(settings), rules, registries=registries, freshness=age)
    return replace(judge, cases=cases_of(settings, reader), requests=partial(_asked_at, path))


def _asked_at(path: Path, number: int, at: datetime) -> datetime | None:
    from models.callbacks import asked_at

    return asked_at(path, number, at)


def cases_of(settings: Settings, reader: Reader) -> Cases:
    """What the rules of campaigns look at."""
    gate = settings.gate
    demand = Demand(gate.require_reason, gate.unknown_campaign == "refuse")
    return Cases(reader, demand, folder_of(settings))


def folder_of(settings: Settings) -> Path | None:
    """The operator's own rule sets of countries."""
    return Path(settings.gate.countries) if settings.gate.countries else None


def age_of(settings: Settings, path: Path) -> Age:
    """How long ago this host had contact with the other sites."""
    from models.sync.contact import Age

    return Age(path, settings.sync.max_age)


def feed_access(settings: Settings, user: str = "") -> Access:
    """Where the feed of the settings is, with its password; as another `user`, whose password is in the environment.

    Raises SettingsError.
    """
    from sqlalchemy import make_url

    from concierge.setting_rules import feed_secret
    from models.sync.link import Access

    sync = replace(settings.sync, secret_file="") if user else settings.sync
    url = make_url(sync.url)
    return Access(url.set(username=user or url.username, password=feed_secret(sync)), sync.timeout)


def sync_of(settings: Settings, path: Path) -> Sync:
    """This host's side of the feed; nothing is opened yet. Raises SettingsError."""
    from models.sync.worker import Pace, Sync

    sync = settings.sync
    return Sync(path, feed_access(settings), sync.site or settings.site.name, Pace(poll=sync.poll))


def registry_folder(settings: Settings, path: Path) -> Path:
    """The configured folder, or the one beside the list."""
    return Path(settings.registries.folder) if settings.registries.folder else path.with_name(path.name + ".registries")


def token_path(settings: Settings, path: Path) -> Path:
    """The configured file of tokens, or the one beside the list."""
    return Path(settings.web.tokens) if settings.web.tokens else path.with_name(path.name + ".tokens")


def max_ages(settings: Settings) -> dict[str, int]:
    """Days by country."""
    return {**MAX_AGE, **{country: int(days) for country, days in settings.registries.max_age.items()}}


def registries_of(settings: Settings, path: Path, *, background: bool = False, single: bool = False) -> Registries:
    """The national registries that belong to this list; nothing is read yet."""
    return Registries(
        registry_folder(settings, path),
        max_ages(settings),
        background=background,
        single=single,
        expected=are_expected(path),
    )


def limits_of(settings: Settings) -> Limits:
    """How often a caller may go round."""
    menu = settings.menu
    menus = {name: limits_of_menu(text) or {} for name, text in menu.menus.items()}
    return Limits(menu.passes, menu.wrong, menu.silences, menu.errors, menu.total, menu.seconds, menus)
