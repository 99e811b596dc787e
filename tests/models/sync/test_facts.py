"""Campaigns and consents of one site hold at the others."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from models import facts
from models.campaign import Campaign
from models.consent import Act, ConsentEvent
from models.sync.facts import of_row, to_row
from models.sync.message import Unreadable

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
N = 48601234567


def grant(act=Act.GRANT):
    return facts.fact_of(ConsentEvent(uuid4(), act, N, NOW, "form", "cards"))


def test_what_one_site_records_the_other_has(on_postgresql, hosts, wait):
    one, other = hosts(on_postgresql, "a", "b")
    campaign = facts.campaign_fact(uuid4(), Campaign("Spring", reason="new-model"), NOW, "anna")
    written = [campaign, grant(), grant(Act.WITHDRAW)]
    with closing(one.open()) as store:
        assert facts.record(store, written) == 3
        assert facts.record(store, written) == 0

    def arrived():
        with closing(other.open()) as store:
            return facts.read(store, facts.CAMPAIGN, *facts.CONSENTS)

    wait.until_now(lambda: len(arrived()) == 3, 15)
    found = arrived()
    assert [replace(each, seq=0, site="") for each in found] == written
    assert {each.site for each in found} == {"a"}
    assert facts.campaigns_of(found)["spring"].reason == "new-model"


def test_the_newest_campaign_is_the_same_in_whatever_order_they_arrive():
    old = facts.campaign_fact(UUID(int=2), Campaign("spring"), NOW, "anna")
    new = facts.campaign_fact(UUID(int=1), Campaign("spring", state="paused"), NOW + timedelta(seconds=1), "jan")
    for first, second in ((old, new), (new, old)):
        found = facts.campaigns_of([replace(first, seq=1), replace(second, seq=2)])
        assert found["spring"].state == "paused"


@pytest.fixture
def message():
    row = {
        "event_id": str(uuid4()),
        "site": "",
        "recorded_at": 5,
        "kind": "grant",
        "subject": "cards",
        "source": "form",
    }
    return of_row(row | {"actor": "anna", "body": "{}", "at": 7, "number": N}, "a")


def test_a_row_goes_there_and_back(message):
    assert to_row(message) == {
        "event_id": message.event_id,
        "site": "a",
        "recorded_at": 5,
        "kind": "grant",
        "subject": "cards",
        "source": "form",
        "actor": "anna",
        "body": "{}",
        "at": 7,
        "number": N,
    }


@pytest.mark.parametrize(
    "change",
    [{"at": "x"}, {"at": 10**30}, {"subject": 7}, {"content": "["}, {"content": "[]"}, {"number": "x"}, {"fact": None}],
)
def test_what_is_malformed_is_unreadable(message, change):
    with pytest.raises(Unreadable):
        to_row(replace(message, body=json.dumps(json.loads(message.body) | change)))


def test_a_later_version_and_an_odd_id_are_unreadable(message):
    for change in ({"version": 4}, {"event_id": "x"}, {"body": "7"}):
        with pytest.raises(Unreadable):
            to_row(replace(message, **change))
