"""Whoever opts out takes the consent back too: by key at either witness, by an agent's code, by the command."""

import asyncio
import json
import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from agi.handlers import ByHand
from agi.handlers import OptOut as AgiOptOut
from ami.legs import OptOut, press_id
from concierge.recorder import Recorder
from concierge.wiring import upgrade_store
from models import facts
from models.campaign import Campaign
from models.consent import Act, ConsentEvent
from models.journal import Journal
from models.number import Site
from models.store import Store
from models.suppression import Kind, ListEvent

PERSON, AT = 48601234567, 1763899200.25
PRESSED = datetime.fromtimestamp(AT, UTC)
DIGITS = {"9": "all", "8": "campaign"}
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "concierge.db"
    upgrade_store(path)
    made = [
        facts.campaign_fact(uuid4(), campaign, PRESSED - 9 * DAY, "test")
        for campaign in (Campaign("spring", purpose="cards"), Campaign("news", purpose="cards", consent="not-needed"))
    ]
    with closing(Store(path)) as store:
        facts.record(store, made)
    return path


@pytest.fixture
def db(template, tmp_path):
    """With the key that has signed its evidence."""
    return shutil.copytree(template.parent, tmp_path / "store") / "concierge.db"


@pytest.fixture
async def recorder(db):
    journal = Journal(db)
    yield Recorder(journal, "pbx", DIGITS, Site("PL"))
    await journal.close()


def grant(db, topic, days=5):
    with closing(Store(db)) as store:
        given = ConsentEvent(uuid4(), Act.GRANT, PERSON, PRESSED - days * DAY, "form", topic)
        facts.record(store, [facts.fact_of(given)])


def withdrawn(db):
    with closing(Store(db)) as store:
        return [facts.consent_of(one) for one in facts.read(store, Act.WITHDRAW.value)]


def reported(digit="9", campaign="spring"):
    return AgiOptOut(str(PERSON), campaign, digit, 1, "PJSIP/out-1", "17.1", AT)


def pressed(digit="9", campaign="spring"):
    identity = press_id("pbx", "17.1", digit, f"{AT:.6f}")
    return OptOut(identity, PERSON, DIGITS[digit], campaign, digit, "PJSIP/out-1", "17.1", "17.0", AT, AT)


@pytest.mark.parametrize(
    ("digit", "campaign", "granted", "topics"),
    [
        ("9", "spring", ["cards"], [""]),
        ("9", "spring", ["loans"], [""]),
        ("9", "", [""], [""]),
        ("8", "spring", ["cards"], ["cards"]),
        ("8", "Spring", [""], ["cards"]),
        ("8", "spring", ["loans"], []),
        ("8", "news", ["cards"], []),
        ("8", "undefined", ["undefined"], ["undefined"]),
        ("9", "spring", [], []),
    ],
)
async def test_a_key_takes_back_what_the_call_rested_on(recorder, db, digit, campaign, granted, topics):
    for topic in granted:
        grant(db, topic)
    assert await recorder.from_dialplan(reported(digit, campaign))
    assert [one.topic for one in withdrawn(db)] == topics
    for one in withdrawn(db):
        assert (one.at, one.source, one.actor) == (PRESSED, "key", "called person")
        assert one.proof.startswith("opt-out ")


async def test_two_witnesses_and_repeated_reports_take_it_back_once(recorder, db):
    grant(db, "cards")
    told = [lambda: recorder.from_dialplan(reported()), lambda: recorder.record(pressed())]
    await asyncio.gather(*(one() for one in told * 3))
    assert len(withdrawn(db)) == 1


async def test_what_was_taken_back_before_is_not_taken_back_again(recorder, db):
    grant(db, "cards")
    await recorder.from_dialplan(reported())
    await recorder.from_dialplan(AgiOptOut(str(PERSON), "spring", "9", 1, "PJSIP/out-2", "18.1", AT + 60))
    assert len(withdrawn(db)) == 1


async def test_a_number_that_an_agent_lists_takes_it_back_with_who_it_was(recorder, db):
    grant(db, "cards")
    listed = ByHand(str(PERSON), "keyed-unknown", "spring", 1, "PJSIP/101-1", "17.2", "PJSIP/101", "101", int(AT))
    assert await recorder.from_dialplan(listed) is None and not withdrawn(db)
    known = ByHand("601234567", "last", "spring", 1, "PJSIP/101-1", "17.2", "PJSIP/101", "101", int(AT))
    assert await recorder.from_dialplan(known)
    (found,) = withdrawn(db)
    assert (found.topic, found.source, found.actor) == ("", "code", "PJSIP/101")


def test_what_others_list_takes_nothing_back(db):
    grant(db, "cards")
    with closing(Store(db)) as store:
        store.record(ListEvent(uuid4(), Kind.ADD, PERSON, "", PRESSED, "duplicate", "import"))
        store.record(ListEvent(uuid4(), Kind.ADD, PERSON, "x", PRESSED, "key", "key", allow=True))
    assert not withdrawn(db)


async def test_a_removal_from_the_list_gives_no_consent_back(recorder, db, concierge, tmp_path):
    grant(db, "cards")
    await recorder.from_dialplan(reported())
    config = tmp_path / "config.yaml"
    config.write_text(f"site: {{country: PL}}\nstore: {{path: {db}}}\n", encoding="utf-8")
    number, told = f"+{PERSON}", ("--config", str(config))
    gone = concierge("list", "remove", number, "--reason", "by mistake", "--source", "letter", *told)
    assert gone.returncode == 0
    found = json.loads(concierge("check", number, "--campaign", "spring", "--format", "json", *told).stdout)
    assert (found["verdict"], found["reason"]) == ("refuse", "consent-withdrawn")
    assert concierge("evidence", "verify", *told).returncode == 0
    again = concierge("consent", "add", number, "--topic", "cards", "--source", "letter", *told)
    assert again.returncode == 0
    found = json.loads(concierge("check", number, "--campaign", "spring", "--format", "json", *told).stdout)
    assert found["reason"] != "consent-withdrawn"
    taken = concierge("consent", "withdraw", number, "--topic", "cards", "--source", "letter", *told)
    assert taken.returncode == 0
    found = json.loads(concierge("check", number, "--campaign", "spring", "--format", "json", *told).stdout)
    assert found["reason"] == "consent-withdrawn"
