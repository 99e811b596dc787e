"""What is known of a person, from options of a command: the same fields as a dialplan's CONCIERGE_LEAD."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.rules import Lead

FIELDS = ("person", "matter", "zone", "region", "birthday", "source", "source_at", "owner", "agent", "reason")


def add_lead(parser: ArgumentParser) -> None:
    """`--lead KEY=VALUE`, repeatable."""
    parser.add_argument(
        "--lead",
        action="append",
        default=[],
        type=_pair,
        metavar="KEY=VALUE",
        help=f"what is known of the person: {', '.join(FIELDS)} (repeatable)",
    )


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or key not in FIELDS:
        raise ArgumentTypeError(f"{text!r}: KEY=VALUE, KEY one of {', '.join(FIELDS)}")
    return key, value


def lead_of(pairs: list[tuple[str, str]]) -> Lead:
    """Raises UserError for a zone or birthday that is none."""
    from concierge.errors import UserError
    from models.campaign import day_of
    from models.hours import zone_of
    from models.rules import Lead

    lead = Lead(**dict(pairs))
    if lead.zone and zone_of(lead.zone) is None:
        raise UserError(f"--lead zone={lead.zone}: no zone such as Europe/Warsaw")
    if lead.birthday and day_of(lead.birthday) is None:
        raise UserError(f"--lead birthday={lead.birthday}: no day such as 1980-05-17 or 05-17")
    return lead
