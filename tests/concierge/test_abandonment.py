"""A campaign that leaves too many of those who answer without an agent: told once, by log, event and webhook."""

import asyncio
import json
import logging
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from uuid import uuid4

import pytest

from concierge.abandonment import Abandonment, changes
from concierge.reporting.facts import facts_of, prometheus, rows_of
from concierge.settings import GateSettings, Settings, SiteSettings, StoreSettings, SyncSettings
from concierge.wiring import upgrade_store
from models import contacts, facts
from models.abandoned import Rate, by_law, limit, rates
from models.campaign import Campaign
from models.caps import Contact, State
from models.countries import country
from models.elsewhere import ask, keep
from models.figures import figures
from models.store import Store
from models.sync.link import Link
from models.tables import contact

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
US, CA, PL = 12_125_551_234, 14_165_551_234, 48_600_100_200


@pytest.fixture
def db(tmp_path):
    path = tmp_path / "list.db"
    upgrade_store(path)
    made = [Campaign("Spring"), Campaign("abroad", country="US"), Campaign("free", country="none")]
    with closing(Store(path)) as store:
        facts.record(store, [facts.campaign_fact(uuid4(), one, NOW - timedelta(days=99), "test") for one in made])
    return path


def called(db, campaign, number, state, count, days=1):
    rows = [
        contacts.row_of(Contact(str(uuid4()), number, NOW - timedelta(days=days), campaign, state=state))
        for _ in range(count)
    ]
    with closing(Store(db)) as store, store.writing() as connection:
        connection.execute(contact.insert(), rows)


def found(db):
    with closing(Store(db)) as store:
        return {(one.campaign, one.country): one for one in by_law(store, NOW)}


def test_the_rate_is_of_a_campaign_in_a_country_that_has_a_limit(db):
    for number in (US, CA, PL):
        called(db, "spring", number, State.CONVERSATION, 96)
        called(db, "SPRING", number, State.ABANDONED, 4)
    called(db, "spring", US, State.ABANDONED, 50, days=31)
    called(db, "spring", US, State.ATTEMPT, 50)
    called(db, "abroad", PL, State.CONVERSATION, 9)
    called(db, "free", US, State.CONVERSATION, 9)
    rates = found(db)
    assert rates["spring", "US"] == Rate("spring", 100, 4, "US", 3, 30)
    assert rates["abroad", "PL"].most == 3
    assert set(rates) == {("spring", "US"), ("abroad", "PL")} | (
        {("spring", "CA")} if country("CA").abandoned_percent else set()
    )


@pytest.mark.parametrize(
    ("answered", "abandoned", "above"), [(100, 3, False), (100, 4, True), (33, 1, False), (34, 2, True), (20, 9, False)]
)
def test_above_is_more_than_the_limit_of_enough_calls(answered, abandoned, above):
    assert Rate("a", answered, abandoned, "US", 3).above is above
    assert not Rate("a", answered, abandoned).above


def test_the_stricter_law_counts_and_an_emergency_has_none():
    laws = {"US": country("US"), "PL": country("PL")}
    assert limit(None, "US", 30, laws) == limit(Campaign("a"), "US", 30, laws) == 3
    assert limit(Campaign("a", basis="emergency"), "US", 30, laws) is None
    assert limit(Campaign("a", country="US"), "PL", 30, laws) == 3
    assert limit(Campaign("a"), "PL", 30, laws) is None and limit(Campaign("a"), "US", 7, laws) is None


def test_only_a_crossing_is_told():
    above, below = Rate("a", 100, 4, "US", 3), Rate("b", 100, 1, "US", 3)
    assert changes([above, below], set()) == ([above], [])
    assert changes([above, below], {"a US", "b US"}) == ([], ["b US"])
    assert changes([], {"a US"}) == ([], ["a US"])


@pytest.fixture
def webhook():
    bodies = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", bodies
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_is_told_once_per_crossing_also_after_a_restart(db, webhook, caplog):
    url, bodies = webhook
    settings = Settings(store=StoreSettings(str(db)), gate=GateSettings(webhook=url))
    sent = []

    async def send(headers):
        sent.append(headers)

    def look():
        with caplog.at_level(logging.WARNING):
            return len(asyncio.run(Abandonment(settings, Path(db), lambda: [send, send], lambda: NOW).look()))

    called(db, "spring", US, State.CONVERSATION, 97)
    called(db, "spring", US, State.ABANDONED, 3)
    assert look() == 0 and not sent
    called(db, "spring", US, State.ABANDONED, 1)
    assert [look(), look(), look()] == [1, 0, 0]
    told = {
        "campaign": "spring",
        "country": "US",
        "answered": 101,
        "abandoned": 4,
        "percent": 3.96,
        "most": 3,
        "days": 30,
        "sites": "this",
    }
    assert bodies == [{"event": "abandoned", "at": NOW.isoformat(), **told}]
    assert len(sent) == 2 and sent[0]["UserEvent"] == "ConciergeAbandoned"
    assert (sent[0]["Campaign"], sent[0]["Percent"], sent[0]["Most"]) == ("spring", "3.96", "3")
    assert caplog.text.count("abandoned=above campaign=spring country=US") == 1
    called(db, "spring", US, State.CONVERSATION, 100)
    assert look() == 0 and "abandoned=below-again campaign=spring country=US" in caplog.text
    called(db, "spring", US, State.ABANDONED, 9)
    assert look() == 1 and len(bodies) == 2


def test_show_report_and_metrics_have_it(db, tmp_path, concierge):
    now = datetime.now(UTC)
    days = (NOW - now) / timedelta(days=1)
    called(db, "spring", US, State.CONVERSATION, 96, days=days + 1)
    called(db, "spring", US, State.ABANDONED, 4, days=days + 1)
    config = tmp_path / "config.yaml"
    config.write_text(f"store: {{path: {db}}}\n", encoding="utf-8")
    shown = concierge("campaign", "show", "spring", "--config", str(config)).stdout
    assert "# 4 of 100 answered in 30 days with nobody there, US: 4.00 %, above 3 %\n" in shown
    (tmp_path / "again.yaml").write_text(shown, encoding="utf-8")
    assert concierge("campaign", "edit", str(tmp_path / "again.yaml"), "--config", str(config)).returncode == 0
    told = json.loads(concierge("report", "--format", "json", "--config", str(config)).stdout)["abandoned"]
    assert (told[0]["percent"], told[0]["above"]) == (4.0, True)
    assert "4.00 %, too many" in concierge("report", "--config", str(config)).stdout
    with closing(Store(db)) as store:
        facts_ = facts_of(figures(store, now - timedelta(days=1), now, timedelta(seconds=20)), by_law(store, now))
    assert ("answered with nobody there in 30 days, at most 3 %", "spring US", "4.00 %, too many") in list(
        rows_of(facts_)
    )
    text = prometheus(facts_)
    assert 'concierge_abandoned_percent{campaign="spring",country="US"} 4\n' in text
    assert 'concierge_abandoned_above{campaign="spring",country="US"} 1\n' in text


def told_by(access, site, number, state, count):
    """Contacts of a site in the shared database."""
    rows = [
        contacts.row_of(Contact(str(uuid4()), number, NOW - timedelta(days=1), "Spring", state=state, site=site))
        for _ in range(count)
    ]
    with closing(Link(access)) as link, link.transaction() as connection:
        connection.execute(contact.insert(), rows)


def test_the_calls_of_all_sites_count_where_contacts_are_shared(db, access):
    for site, abandoned in (("warsaw", 9), ("lodz", 4)):
        told_by(access, site, US, State.CONVERSATION, 96)
        told_by(access, site, US, State.ABANDONED, abandoned)
        told_by(access, site, PL, State.ATTEMPT, 7)
    called(db, "spring", US, State.CONVERSATION, 100)
    assert found(db)["spring", "US"] == Rate("spring", 100, 0, "US", 3, 30)
    with closing(Store(db)) as store:
        keep(store, NOW, ask(access, "warsaw", NOW, {30}))
        assert found(db)["spring", "US"] == Rate("spring", 200, 4, "US", 3, 30, all_sites=True)
        assert rates(store, NOW)[0] == Rate("spring", 200, 4, all_sites=True)
        assert rates(store, NOW, 7)[0] == Rate("spring", 100, 0, days=7)
        later = by_law(store, NOW + timedelta(days=2))[0]
        assert (later.answered, later.all_sites) == (100, False)


def test_a_shared_database_that_is_away_takes_nothing_back(db, access, caplog):
    url = access.url.render_as_string(hide_password=False)
    settings = Settings(
        store=StoreSettings(str(db)), site=SiteSettings(name="warsaw"), sync=SyncSettings(url=url, site="warsaw")
    )
    gone = replace(settings, sync=SyncSettings(url="postgresql://nobody@127.0.0.1:1/none", site="warsaw", timeout=0.2))

    def look(of):
        with caplog.at_level(logging.WARNING):
            return [(one.answered, one.abandoned) for one in asyncio.run(of.look())]

    told_by(access, "lodz", US, State.CONVERSATION, 96)
    told_by(access, "lodz", US, State.ABANDONED, 40)
    called(db, "spring", US, State.CONVERSATION, 100)
    alone = Abandonment(gone, Path(db), clock=lambda: NOW)
    assert look(alone) == [] and caplog.text.count("abandoned=others-unknown why=postgresql://127.0.0.1:1/none") == 1
    assert look(Abandonment(settings, Path(db), clock=lambda: NOW)) == [(236, 40)]
    for clock in (NOW, NOW + timedelta(days=2)):  # known from before; too old
        assert look(Abandonment(gone, Path(db), clock=lambda clock=clock: clock)) == []
    assert "below-again" not in caplog.text
    called(db, "spring", US, State.CONVERSATION, 5000)
    assert look(Abandonment(settings, Path(db), clock=lambda: NOW)) == []
    assert "abandoned=below-again campaign=spring country=US" in caplog.text
