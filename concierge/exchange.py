"""Files of numbers for the commands: opening, formats, and the report of what was refused."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from concierge.errors import UserError

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.exchange.formats import Format, Options
    from models.exchange.kinds import Refused

_SHOWN = 20
# loading the readers for the help of a command would cost its start; equality with FORMATS is tested
NAMES = (
    "csv", "tsv", "xlsx", "ftc", "dncl", "ftc-xml", "dncl-xml", "tps", "vicidial", "vicidial-campaign", "astdb",
    "freepbx", "issabel",
)  # fmt: skip


def add_file_options(parser: ArgumentParser, *, required: bool = False) -> None:
    """What may be said of a file."""
    default = "which list it is" if required else "default: by its ending"
    parser.add_argument("--format", choices=NAMES, required=required, dest="file_format", help=default)
    parser.add_argument("--encoding", metavar="NAME", help="default: its byte order mark, or UTF-8")
    parser.add_argument("--delimiter", type=_delimiter, metavar="C", help="default: counted, one of ; TAB | ,")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        type=_column,
        metavar="FIELD=NAME",
        help="e.g. number=Phone; last=- when there are no ranges",
    )


def add_sheet(parser: ArgumentParser) -> None:
    """Which part of a workbook."""
    parser.add_argument("--sheet", metavar="NAME", help="of a workbook; default: the only one that has rows")


def _delimiter(text: str) -> str:
    found = {"tab": "\t", "\\t": "\t"}.get(text.lower(), text)
    if len(found) != 1 or found in '"\r\n':
        raise ArgumentTypeError(f"{text!r} is not one character")
    return found


def _column(text: str) -> tuple[str, str]:
    field, equal, name = text.partition("=")
    if not equal or field not in ("number", "last", "campaign", "until", "reason", "source", "at", "allow"):
        raise ArgumentTypeError(f"{text!r} is not FIELD=NAME with a field such as number, reason, campaign or until")
    return field, name


def options_of(args: Namespace, settings: Settings) -> Options:
    """From the command line."""
    from models.exchange.formats import Options
    from models.number.country import calling_code

    sheet, code = getattr(args, "sheet", None), calling_code(settings.site.country)
    return Options(args.encoding, args.delimiter, dict(args.column), code, sheet=sheet)


def named_format(args: Namespace, name: str) -> tuple[str, Format]:
    """The format that was named, or that the file's name tells. Raises UserError."""
    from models.exchange.formats import FORMATS, format_of

    found = args.file_format or format_of(name)
    if found is None:
        raise UserError(f"{name}: its ending tells no format; say --format {'|'.join(NAMES)}")
    if getattr(args, "sheet", None) is not None and found != "xlsx":
        raise UserError(f"--sheet is for workbooks, and {name} is read as {found}")
    return found, FORMATS[found]


@contextmanager
def open_source(name: str) -> Iterator[BinaryIO]:
    """A file, or `-` for standard input. Raises UserError, also for what is wrong with the file while it is read."""
    from models.exchange.kinds import FileRefused

    try:
        if name == "-":
            yield sys.stdin.buffer
        else:
            with Path(name).open("rb") as file:
                yield file
    except FileRefused as error:
        raise UserError(f"{name}: {error}") from error
    except BrokenPipeError:
        raise  # whoever reads our answer has had enough
    except OSError as error:
        raise UserError(f"{error.filename or name}: {error.strerror or error}") from error


class Report:
    """Counts what was refused; the first ones are printed, all go into a file when one is named."""

    def __init__(self, name: str, *, everything: bool = False) -> None:
        self._name = name
        self._most = sys.maxsize if everything else _SHOWN
        self.count = 0

    def add(self, refused: Refused) -> None:
        """One row."""
        self.count += 1
        if self.count <= self._most:
            place = f"{self._name}:{refused.line}: " if refused.line else ""
            print(f"{place}{refused.what!r}: {refused.why}", file=sys.stderr)
        elif self.count == self._most + 1:
            print("… more below; --dry-run shows all", file=sys.stderr)
