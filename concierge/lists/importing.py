"""`list import`, `batches`, `undo-import`: a file is read to its end before anything is listed, and listed together."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice, starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from uuid import uuid4

from concierge.errors import UserError
from concierge.exchange import Report, named_format, open_source, options_of
from concierge.lists.kept import Kept
from concierge.lists.opening import open_store
from concierge.progress import progress
from concierge.wiring import site_of, store_path

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.exchange.kinds import Listed, Refused
    from models.imports import Batch, Imports
    from models.listings import Listing

_PIECE = 1 << 20
_TOGETHER = 2000  # rows
_SHOWN = 5  # names of campaigns
_IN_MEMORY = 32 << 20  # bytes of standard input; more go to a temporary file


def run_import(args: Namespace, settings: Settings) -> int:
    """0 all rows are listed (or were before), 1 some were refused."""
    from models.exchange.intake import read_rows

    _check_terms(args, settings)
    with _source(args.file) as file, Kept() as kept:
        name, format_ = named_format(args, args.file)
        options, site = options_of(args, settings), site_of(settings)
        new = _batch(file, name, args)
        file.seek(0)
        named: set[str] = set()
        rows = _noted(_in_force(read_rows(format_.read(file, options), site, force=args.force), new, args), named)
        report = Report(args.file, everything=args.dry_run)
        count = _read_through(rows, report, args, kept)
        _warn_of_unknown(named - {args.campaign.lower()}, settings)
        if args.dry_run:
            print(f"{count} rows can be listed, {report.count} cannot; nothing was listed")
            return 1 if report.count else 0
        if not count:
            raise UserError(f"{args.file}: no number could be read from it; nothing was listed")
        return _load(new, kept, report, args, settings)


def _check_terms(args: Namespace, settings: Settings) -> None:
    from concierge.commands.list import must_be_defined
    from models.suppression import is_campaign_name

    if args.campaign and not is_campaign_name(args.campaign):
        raise UserError(f"--campaign {args.campaign!r}: letters, digits, _ . and - only, at most 64")
    if args.until is not None and args.until < datetime.now(UTC).date():
        raise UserError(f"--until {args.until}: that day is over; nothing was listed")
    if args.campaign and not args.force and store_path(settings).exists():
        with open_store(settings) as store:
            must_be_defined(store, [args.campaign], settings)


@contextmanager
def _source(name: str) -> Iterator[BinaryIO]:
    """A file that can be read twice: for its SHA-256, and for its rows. Raises UserError."""
    with open_source(name) as stream, tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:
        if name != "-" and stream.seekable():
            yield stream
            return
        while piece := stream.read(_PIECE):
            copy.write(piece)
        copy.seek(0)
        yield cast(BinaryIO, copy)


def _batch(file: BinaryIO, format_name: str, args: Namespace) -> Batch:
    """The import, with the SHA-256 of the file and of everything that says how it is read."""
    from concierge.commands.check import _user
    from models.imports import Batch

    file.seek(0)
    content = hashlib.sha256()
    while piece := file.read(_PIECE):
        content.update(piece)
    terms = (
        args.campaign,
        args.until,
        args.reason,
        args.source,
        args.encoding,
        args.delimiter,
        args.column,
        args.force,
        *(() if args.sheet is None else (args.sheet,)),
    )
    content.update(repr((format_name, *map(str, terms))).encode())
    name = "standard input" if args.file == "-" else Path(args.file).name
    return Batch(str(uuid4()), content.hexdigest(), _well_formed(name), format_name, _user(), datetime.now(UTC))


def _well_formed(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _in_force(
    found: Iterator[tuple[int, Listed] | Refused], new: Batch, args: Namespace
) -> Iterator[tuple[Any, ...] | Refused]:
    """With the terms of the command line, as `models.listings.Listing`; rows whose time is over are refused."""
    from models.exchange.kinds import Refused
    from models.tables import to_micros
    from models.until import end_of, told

    now, until = datetime.now(UTC), end_of(args.until)
    reason = _well_formed(args.reason or f"import of {new.name}")
    source = _well_formed(args.source)[:40]
    campaign, began, end = args.campaign.lower(), to_micros(new.at), until and to_micros(until)
    for one in found:
        if isinstance(one, Refused):
            yield one
            continue
        line, (number, last, scope, its_until, why, origin, at, allow) = one
        if its_until is not None and its_until <= now:
            yield Refused(line, f"+{number}", f"its time was over: {told(its_until)}")
            continue
        yield (
            number,
            last or 0,
            scope or campaign,
            began if at is None else to_micros(at),
            end if its_until is None else to_micros(its_until),
            why or reason,
            origin or source,
            f'{{"line": "{line}"}}',
            int(allow),
        )


def _noted(rows: Iterator[tuple[Any, ...] | Refused], named: set[str]) -> Iterator[tuple[Any, ...] | Refused]:
    """The same; the campaigns of the rows go into `named`."""
    from models.exchange.kinds import Refused

    for one in rows:
        if not isinstance(one, Refused):
            named.add(one[2])
        yield one


def _warn_of_unknown(named: set[str], settings: Settings) -> None:
    """Their rows stop no call of a campaign that is defined; another system may have names of its own, so they stay."""
    from concierge.commands.list import undefined

    if not any(named) or not store_path(settings).exists():
        return
    with open_store(settings) as store:
        unknown = sorted(undefined(store, filter(None, named), settings))
    if unknown:
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        print(f"concierge: no such campaign is defined: {', '.join(unknown[:_SHOWN])}{more}", file=sys.stderr)


def _read_through(rows: Iterable[tuple[Any, ...] | Refused], report: Report, args: Namespace, kept: Kept) -> int:
    """How many rows can be listed; they are kept unless it is a dry run. Raises FileRefused."""
    from models.exchange.kinds import Refused

    count = 0
    rows = iter(rows)
    with progress(f"reading {args.file}") as shown:
        while some := list(islice(rows, _TOGETHER)):
            good = [one for one in some if not isinstance(one, Refused)]
            if len(good) < len(some):
                for one in some:
                    if isinstance(one, Refused):
                        report.add(one)
            count += len(good)
            if not args.dry_run:
                kept.add(good)
            shown.at(count)
    return count


def _load(new: Batch, kept: Kept, report: Report, args: Namespace, settings: Settings) -> int:
    from models.imports import AlreadyImported, Imports

    with open_store(settings) as store:
        try:
            done = Imports(store).load_listings(new, _kept(kept, args), lambda: report.count)
        except AlreadyImported as known:
            print(known)
            return 0
    refused = f", {done.refused} rows refused" if done.refused else ""
    print(f"{done.name}: {done.listings} listed{refused}; import {done.id}")
    return 1 if done.refused else 0


def _kept(kept: Kept, args: Namespace) -> Iterator[Listing]:
    """What has been read, as it is listed."""
    from models.listings import Listing

    count, rows = 0, kept.rows()
    with progress(f"listing {args.file}") as shown:
        while some := list(islice(rows, _TOGETHER)):
            yield from starmap(Listing, some)
            count += len(some)
            shown.at(count)


def show_batches(args: Namespace, settings: Settings) -> int:
    """0; the imports, oldest first."""
    from models.imports import Imports

    with open_store(settings) as store:
        found = Imports(store).all()
    if args.format == "json":
        print(json.dumps([_facts(one) for one in found], ensure_ascii=False))
        return 0
    for one in found:
        undone = f", undone {one.undone_at:%Y-%m-%d %H:%M}Z by {one.undone_by}" if one.undone_at else ""
        print(
            f"{one.id} {one.at:%Y-%m-%d %H:%M}Z {one.state} {one.name} ({one.format}): "
            f"{one.listings} listed, {one.refused} refused, by {one.actor}{undone}"
        )
    return 0


def _facts(one: Batch) -> dict[str, object]:
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "state": one.state,
        "name": one.name,
        "format": one.format,
        "content": one.content,
        "listings": one.listings,
        "refused": one.refused,
        "actor": one.actor,
        "undone_at": one.undone_at and one.undone_at.isoformat(),
        "undone_by": one.undone_by or None,
    }


SHORTEST = 4
"""Characters of an id: a 1 that was meant as the first import would undo any that begins so."""


def undo_import(args: Namespace, settings: Settings) -> int:
    """0 when its listings are no longer in force."""
    from concierge.commands.check import _user
    from models.imports import Imports

    with open_store(settings) as store:
        imports = Imports(store)
        undone = imports.undo(_identity(imports, args.batch), _user(), datetime.now(UTC))
    print(f"{undone.name}: {undone.listings} listings of import {undone.id} are taken back")
    return 0


def _identity(imports: Imports, given: str) -> str:
    found = [one.id for one in imports.all() if one.id.startswith(given)]
    if found and len(given) < SHORTEST:
        raise UserError(f"{given!r}: give at least {SHORTEST} characters of its id; `concierge list batches` shows all")
    if len(found) > 1:
        raise UserError(f"{given!r} is the beginning of {len(found)} imports; give more of it")
    return found[0] if found else given


ACTIONS = {"import": run_import, "batches": show_batches, "undo-import": undo_import}
