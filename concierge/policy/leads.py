"""Leads of a file for a forecast: numbers, and what columns named as in `models.rules.Lead` say of each person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from concierge.exchange import open_source
from concierge.leads import FIELDS

if TYPE_CHECKING:
    from models.exchange.leads import Form
    from models.rules import Lead

Block = tuple[list[str], "list[Lead] | None"]


def blocks(name: str, column: str | None) -> Iterator[Block]:
    """Numbers and leads, some thousands at a time. Raises UserError, FileRefused."""
    from models.exchange.leads import read

    with open_source(name) as file:
        form, found = read(file, column=column)
        places = _places(form)
        for raws, numbers in found:
            kept = [(raw, number) for raw, number in zip(raws, numbers, strict=True) if number is not None]
            yield [number for _, number in kept], [_lead(raw, form, places) for raw, _ in kept] if places else None


def size_of(name: str) -> int:
    """Bytes, for the progress."""
    try:
        return Path(name).stat().st_size
    except OSError:
        return 0


def _places(form: Form) -> dict[str, int]:
    from models.exchange.leads import cells_of

    names = [form.text(cell).strip().lower() for cell in cells_of(form.header, form.delimiter)]
    return {name: names.index(name) for name in FIELDS if name in names}


def _lead(raw: str, form: Form, places: dict[str, int]) -> Lead:
    from models.exchange.leads import cells_of
    from models.rules import Lead

    cells = cells_of(raw, form.delimiter)
    return Lead(**{name: form.text(cells[at]).strip() for name, at in places.items() if at < len(cells)})
