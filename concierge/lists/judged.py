"""A scrub at a moment: the whole answer for each lead, as `policy simulate` has it, not that of the lists alone."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from concierge.errors import UserError
from concierge.leads import FIELDS
from concierge.policy.forecasting import campaign_named, forecaster_of

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.contact import Answer
    from models.forecast import Forecaster
    from models.rules import Lead

Cells = Callable[[Any], Sequence[str]]


def unseen(store: Any, campaign: str) -> str:
    """What a scrub by the lists alone does not look at; empty when there is nothing of the kind."""
    from concierge.commands.campaign import defined

    known = defined(store) if campaign else {}
    if not known:
        return ""
    if campaign.lower() not in known:
        return f"not looked at: campaign {campaign} is not defined, and the gate refuses calls of such a one"
    return (
        f"not looked at: state, consents, hours, days and caps of campaign {campaign}; "
        "--at TIME asks for a moment, `concierge policy simulate` for a week"
    )


def judged_of(args: Namespace, settings: Settings, store: Any) -> Judged:
    """Raises UserError, StoreError."""
    from datetime import timedelta

    from models.forecast import Span

    if not args.campaign:
        raise UserError("--at asks the rules of a campaign; name it with --campaign")
    name = campaign_named(store, args.campaign).name
    span = Span(args.at, args.at + timedelta(minutes=1), timedelta(minutes=1))
    return Judged(forecaster_of(settings, store, args.campaign, span), name, args.at)


class Judged:
    """Answers for one campaign at one moment. `columns` first, when the header of the file is known."""

    def __init__(self, forecaster: Forecaster, campaign: str, at: datetime) -> None:
        self._forecaster, self._campaign, self._at = forecaster, campaign, at
        self._cells: Cells | None = None
        self._places: dict[str, int] = {}

    def columns(self, names: Sequence[str], cells: Cells) -> None:
        """Names of the columns, and how the cells of a row are read."""
        lower = [name.strip().lower() for name in names]
        self._places, self._cells = {name: lower.index(name) for name in FIELDS if name in lower}, cells

    def answers(self, texts: Sequence[str], rows: Sequence[Any]) -> list[Answer | None]:
        """For each lead its answer; None: nothing stands against the call. Raises StoreError, CampaignError."""
        from models.policy import Reason

        leads = [self._lead(row) for row in rows] if self._places else None
        found = self._forecaster.decisions(texts, leads)
        plain = Reason.NOT_LISTED
        return [
            None if one.allowed and one.reason is plain else self._answer(text, one)
            for text, one in zip(texts, found, strict=True)
        ]

    def _lead(self, row: Any) -> Lead:
        from models.rules import Lead

        assert self._cells is not None  # noqa: S101 - set with the places
        cells = self._cells(row)
        return Lead(**{name: cells[at].strip()[:100] for name, at in self._places.items() if at < len(cells)})

    def _answer(self, text: str, decision: Any) -> Answer:
        from models.contact import NO_HISTORY, Answer, Question
        from models.errors import StoreError
        from models.number import interpret
        from models.policy import Reason

        if decision.reason is Reason.LIST_UNAVAILABLE:
            raise StoreError(decision.detail)
        question = Question(text, self._campaign, "scrub")
        return Answer(question, interpret(text, self._forecaster.site), decision, NO_HISTORY, self._at)
