"""`list export`: what is in force, in the format of another system; what the format cannot hold is named."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from concierge.errors import UserError
from concierge.exchange import Report, named_format, options_of
from concierge.lists.opening import open_store
from concierge.outputs import refuse_own, replacing
from concierge.privacy import access_of, pseudonyms_of
from concierge.progress import progress

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.access import Shown
    from models.exchange.kinds import Listed
    from models.store import Store
    from models.suppression import Entry

_WITH_CAMPAIGNS = ("csv", "tsv", "xlsx", "vicidial-campaign")


def export(args: Namespace, settings: Settings) -> int:
    """0 all that holds was written, 1 some cannot be said in this format."""
    from models.access import noted
    from models.exchange.kinds import FileRefused
    from models.suppression import is_campaign_name

    if args.campaign and not is_campaign_name(args.campaign):
        raise UserError(f"--campaign {args.campaign!r}: letters, digits, _ . and - only, at most 64")
    if args.file_format is None and args.output is None:
        raise UserError("say --format, or -o with a name that ends in .csv, .tsv or .xlsx")
    refuse_own(args, settings, args.output)
    name, format_ = named_format(args, args.output or "standard output")
    options = options_of(args, settings)
    if args.pseudonyms:
        if name not in ("csv", "tsv"):
            raise UserError(f"--pseudonyms: the format {name} is for numbers; take csv or tsv")
        options = replace(options, name=pseudonyms_of(settings, asked=True))
    report = Report(args.output or "export", everything=False)
    try:
        with (
            open_store(settings) as store,
            noted(store, access_of("export", _question(args, name))) as shown,
            _target(args.output) as stream,
        ):
            entries = _counted(_entries(store, args.campaign, keep=name in _WITH_CAMPAIGNS), shown)
            for refused in format_.write(entries, stream, options):
                report.add(refused)
    except FileRefused as error:
        raise UserError(f"{args.output or 'export'}: {error}") from error
    except BrokenPipeError:
        raise  # whoever reads has had enough
    except OSError as error:
        raise UserError(f"{args.output or 'export'}: {error.strerror}") from error
    if report.count:
        print(f"concierge: {report.count} entries cannot be said in the format {name}", file=sys.stderr)
    return 1 if report.count else 0


def _question(args: Namespace, name: str) -> str:
    """For the note of who has read the list."""
    campaign = f" for campaign {args.campaign}" if args.campaign else ""
    return f"{name}{campaign}{' with pseudonyms' if args.pseudonyms else ''}"


def _counted(entries: Iterator[Listed], shown: Shown) -> Iterator[Listed]:
    for one in entries:
        shown.rows += 1
        yield one


def _entries(store: Store, campaign: str, *, keep: bool) -> Iterator[Listed]:
    """`keep`: the format has a place for campaigns; else the file is one campaign's."""
    from models.held import in_force

    with progress("exporting") as shown:
        for count, one in enumerate(in_force(store, datetime.now(UTC), campaign or None)):
            shown.at(count)
            yield listed(one, "" if campaign and not keep else one.campaign)


def listed(one: Entry, campaign: str) -> Listed:
    """An entry as writers take it."""
    from models.exchange.kinds import Listed

    return Listed(one.number, one.last, campaign, one.expires_at, one.reason, one.source, one.created_at, one.allow)


@contextmanager
def _target(name: str | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that is there when all of it is, readable by its owner only."""
    if name is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with replacing(Path(name)) as stream:
        yield stream


ACTIONS = {"export": export}
