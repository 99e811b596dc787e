"""`list scrub`: a file of leads into those that may be called, as they were, and the others with the reason."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, islice
from os.path import realpath
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from concierge.errors import UserError
from concierge.exchange import open_source
from concierge.lists.judged import Cells, judged_of, unseen
from concierge.lists.opening import open_store
from concierge.outputs import refuse_own, replacing
from concierge.privacy import access_of
from concierge.progress import Progress, progress
from concierge.wiring import judge_of, registries_of

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.bulk import Bulk
    from models.contact import Answer
    from models.exchange.leads import Form

_CHUNK = 20_000  # leads
Ask = Callable[[Sequence[str], Sequence[Any]], "list[Answer | None]"]  # numbers and the rows they stand in
Columns = Callable[[Sequence[str], Cells], None]
Asking = tuple[Ask, Columns]
_NOBODY = ("emergency", "short-code", "internal")


@dataclass(slots=True)
class Counts:
    """How the leads were split. `odd` are callable, but nobody's telephone; `rounded` were refused for lost digits."""

    callable: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    odd: int = 0
    rounded: int = 0


class Sink(Protocol):
    """Where leads go."""

    def keep(self, leads: Sequence[Any]) -> None:
        """The callable ones."""

    def refuse(self, lead: Any, answer: Answer) -> None:
        """One that may not be called."""


def scrub(args: Namespace, settings: Settings) -> int:
    """0 all leads are callable, 1 some were refused."""
    _check_paths(args)
    refuse_own(args, settings, args.output, args.refused)
    counts = Counts()
    with open_store(settings) as store, progress("reading the list") as shown:
        bulk = _bulk(store, settings, args.campaign, shown)
        judged = judged_of(args, settings, store) if args.at is not None else None
        left_out = "" if judged is not None else unseen(store, args.campaign)
    ask: Ask = (lambda texts, _rows: bulk.answers(texts)) if judged is None else judged.answers
    columns: Columns = (lambda _names, _cells: None) if judged is None else judged.columns
    from models.access import noted

    asked = access_of("scrub", f"{Path(args.file).name}{f' for campaign {args.campaign}' if args.campaign else ''}")
    with (
        open_store(settings) as store,
        noted(store, asked) as told,
        open_source(args.file) as file,
        progress(args.file, Path(args.file).stat().st_size) as shown,
    ):
        from models.errors import CampaignError, StoreError

        try:
            work = _workbook if args.file.lower().endswith(".xlsx") else _delimited
            work(file, args, (ask, columns), counts, shown)
        except StoreError as error:
            raise UserError(f"the list cannot be read: {error}; nothing was written") from error
        except CampaignError as error:
            raise UserError(f"{error}; nothing was written") from error
        told.rows = counts.callable + sum(counts.refused.values())
    _tell(args.file, counts)
    print(bulk.as_of() if args.at is None else f"for a call at {args.at:%Y-%m-%d %H:%M}Z, {bulk.as_of()}")
    if left_out:
        print(left_out)
    return 1 if counts.refused else 0


def _check_paths(args: Namespace) -> None:
    outputs = [realpath(name) for name in (args.output, args.refused) if name]
    if len({*outputs, realpath(args.file)}) <= len(outputs):
        raise UserError("the leads, -o and --refused must be different files")
    if args.sheet is not None and not args.file.lower().endswith(".xlsx"):
        raise UserError(f"--sheet is for workbooks, and {args.file} does not end in .xlsx")


def _bulk(store: Any, settings: Settings, campaign: str, shown: Progress) -> Bulk:
    from models.bulk import Bulk, Known

    # by the lists alone: hours and caps are of the moment of the call, see `concierge policy simulate`
    judge = replace(judge_of(settings, store.path), cases=None)
    registries = registries_of(settings, store.path)
    bulk = Bulk(judge, Known(store, shown.at), registries, campaign, datetime.now(UTC))
    standing = bulk.standing()
    if not standing.allowed:
        raise UserError(f"--campaign {campaign!r}: every call is refused: {standing.reason.value} ({standing.detail})")
    return bulk


def _tell(name: str, counts: Counts) -> None:
    refused = sum(counts.refused.values())
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.refused.items()))
    print(f"{name}: {counts.callable} callable, {refused} refused" + (f" ({reasons})" if reasons else ""))
    if counts.odd:
        print(f"{counts.odd} of the callable are emergency numbers, short codes or internal extensions")
    if counts.rounded:
        print(
            f"{counts.rounded} refused: a spreadsheet has rounded them, and others perhaps without showing it; "
            "format the column as text and export it again"
        )


def _delimited(file: BinaryIO, args: Namespace, asking: Asking, counts: Counts, shown: Progress) -> None:
    from models.exchange.leads import ADDED, cells_of, read

    form, leads = read(file, args.encoding, args.delimiter, args.column)
    ask, columns = asking

    def cells(raw: str) -> list[str]:
        return [form.text(cell) for cell in cells_of(raw, form.delimiter)]

    columns(cells(form.header), cells)
    with replacing(Path(args.output)) as kept, _maybe(args.refused) as refused:
        sink = _Text(form, kept, refused)
        if form.header:
            sink.write(kept, form.header)
            sink.write(refused, form.with_cells(form.header, *ADDED))
        _split(leads, ask, sink, counts, shown)


@contextlib.contextmanager
def _maybe(name: str | None) -> Iterator[BinaryIO | None]:
    if name is None:
        yield None
        return
    with replacing(Path(name)) as stream:
        yield stream


class _Text:
    """Two delimited files."""

    def __init__(self, form: Form, kept: BinaryIO, refused: BinaryIO | None) -> None:
        self._form, self._kept, self._refused = form, kept, refused

    def write(self, stream: BinaryIO | None, raw: str) -> None:
        """The bytes that were read."""
        if stream is not None:
            stream.write(raw.encode(self._form.codec))

    def keep(self, leads: Sequence[str]) -> None:
        """As they were."""
        self.write(self._kept, "".join(leads))

    def refuse(self, lead: str, answer: Answer) -> None:
        """With reason, entry and detail in columns at the end."""
        self.write(self._refused, self._form.with_cells(lead, *why(answer)))


def why(answer: Answer) -> tuple[str, str, str]:
    """Reason, entry and detail of a refusal."""
    decision = answer.decision
    return decision.reason.value, str(decision.entry.id) if decision.entry else "", decision.detail


def _split(
    blocks: Iterable[tuple[list[Any], list[str | None]]], ask: Ask, sink: Sink, counts: Counts, shown: Progress
) -> None:
    done = 0
    for leads, numbers in blocks:
        asked = [number for number in numbers if number is not None]
        rows = leads if len(asked) == len(numbers) else _with_number(leads, numbers)
        answers: list[Answer | None] = ask(asked, rows)
        if any(answers) or len(asked) < len(numbers):
            each = iter(answers)
            answers = [None if number is None else next(each) for number in numbers]
        kept = leads if not any(answers) else _kept(leads, answers, sink, counts)
        sink.keep(kept)
        counts.callable += len(kept) - (len(numbers) - len(asked))
        done += len(leads)
        shown.at(done)


def _with_number(leads: list[Any], numbers: list[str | None]) -> list[Any]:
    return [lead for lead, number in zip(leads, numbers, strict=True) if number is not None]


def _kept(leads: list[Any], answers: list[Answer | None], sink: Sink, counts: Counts) -> list[Any]:
    """Those that may be called; the others go their way."""
    kept = []
    for lead, answer in zip(leads, answers, strict=True):
        if answer is not None:
            _count(answer, counts)
            if not answer.decision.allowed:
                sink.refuse(lead, answer)
                continue
        kept.append(lead)
    return kept


def _count(answer: Answer, counts: Counts) -> None:
    from models.number import NotANumber, Why

    counts.rounded += isinstance(answer.destination, NotANumber) and answer.destination.why is Why.EXPONENT
    if not answer.decision.allowed:
        counts.refused[answer.decision.reason.value] += 1
    elif answer.decision.reason.value in _NOBODY:
        counts.odd += 1


def _workbook(file: BinaryIO, args: Namespace, asking: Asking, counts: Counts, shown: Progress) -> None:
    from models.exchange.columns import read_header, without_header
    from models.exchange.kinds import FileRefused
    from models.exchange.leads import ADDED
    from models.exchange.sheet import new_book, raw_rows, text_of

    rows = raw_rows(file, args.sheet)
    line, first = next(rows, (0, ()))
    cells = [text_of(value, line) for value in first]
    if not any(cells):
        raise FileRefused("its first line is empty")
    header = read_header(cells, {"number": args.column} if args.column else {})
    column = (header or without_header(cells, ("number",)))["number"]
    ask, columns = asking
    columns(cells if header is not None else (), lambda row: [text_of(value, line) for value in row])

    def leads() -> Iterator[tuple[list[Any], list[str | None]]]:
        """In blocks; empty lines are left out."""
        found = rows if header is not None else chain([(line, first)], rows)
        filled = ((line, values) for line, values in found if any(value is not None for value in values))
        while chunk := list(islice(filled, _CHUNK)):
            numbers = [text_of(row[column], at).strip() if column < len(row) else "" for at, row in chunk]
            yield [row for _, row in chunk], list(numbers)

    with new_book("leads") as kept_book, new_book("refused") as refused_book:
        sink = _Book(kept_book, refused_book)
        if header is not None:
            sink.kept.append(first)
            sink.refused.append([*first, *ADDED])
        _split(leads(), ask, sink, counts, shown)
        with replacing(Path(args.output)) as kept, _maybe(args.refused) as refused:
            sink.save(kept, refused)


class _Book:
    """Two workbooks."""

    def __init__(self, *books: tuple[Any, Any]) -> None:
        self._books = [book for book, _ in books]
        self.kept, self.refused = (sheet for _, sheet in books)

    def keep(self, leads: Sequence[tuple[Any, ...]]) -> None:
        """With their values."""
        for values in leads:
            self.kept.append(self._cells(self.kept, values))

    def refuse(self, lead: tuple[Any, ...], answer: Answer) -> None:
        """With reason, entry and detail at the end."""
        self.refused.append(self._cells(self.refused, (*lead, *why(answer))))

    def _cells(self, sheet: Any, values: tuple[Any, ...]) -> Sequence[Any]:
        """A text that begins with = stays a text."""
        if not any(isinstance(value, str) and value.startswith("=") for value in values):
            return values
        from openpyxl.cell import WriteOnlyCell

        cells = [WriteOnlyCell(sheet, value) for value in values]
        for cell in cells:
            if cell.data_type == "f":
                cell.data_type = "s"
        return cells

    def save(self, kept: BinaryIO, refused: BinaryIO | None) -> None:
        """Both, or the first."""
        for book, stream in zip(self._books, (kept, refused), strict=True):
            if stream is not None:
                book.save(stream)


ACTIONS = {"scrub": scrub}
