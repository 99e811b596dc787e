"""Every format by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from models.exchange import astdb, delimited, flat, markup, sheet, tps, vicidial
from models.exchange.delimited import Layout
from models.exchange.flat import only_number
from models.exchange.kinds import Item, Listed, Refused

Blocks = Iterator[tuple[int, list[int] | Refused]]


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may say of a file. `columns`: field -> name of its column; `code`: the site's calling code;
    `name`: what is written instead of a number (CSV and TSV); `sheet`: which one of a workbook."""

    encoding: str | None = None
    delimiter: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    code: str = "1"
    name: Callable[[int], str] | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One format: what it is, how it is read and written. `blocks`: numbers in bulk, where the format allows that."""

    about: str
    read: Callable[[BinaryIO, Options], Iterator[Item]]
    write: Callable[[Iterable[Listed], BinaryIO, Options], Iterator[Refused]]
    blocks: Callable[[BinaryIO], Blocks] | None = None


def _delimited(layout: Layout) -> Callable[[BinaryIO, Options], Iterator[Item]]:
    return lambda stream, options: delimited.read(stream, _with(layout, options), options.encoding)


def _with(layout: Layout, options: Options) -> Layout:
    return replace(layout, delimiter=options.delimiter or layout.delimiter, named=options.columns, sheet=options.sheet)


def _write_all(delimiter: str) -> Callable[[Iterable[Listed], BinaryIO, Options], Iterator[Refused]]:
    def write(entries: Iterable[Listed], stream: BinaryIO, options: Options) -> Iterator[Refused]:
        cells = delimited.cells_of if options.name is None else delimited.named_cells(options.name)
        return delimited.write(
            entries, stream, delimited.HEADER, cells, options.delimiter or delimiter, options.encoding
        )

    return write


def _write_freepbx(entries: Iterable[Listed], stream: BinaryIO, options: Options) -> Iterator[Refused]:
    def cells(entry: Listed) -> list[str] | Refused:
        return only_number(entry) or [f"+{entry.number}", delimited.guarded(entry.reason)]

    return delimited.write(entries, stream, ("number", "description"), cells, ",", options.encoding)


def _write_issabel(entries: Iterable[Listed], stream: BinaryIO, options: Options) -> Iterator[Refused]:
    def cells(entry: Listed) -> list[str] | Refused:
        when = f"{entry.at:%Y-%m-%d %H:%M:%S}" if entry.at else ""
        return only_number(entry) or [f"+{entry.number}", when, "A"]

    return delimited.write(entries, stream, ("caller_id", "date_income", "status"), cells, ",", options.encoding)


def _flat(about: str) -> Format:
    return Format(about, lambda s, _o: flat.read(s), lambda e, s, _o: flat.write(e, s), flat.read_blocks)


def _markup(about: str) -> Format:
    return Format(about, lambda s, _o: markup.read(s), lambda e, s, _o: markup.write(e, s))


def _vicidial(*, campaigns: bool) -> Format:
    return Format(
        "VICIDIAL's campaign lists as CSV" if campaigns else "VICIDIAL's system list, one number a line",
        lambda s, o: vicidial.read(s, _with(vicidial.LAYOUT, o), o.encoding),
        lambda e, s, o: vicidial.write(e, s, o.code, o.encoding, campaigns=campaigns),
    )


_FREEPBX = Layout(("number", "reason"), html=True)
_ISSABEL = Layout(("number", "at", "status"))

FORMATS: Mapping[str, Format] = {
    "csv": Format("delimited text, with a header or number[,reason]", _delimited(Layout()), _write_all(",")),
    "tsv": Format("text delimited by tabs", _delimited(Layout(delimiter="\t")), _write_all("\t")),
    "xlsx": Format(
        "the sheet of a workbook that has rows, or the one that is named",
        lambda s, o: sheet.read(s, _with(Layout(), o)),
        lambda e, s, _o: sheet.write(e, s),
    ),
    "ftc": _flat("the USA's registry: AAA,NNNNNNN or ten digits a line, or a zip of such files"),
    "dncl": _flat("Canada's registry: AAA,NNNNNNN or ten digits a line, or a zip of such files"),
    "ftc-xml": _markup("the USA's registry as XML"),
    "dncl-xml": _markup("Canada's registry as XML"),
    "tps": Format(
        "the UK's registry: twelve characters and CR LF",
        lambda s, _o: tps.read(s),
        lambda e, s, _o: tps.write(e, s),
        tps.read_blocks,
    ),
    "vicidial": _vicidial(campaigns=False),
    "vicidial-campaign": _vicidial(campaigns=True),
    "astdb": Format(
        'FreePBX\'s blacklist as `asterisk -rx "database show blacklist"` prints it',
        lambda s, o: astdb.read(s, o.encoding),
        lambda e, s, o: astdb.write(e, s, o.encoding),
    ),
    "freepbx": Format("the CSV of FreePBX's blacklist: number,description", _delimited(_FREEPBX), _write_freepbx),
    "issabel": Format("Issabel's dont_call: caller_id,date_income,status", _delimited(_ISSABEL), _write_issabel),
}

_ENDINGS = {".xlsx": "xlsx", ".tsv": "tsv", ".csv": "csv", ".txt": "csv"}


def format_of(name: str) -> str | None:
    """The format that a file's name tells; None when it does not."""
    return next((found for ending, found in _ENDINGS.items() if name.lower().endswith(ending)), None)
