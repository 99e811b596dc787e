"""A campaign that left too many without an agent: the daemon tells everybody who hears the manager, once."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from concierge.lab.ami import Message
from concierge.lab.site import Site
from concierge.lab.wait import wait_until
from models import contacts
from models.caps import Contact, State
from models.store import Store
from models.tables import contact

pytestmark = pytest.mark.asterisk

AMERICAN = 12_125_551_234


def too_many(site: Site, campaign: str) -> None:
    """Four of a hundred."""
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    states = [State.CONVERSATION] * 96 + [State.ABANDONED] * 4
    rows = [contacts.row_of(Contact(str(uuid4()), AMERICAN, hour_ago, campaign, state=state)) for state in states]
    with closing(Store(site.store)) as store, store.writing() as connection:
        connection.execute(contact.insert(), rows)


def told(site: Site, since: int) -> list[Message]:
    return site.ami.find(lambda event: event["UserEvent"] == "ConciergeAbandoned", since)


def test_the_event_goes_out_once_also_when_the_daemon_starts_again(site: Site) -> None:
    since = site.ami.mark()
    for campaign in ("winter", "autumn"):
        too_many(site, campaign)
        site.stop_daemon()
        site.start_daemon()
        wait_until(lambda name=campaign: f"abandoned=above campaign={name} country=US" in site.log(), 15, "a look")  # type: ignore[misc]
        wait_until(lambda name=campaign: [one for one in told(site, since) if one["Campaign"] == name], 5, "its event")  # type: ignore[misc]
    assert [(one["Campaign"], one["Country"], one["Percent"], one["Most"]) for one in told(site, since)] == [
        ("winter", "US", "4.0", "3"),
        ("autumn", "US", "4.0", "3"),
    ]
    with closing(Store(site.store)) as store, store.writing() as connection:
        connection.execute(contact.delete().where(contact.c.number == AMERICAN))
