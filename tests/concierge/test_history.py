"""What is known before the call, the same on every way: channel variables, the command and HTTP."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from agi.outbound import history
from concierge.commands.check import facts_of
from concierge.settings import Settings, SiteSettings, StoreSettings
from concierge.wiring import judge_of, upgrade_store
from models import contacts, facts
from models.callback import Asked
from models.callback import Kind as Owed
from models.callbacks import Callbacks
from models.campaign import campaign_of
from models.caps import Contact, State
from models.consent import Act, ConsentEvent
from models.contact import Question
from models.rules import Lead
from models.store import Store
from models.suppression import Kind, ListEvent
from models.tables import contact
from web.person import Person

NUMBER = 48601234567
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LEAD = {"source": "fair", "source_at": "2026-01", "owner": "anna"}
WANTED = {
    "last": "2026-11-20T12:00:00Z",
    "campaign": "autumn",
    "outcome": "no-interest",
    "contacts": "1",
    "callback": "2026-11-14T12:00:00Z",
    "refusals": "loans spring cars",
    "source": "fair of 2026-01",
    "owner": "anna",
}


@pytest.fixture
def judge(tmp_path):
    path = tmp_path / "list.db"
    upgrade_store(path)
    campaign = campaign_of({"name": "spring", "consent": "not-needed", "country": "none"})
    taken_back = ConsentEvent(uuid4(), Act.WITHDRAW, NUMBER, NOW - 9 * DAY, "letter", "loans")
    made = [facts.campaign_fact(uuid4(), campaign, NOW - 99 * DAY, "test"), facts.fact_of(taken_back)]
    before = [
        Contact("a", NUMBER, NOW - 3 * DAY, "autumn", state=State.CONVERSATION, outcome="no-interest"),
        Contact("b", NUMBER, NOW - 70 * DAY, "spring", state=State.CONVERSATION, outcome="refused"),
        Contact("c", NUMBER, NOW - 60 * DAY, "spring", state=State.ATTEMPT),
    ]
    with closing(Store(path)) as store:
        facts.record(store, made)
        store.record(ListEvent(uuid4(), Kind.ADD, NUMBER, "cars", NOW - 5 * DAY, "asked", "letter"))
        with store.writing() as connection:
            connection.execute(contact.insert(), [contacts.row_of(one) for one in before])
        owed = Asked("e", Owed.PROMISE, NUMBER, "601", "queue-full", "pl", 30, NOW - 9 * DAY)
        Callbacks(store).record(owed, DAY)
    found = judge_of(Settings(SiteSettings(country="PL"), StoreSettings(str(path))), path)
    yield found
    found.reader.close()


def test_each_way_has_all_that_is_known(judge):
    answer = judge.answer(Question(f"+{NUMBER}", "spring", lead=Lead(**LEAD)), NOW)
    assert answer.decision.allowed
    told = facts_of(answer)["history"]
    assert told == WANTED
    last, campaign, outcome, count, callback, refusals, source, not_before, owner = history(answer).split("!")
    said = (last, campaign, outcome, count, callback, refusals, source, owner)
    assert said == tuple(WANTED.values()) and not_before == ""
    over_http = judge.answer(Question(f"+{NUMBER}", "spring", lead=Person(**LEAD).lead()), NOW)
    assert facts_of(over_http)["history"] == WANTED


def test_a_promise_that_is_kept_is_open_no_longer(judge):
    with closing(Store(judge.reader.path)) as store:
        callbacks = Callbacks(store)
        callbacks.finish(callbacks.matters()[0].id, "anna", "reached", NOW)
    answer = judge.answer(Question(f"+{NUMBER}", "spring"), NOW)
    assert facts_of(answer)["history"]["callback"] == ""


def test_what_is_not_known_yet_is_not_told(judge):
    answer = judge.answer(Question(f"+{NUMBER}", "spring"), NOW - 80 * DAY)
    assert set(facts_of(answer)["history"].values()) <= {"", "0"}
