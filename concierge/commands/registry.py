"""`concierge registry add|list|verify|remove`: national do-not-call registries."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, date, datetime, timedelta
from errno import EACCES, EPERM
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from concierge.errors import UserError
from concierge.exchange import Report, add_file_options, add_sheet, named_format, open_source, options_of
from concierge.wiring import add_config, add_format, max_ages, registries_of, registry_folder, settings_of, store_path

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.exchange.formats import Format
    from models.registry.blocks import Building
    from models.registry.file import Header


def configure(parser: ArgumentParser) -> None:
    """Actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="take in an official file; one of the same name is replaced")
    add.add_argument("file")
    add_file_options(add, required=True)
    add_sheet(add)
    add.add_argument("--country", required=True, metavar="CC", help="whose registry it is, e.g. US")
    add.add_argument("--as-of", required=True, type=day, metavar="DATE", help="the day of the official list")
    add.add_argument("--name", required=True, help="what to call it, e.g. ftc")
    add.add_argument(
        "--force", action="store_true", help="even when it is older, or has less than half of what it replaces"
    )
    shown = actions.add_parser("list", help="what there is, and how old")
    add_format(shown)
    verify = actions.add_parser("verify", help="read every file to its end")
    remove = actions.add_parser("remove", help="forget one")
    remove.add_argument("name")
    for action in (add, shown, verify, remove):
        add_config(action)


def day(text: str) -> date:
    """ISO date that is not in the future -> date (argparse type)."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no date such as 2026-11-01") from error
    if found > datetime.now(UTC).date() + timedelta(days=1):
        raise ArgumentTypeError(f"{text} is in the future")
    return found


def run(args: Namespace) -> int:
    """0 done; `add` gives 1 when rows were refused, `list` and `verify` when a registry stops calls."""
    from models.errors import StoreError
    from models.registry.file import Damaged

    settings = settings_of(args)
    try:
        return {"add": _add, "list": _list, "verify": _list, "remove": _remove}[args.action](args, settings)
    except (Damaged, StoreError) as error:
        raise UserError(str(error)) from error
    except OSError as error:
        hint = "; run as the user of the daemon, or set registries.folder" if error.errno in (EACCES, EPERM) else ""
        raise UserError(f"{error.filename or _folder(settings)}: {error.strerror}{hint}") from error


def _folder(settings: Settings) -> Path:
    return registry_folder(settings, store_path(settings))


def _add(args: Namespace, settings: Settings) -> int:
    from models.registry.blocks import builder
    from models.registry.expected import expect
    from models.registry.file import Header
    from models.registry.folder import NAME, add, read_manifest

    _check_names(args.name, args.country, NAME)
    folder = _folder(settings)
    numbers, report = builder(), Report(args.file)
    with open_source(args.file) as file:
        _collect(file, named_format(args, args.file)[1], args, settings, numbers, report)
    before = read_manifest(folder).get(args.name) if folder.is_dir() else None
    _check_size(len(numbers), before, args)
    _check_day(before, args)
    made_at = datetime.now(UTC)
    header = Header(args.name, args.file_format, args.country, args.as_of, made_at, _version())
    written = add(folder, header, numbers)
    expect(store_path(settings), True)
    print(f"{written.name}: {written.count} numbers of {written.country}, as of {written.as_of}")
    if report.count:
        print(f"{report.count} rows could not be read and are not in it")
    _warn_if_old(written, made_at, settings)
    return 1 if report.count else 0


def _check_names(name: str, country: str, shape: object) -> None:
    import re

    from models.number import known_country

    if not known_country(country):
        raise UserError(f"--country {country!r} is no ISO 3166 code such as US")
    assert isinstance(shape, re.Pattern)  # noqa: S101 - for the type
    if shape.fullmatch(name) is None:
        raise UserError(f"--name {name!r}: letters, digits, _ . and - only, at most 64")


def _check_size(count: int, before: Header | None, args: Namespace) -> None:
    if not count:
        raise UserError(f"{args.file}: no number could be read from it; nothing was changed")
    if before is not None and count * 2 < before.count and not args.force:
        raise UserError(
            f"{args.file}: {count} numbers, where {before.name} has {before.count} as of {before.as_of}; "
            "was it cut? --force takes it all the same"
        )


def _check_day(before: Header | None, args: Namespace) -> None:
    if before is not None and args.as_of < before.as_of and not args.force:
        raise UserError(
            f"{args.file}: as of {args.as_of}, but {before.name} is there as of {before.as_of}; was it the old file? "
            "--force takes it all the same"
        )


def _warn_if_old(written: Header, now: datetime, settings: Settings) -> None:
    age, most = (now.date() - written.as_of).days, max_ages(settings).get(written.country, 0)
    if most and age > most:
        stopped = "are refused" if settings.registries.on_stale == "refuse" else "go out with a warning"
        print(
            f"concierge: {written.name} is {age} days old already, {most} at most: until a newer one is added calls to "
            f"{written.country} {stopped}",
            file=sys.stderr,
        )


def _collect(
    file: BinaryIO, format_: Format, args: Namespace, settings: Settings, numbers: Building, report: Report
) -> None:
    """In bulk where the format allows that."""
    from concierge.progress import progress
    from models.exchange.kinds import Refused
    from models.registry.collect import rows_in_blocks

    options = options_of(args, settings)
    blocks = format_.blocks(file) if format_.blocks else rows_in_blocks(format_.read(file, options), args.country)
    done = 0
    with progress(args.file) as shown:
        for _line, found in blocks:
            if isinstance(found, Refused):
                report.add(found)
                continue
            done += len(found)
            numbers.add(found)
            shown.at(done)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("asterisk-concierge")
    except PackageNotFoundError:
        return "unknown"


def _list(args: Namespace, settings: Settings) -> int:
    registries = registries_of(settings, store_path(settings))
    registries.refresh()
    if registries.broken:
        hint = "; run as the user of the daemon" if "denied" in registries.broken else ""
        raise UserError(f"{registries.broken}{hint}")
    now, ages = datetime.now(UTC), max_ages(settings)
    states = {name: holding.trouble(now, ages) for name, holding in registries.holdings.items()}
    rows = [
        _facts(holding.header, now, ages, trouble.detail if trouble else "")
        for holding, trouble in zip(registries.holdings.values(), states.values(), strict=True)
    ]
    if getattr(args, "format", "text") == "json":
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            print(_line(row))
        if not rows:
            print("concierge: there is no registry; `concierge registry add` takes one in", file=sys.stderr)
    return 1 if any(states.values()) else 0


def _facts(header: Header, now: datetime, ages: dict[str, int], trouble: str) -> dict[str, object]:
    return {
        "name": header.name,
        "country": header.country,
        "format": header.format,
        "as_of": header.as_of.isoformat(),
        "age_days": (now.date() - header.as_of).days,
        "max_age_days": ages.get(header.country) or None,
        "count": header.count,
        "sha256": header.sha256,
        "made_at": header.made_at.isoformat(),
        "version": header.version,
        "trouble": trouble or None,
    }


def _line(row: dict[str, object]) -> str:
    most = f" of {row['max_age_days']}" if row["max_age_days"] else ""
    state = f"! {row['trouble']}" if row["trouble"] else "ok"
    return f"{row['name']} {row['country']}: {row['count']} numbers, {row['age_days']}{most} days old, {state}"


def _remove(args: Namespace, settings: Settings) -> int:
    from models.registry.expected import are_expected, expect
    from models.registry.folder import NoSuchRegistry, has_manifest, read_manifest, remove

    folder, store = _folder(settings), store_path(settings)
    try:
        if not has_manifest(folder) and are_expected(store):
            expect(store, False)
            print(f"{args.name}: was lost; no call depends on registries any more")
            return 0
        if not folder.is_dir():
            raise NoSuchRegistry(args.name)
        header = remove(folder, args.name)
        if not read_manifest(folder):
            expect(store, False)
    except NoSuchRegistry:
        raise UserError(f"there is no registry {args.name!r}; see `concierge registry list`") from None
    print(f"{header.name}: removed; calls to {header.country} no longer depend on it")
    return 0
