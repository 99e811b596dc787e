"""A campaign on a real Asterisk: of sixty leads exactly the free ones ring, and what becomes of a call is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from concierge.lab.phone import Phone
from concierge.lab.site import Site
from concierge.lab.wait import wait_until
from models import facts
from models.campaign import campaign_of
from models.consent import Act, ConsentEvent
from models.store import Store
from models.suppression import Kind, ListEvent

pytestmark = pytest.mark.asterisk

EACH = {"22": 12, "16": 4}  # leads of each kind
FIRST = 48_602_000_000
CAPS = [{"key": "number", "kind": "attempt", "window": "24h", "limit": 1, "scope": "campaign"}]


@pytest.fixture
def spring(site: Site) -> Iterator[None]:
    """Open for some hours around now in Warsaw; on the other side of the world it is night."""
    now = datetime.now(UTC)
    hour = now.astimezone(ZoneInfo("Europe/Warsaw")).hour
    end = "24:00" if hour > 21 else f"{hour + 3:02}:00"
    windows = {"daily": f"{max(0, hour - 2):02}:00-{end}"}
    data = {"name": "spring", "purpose": "cards", "consent": "required", "windows": windows, "caps": CAPS}
    campaign = campaign_of(data)
    with closing(Store(site.store)) as store:
        facts.record(store, [facts.campaign_fact(uuid4(), campaign, now, "test")])
    yield
    gone = campaign_of(data | {"state": "removed"})
    with closing(Store(site.store)) as store:
        facts.record(store, [facts.campaign_fact(uuid4(), gone, datetime.now(UTC), "test")])


def states(site: Site, numbers: list[int]) -> list[str]:
    with closing(Store(site.store)) as store, store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT number, state FROM contact ORDER BY seq").all()
    return [state for number, state in rows if number in numbers]


def dial(site: Site, number: int, zone: str) -> bool:
    """Did Asterisk place the call? One after the other, and each is over before the next."""
    told = {"__CONCIERGE_CAMPAIGN": "spring", "__CONCIERGE_LEAD": f"zone={zone}&source=form (web, 2026&owner=anna"}
    channel = f"Local/{number}@outbound-quiet/n"
    answer = site.ami.originate(channel, context="lab-hold", exten="0", variables=told)
    site.pbx.hangup_all()
    wait_until(lambda: not site.pbx.channels(), 15, "the end of the call")
    return bool(answer["Response"] == "Success")


def test_of_sixty_leads_exactly_the_free_ones_ring(
    site: Site, callee: Phone, spring: None, asterisk_version: str, last_check: Callable[[int], dict[str, object]]
) -> None:
    each, base = EACH[asterisk_version], FIRST + 1000 * int(asterisk_version)
    listed, night, without, free = (list(range(base + at * each, base + (at + 1) * each)) for at in range(4))
    now = datetime.now(UTC) - timedelta(days=1)
    grants = [ConsentEvent(uuid4(), Act.GRANT, one, now, "form", "cards") for one in (*listed, *night, *free)]
    with closing(Store(site.store)) as store:
        facts.record(store, [facts.fact_of(one) for one in grants])
        for one in listed:
            store.record(ListEvent(uuid4(), Kind.ADD, one, "", now, "asked", "letter"))
    since = site.ami.mark()
    for one in (*listed, *without):
        assert not dial(site, one, "Europe/Warsaw")
    for one in night:
        assert not dial(site, one, "Pacific/Auckland")
    for one in free:
        assert dial(site, one, "Europe/Warsaw")
    wait_until(lambda: states(site, free) == ["conversation"] * each, 10, "the ends of the calls")
    for one in free:
        assert not dial(site, one, "Europe/Warsaw")  # once a day is enough
    assert sorted(callee.invites) == sorted(map(str, free))
    reasons = [last_check(numbers[0])["reason"] for numbers in (listed, night, without, free)]
    assert reasons == ["listed", "outside-hours", "consent-missing", "cap-reached"]
    told = site.ami.find(lambda event: event["UserEvent"] == "ConciergeContact", since)
    assert [int(event["Number"]) for event in told] == free
    assert told[0]["History"].split("!")[6] == "form  web  2026"
    said = {key: told[0][key] for key in ("LastContact", "Contacts30Days", "Refusals", "Source", "Owner")}
    assert said == {
        "LastContact": "",
        "Contacts30Days": "0",
        "Refusals": "",
        "Source": "form  web  2026",
        "Owner": "anna",
    }
