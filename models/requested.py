"""PURE: what still stands against a call that the called person has asked for.

A key pressed in a campaign's call before the person asked to be called back is no objection to this one call, nor is a
national registry of people who want no advertising. Whatever was listed in any other way, or after the request, is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from models.callback import BY_KEY, REQUESTED
from models.policy import Knowledge, Listed, NotListed
from models.rules import Case
from models.suppression import ALL, Entry, Kind, ListEvent

AskedAt = Callable[[int, datetime], datetime | None]
"""Number and moment -> when it last asked to be called back; None when it did not, or something stands against it."""


def objections(known: Knowledge, asked_at: datetime) -> Knowledge:
    """What is known, without what does not stand against a requested call."""
    if not isinstance(known, Listed):
        return known
    left = tuple(entry for entry in known.entries if not _is_older_wish(entry, asked_at))
    return Listed(left) if left else NotListed()


def is_objected(events: Iterable[ListEvent], asked_at: datetime, now: datetime) -> bool:
    """Was the number listed in any way that stands against a requested call, and holds? What is listed again while it
    holds keeps its first reason, so the entry alone does not tell. Entries for
    other campaigns do not count.
    """
    events = list(events)
    removed = {one for event in events for one in event.removes}
    return any(
        one.kind is Kind.ADD
        and not one.allow
        and one.event_id not in removed
        and one.campaign in (ALL, REQUESTED)
        and not (one.source == BY_KEY and one.at <= asked_at)
        and (one.expires_at is None or one.expires_at > now)
        for one in events
    )


def of_request(case: Case) -> Case | None:
    """The rules of a requested call: those that the operator has given the campaign of promised callbacks; None: no
    such campaign is defined, and none is needed. The request is the consent, and a call that keeps a promise is none
    that the called country's law on advertising is about."""
    campaign = case.campaign
    if campaign is None:
        return None
    return replace(case, campaign=replace(campaign, consent=campaign.consent or "not-needed"), country=None)


def is_requested(campaign: str) -> bool:
    """Does a question name the campaign of promised callbacks?"""
    return campaign.lower() == REQUESTED


def _is_older_wish(entry: Entry, asked_at: datetime) -> bool:
    return entry.source == BY_KEY and not entry.allow and entry.created_at <= asked_at
