"""Which column holds what: headers as many systems write them, and the delimiter, counted and never sniffed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from models.exchange.kinds import FileRefused

# fmt: off
_NAMES = {
    "number": {
        "number", "numbers", "phone", "phone_number", "phonenumber", "telephone", "telephone_number", "tel", "msisdn",
        "numer", "numer_telefonu", "nr_telefonu", "telefon", "nr", "caller_id", "callerid", "caller_id_number", "cid",
        "mobile", "mobile_phone", "cell", "dnc_number", "e164", "rufnummer", "telefonnummer",
        "range_from", "range_start", "range_begin",
    },
    "last": {"last", "range_to", "range_end"},
    "campaign": {"campaign", "campaign_id", "kampania", "campaign_name"},
    "until": {"until", "expires", "expires_at", "expiry", "expiration", "expiration_date", "expiry_date", "do_dnia",
              "wazne_do", "ważne_do"},
    "reason": {"reason", "description", "opis", "powod", "powód", "comment", "note", "uwagi", "grund"},
    "source": {"source", "zrodlo", "źródło"},
    "at": {"at", "date", "added", "added_at", "created", "created_at", "date_income", "data", "entry_date"},
    "status": {"status"},
    "allow": {"allow", "allowed", "action"},
}
# fmt: on
FIELDS = {name: field for field, names in _NAMES.items() for name in names}
_BEGINS = frozenset({"from", "first", "von", "od", "od_numeru"})  # of a call, of a name, or of a range
_ENDS = frozenset({"to", "bis", "do", "do_numeru"})
NO_COLUMN = "-"
DELIMITERS = ";\t|,"
_NONE = "\x1f"  # a delimiter for files of one column
_SAMPLE = 50  # lines


def delimiter_of(lines: Sequence[str]) -> str:
    """The candidate that the first line has, and that most lines have as often as it; of one column: none of them.

    `csv.Sniffer` takes the digit 8 for the delimiter of a list of numbers.
    """
    filled = [_outside_quotes(line) for line in lines[:_SAMPLE] if line.strip()]
    if not filled:
        return _NONE
    candidates = [mark for mark in DELIMITERS if mark in filled[0]]
    if not candidates:
        return _NONE
    return max(candidates, key=lambda mark: sum(line.count(mark) == filled[0].count(mark) for line in filled))


def _outside_quotes(line: str) -> str:
    return re.sub(r'"[^"]*"?', "", line)


def is_one_column(delimiter: str) -> bool:
    """Did `delimiter_of` find none?"""
    return delimiter == _NONE


def field_of(cell: str) -> str | None:
    """What a column with this header holds; None when no such name is known."""
    return FIELDS.get(_plain(cell))


def _plain(cell: str) -> str:
    return re.sub(r"[\W_]+", "_", cell.strip().strip("\ufeff").casefold()).strip("_")


def check_range(cells: Sequence[str], named: Mapping[str, str]) -> None:
    """Raises FileRefused for columns that may be the ends of a range, or the two parties of a call, or a name.

    A range that nobody meant lists everybody in it; an end that is left out lists too few.
    """
    if "last" in named:
        return
    names = {_plain(cell): cell.strip() for cell in reversed(cells)}
    begins = [names[one] for one in names if one in _BEGINS]
    ends = [names[one] for one in names if one in _ENDS or (one == "last" and "first" in names)]
    known = any(FIELDS.get(one) == "number" for one in names) or "number" in named
    if ends and (begins or known):
        first = f"--column number={begins[0]} " if begins and not known else ""
        no_range = "" if known else "--column number=NAME "
        raise FileRefused(
            f"the column {ends[0]!r} may be the end of a range: if it is, say {first}--column last={ends[0]}; if not, "
            f"{no_range}--column last={NO_COLUMN}"
        )


def read_header(cells: Sequence[str], named: Mapping[str, str]) -> dict[str, int] | None:
    """Field -> column of a header line; None when this is no header.

    `named`: field -> the name of its column, which wins over known names; `-`: there is none. Raises FileRefused for a
    name that is not there, and for two columns that may be the number.
    """
    found: dict[str, list[int]] = {}
    for column, cell in enumerate(cells):
        if (field := field_of(cell)) is not None:
            found.setdefault(field, []).append(column)
    clean = [cell.strip().strip("\ufeff").casefold() for cell in cells]
    for field, name in named.items():
        if name == NO_COLUMN and field != "number":
            found.pop(field, None)
            continue
        if name.casefold() not in clean:
            raise FileRefused(f"no column is called {name!r}; there are: {', '.join(filter(None, clean))}")
        found[field] = [clean.index(name.casefold())]
    if "number" not in found:
        return None
    if len(found["number"]) > 1:
        names = ", ".join(cells[column].strip() for column in found["number"])
        raise FileRefused(f"several columns may hold the number ({names}); choose with --column number=NAME")
    return {field: columns[0] for field, columns in found.items()}


def _is_word(cell: str) -> bool:
    """No digit stands in it; or letters and a digit or two: phone1 is a name, and no number."""
    digits = sum(char.isdigit() for char in cell)
    return digits == 0 or (digits < 3 and any(char.isalpha() for char in cell))


def without_header(cells: Sequence[str], defaults: Sequence[str]) -> dict[str, int]:
    """Columns by position, when the first line is a row. Raises FileRefused when that would be a guess."""
    numbers = [column for column, cell in enumerate(cells) if sum(char.isdigit() for char in cell) >= 3]
    if _is_word(cells[0]) and any(cells):
        raise FileRefused(
            f"no column of the first line is known to hold numbers ({', '.join(cells)[:200]}); "
            "choose with --column number=NAME"
        )
    if len(cells) > len(defaults):
        raise FileRefused("several columns and no header; add a first line such as number,reason")
    if len(numbers) > 1 and defaults[1] == "reason":
        raise FileRefused("two columns hold digits and there is no header; add a first line such as number,reason")
    return {field: column for column, field in enumerate(defaults) if column < len(cells)}
