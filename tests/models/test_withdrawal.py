"""What an opt-out takes back, whichever is known first; consents that cannot be read keep no opt-out from the list."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from models import facts
from models.campaign import Campaign
from models.cases import Cases
from models.consent import Act, ConsentEvent
from models.contact import Question
from models.gate import Judge
from models.policy import Reason
from models.reader import Reader
from models.store import Store
from models.suppression import Kind
from models.withdrawal import consents_of


def test_an_opt_out_is_recorded_although_the_consents_cannot_be_read(db, make, caplog):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with closing(Store(db)) as store:
        granted = ConsentEvent(uuid4(), Act.GRANT, make.PERSON, at, "form", "cards", "call", "scan 17")
        facts.record(store, [facts.fact_of(granted)])
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE fact SET body = 'no JSON'")
    with closing(Store(db)) as store:
        done = store.record(replace(make.event(make.PERSON), source="key"))
        assert done.new and store.entries(make.PERSON)
    assert "consent=not-withdrawn" in caplog.text
    assert str(make.PERSON) not in caplog.text


@pytest.mark.parametrize("scope", ["", "loans", "cards-spring"])
@pytest.mark.parametrize("given", [-1, 1])
def test_a_consent_of_before_an_opt_out_that_is_known_after_it_is_taken_back_too(db, make, scope, given):
    """Another site's, or one of an import: whoever takes the number off the list gives it to nobody back."""
    pressed, now = make.NOW - 5 * make.day, make.NOW
    campaign = Campaign("cards-spring", purpose="cards", consent="required", country="none")
    granted = ConsentEvent(uuid4(), Act.GRANT, make.PERSON, pressed + given * make.day, "form", "cards")
    opt_out = replace(make.event(make.PERSON, campaign=scope), source="key", at=pressed)
    with closing(Store(db)) as store:
        facts.record(store, [facts.campaign_fact(uuid4(), campaign, pressed, "anna")])
        store.record(opt_out)
        facts.record(store, [facts.fact_of(granted)])
        store.record(make.event(make.PERSON, campaign=scope, kind=Kind.REMOVE))
    with closing(Reader(db)) as reader:
        judge = Judge(reader, make.site, cases=Cases(reader))
        found = judge.answer(Question(f"+{make.PERSON}", "cards-spring"), now).decision
        told = {step.rule: step for step in judge.explained(Question(f"+{make.PERSON}", "cards-spring"), now)}[
            "consent"
        ]
    with closing(Store(db)) as store:
        shown = [one.act for one in consents_of(store, make.PERSON)]
    taken_back = given < 0 and scope != "loans"
    assert shown == [Act.GRANT, Act.WITHDRAW][: 1 + taken_back]
    assert found.reason is (Reason.CONSENT_WITHDRAWN if taken_back else Reason.NOT_LISTED)
    assert told.allowed is not taken_back
    assert (f"proof opt-out {opt_out.event_id}" in told.detail) is taken_back
