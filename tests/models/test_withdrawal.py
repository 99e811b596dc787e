"""A consent that cannot be read keeps no opt-out from the list, and is not passed over without a word."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from models import facts
from models.consent import Act, ConsentEvent
from models.store import Store


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
