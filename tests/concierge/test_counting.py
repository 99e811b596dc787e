"""The gate with caps: reserved before the answer, settled by what AMI tells and by what the dialplan says."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from agi.handlers import Ended
from ami.events import DialEnded, LegDialled, LegEnded
from concierge.counting import Counting
from concierge.settings import Settings, StoreSettings
from concierge.wiring import judge_of, upgrade_store
from models import facts
from models.campaign import campaign_of
from models.contact import Question
from models.gate import Gate
from models.journal import Journal
from models.policy import Reason
from models.store import Store

NUMBER = "+48601234567"
CAPS = [{"key": "number", "kind": "attempt", "window": "24h", "limit": 2, "scope": "campaign"}]


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "list.db"
    upgrade_store(found)
    campaign = campaign_of({"name": "spring", "consent": "not-needed", "caps": CAPS})
    with closing(Store(found)) as store:
        facts.record(store, [facts.campaign_fact(uuid4(), campaign, datetime.now(UTC), "test")])
    return found


@pytest.fixture
async def gate(path):
    settings = Settings(store=StoreSettings(path=str(path)))
    journal = Journal(path)
    journal.start()
    counting = Counting(settings, path, lambda _system: True)
    made = Gate(judge_of(settings, path, indexed=True), journal, take=counting.take)
    yield made, counting
    await counting.close()
    await journal.close()


def states(path):
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT state FROM contact ORDER BY seq")]


async def ask(gate, uniqueid, campaign="spring"):
    return (await gate.ask(Question(NUMBER, campaign, "agi", uniqueid=uniqueid))).decision


async def test_the_third_call_is_refused_with_the_moment_it_may_be_placed(gate, path):
    found = [await ask(gate[0], f"1.{one}") for one in range(3)]
    assert [one.reason for one in found] == [Reason.NOT_LISTED, Reason.NOT_LISTED, Reason.CAP_REACHED]
    assert found[2].next_at is not None
    with closing(Store(path)) as store:
        for _ in range(200):
            if len(rows := store.checks()) == 3:
                break
            await asyncio.sleep(0.01)
    assert [row["reason"] for row in rows] == ["cap-reached", "not-listed", "not-listed"]


async def test_questions_at_once_share_what_is_left(gate, path):
    found = await asyncio.gather(*(ask(gate[0], f"1.{one}") for one in range(20)))
    assert sum(one.allowed for one in found) == 2
    assert states(path) == ["reserved", "reserved"]


async def test_a_question_that_reserves_takes_the_way_that_may_wait(gate):
    assert gate[0].ask_now(Question(NUMBER, "spring", "agi", uniqueid="1.1")) is None
    assert gate[0].ask_now(Question(NUMBER, "", "agi", uniqueid="1.1")).decision.allowed


async def test_what_ami_tells_settles_it(gate, path):
    await ask(gate[0], "1.1")
    await ask(gate[0], "1.2")
    counting = gate[1]
    await counting.on_events([LegDialled("PJSIP/x", "9.9", "", "x", uniqueid="1.1")])
    assert states(path) == ["dialling", "reserved"]
    await counting.on_events([DialEnded("1.1", "9.9", "ANSWER")])
    for one in ("1.1", "1.2"):
        await counting.on_events([LegEnded(one, "", "PJSIP/a")])
    assert states(path) == ["conversation", "released"]
    assert (await ask(gate[0], "1.3")).allowed
    assert not (await ask(gate[0], "1.4")).allowed


async def test_a_dial_that_nobody_answered_is_an_attempt(gate, path):
    await ask(gate[0], "1.1")
    await gate[1].on_events([LegDialled("PJSIP/x", "9.9", "", "x", uniqueid="1.1")])
    await gate[1].on_events([DialEnded("1.1", "9.9", "BUSY")])
    await gate[1].on_events([LegEnded("1.1", "", "PJSIP/a")])
    assert states(path) == ["attempt"]


@pytest.mark.parametrize(
    ("word", "state"), [("abandoned", "abandoned"), ("conversation", "conversation"), ("callback", "reserved")]
)
async def test_the_dialplan_says_how_it_ended(gate, path, word, state):
    await ask(gate[0], "1.1")
    assert await gate[1].ended(Ended("1.1", word)) is True
    assert states(path) == [state]
    assert await gate[1].ended(Ended("7.7", word)) is None


async def test_where_the_contact_cannot_be_written_the_call_is_refused(gate, path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TRIGGER stop BEFORE INSERT ON contact BEGIN SELECT RAISE(FAIL, 'disk is full'); END")
    found = await ask(gate[0], "1.1")
    assert (found.allowed, found.reason) == (False, Reason.CAPS_UNAVAILABLE)
    assert (await ask(gate[0], "1.1", "")).allowed


async def test_a_call_without_campaign_is_not_counted(gate, path):
    assert (await ask(gate[0], "1.1", "")).allowed
    assert states(path) == []


def test_a_campaigns_keys_stand_beside_those_of_the_settings(path):
    from concierge.service import digits_of
    from models.cases import Cases
    from models.reader import Reader

    own = campaign_of({"name": "autumn", "opt_out": {"digits": {"8": "campaign"}}})
    with closing(Store(path)) as store:
        facts.record(store, [facts.campaign_fact(uuid4(), own, datetime.now(UTC), "test")])
    with closing(Reader(path)) as reader:
        cases = Cases(reader)
        assert digits_of(cases, {"9": "all"}, "Autumn") == {"9": "all", "8": "campaign"}
        for name in ("spring", "unknown", ""):
            assert digits_of(cases, {"9": "all"}, name) == {"9": "all"}
