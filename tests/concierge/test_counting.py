"""The gate with caps: reserved before the answer, settled by what AMI tells and by what the dialplan says."""

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import pytest

from agi.handlers import Ended, OptOut
from ami.aside import Gathering
from ami.events import DialEnded, LegDialled, LegEnded
from ami.intake import Gap
from concierge.counting import Counting
from concierge.lab.wait import wait_until
from concierge.recorder import Recorder
from concierge.service import digits_of, once_meant
from concierge.settings import AmiSettings, Settings, StoreSettings
from concierge.wiring import judge_of, upgrade_store
from models import facts
from models.campaign import campaign_of
from models.contact import Question
from models.errors import StoreError
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


def gap(began=-5.0, ended=1.0):
    now = time.time()
    return Gap("disconnected", now + began, now + ended, "the link was lost")


async def test_a_hang_up_behind_a_gap_does_not_free_a_call_whose_dialling_was_not_heard(gate, path):
    gate, counting = gate
    await ask(gate, "1.1")
    await counting.on_gap(gap())
    await counting.on_events([LegEnded("1.1", "", "PJSIP/1-1")])
    assert states(path) == ["conversation"]
    await ask(gate, "1.2")
    await counting.on_events([LegEnded("1.2", "", "PJSIP/1-2")])
    assert states(path) == ["conversation", "released"], "the gap is over"


async def test_a_reservation_that_a_gap_has_outlived_counts_and_one_from_before_it_does_not(gate, path):
    gate, counting = gate
    await ask(gate, "1.1")
    await ask(gate, "1.2")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE contact SET expires_at = at + 1000000, at = at - 60000000 WHERE uniqueid = '1.1'")
        connection.execute("UPDATE contact SET expires_at = at - 50000000 WHERE uniqueid = '1.2'")
    await counting.on_gap(gap(ended=600))
    task = asyncio.create_task(counting.run())
    await asyncio.to_thread(wait_until, lambda: "conversation" in states(path))
    task.cancel()
    assert states(path) == ["conversation", "reserved"]


async def test_a_gap_of_another_pbx_is_none_of_this_ones(path):
    settings = Settings(store=StoreSettings(path=str(path)), also_ami=(AmiSettings(user="x", system="east"),))
    with closing(Store(path)):
        counting = Counting(settings, path, lambda _system: True)
    try:
        assert counting._is_of("pbx", "17.1") and not counting._is_of("pbx", "east/17.1")
        assert counting._is_of("east", "east/17.1") and not counting._is_of("east", "17.1")
    finally:
        await counting.close()


async def test_what_could_not_be_settled_is_in_doubt_until_it_can(gate, path, monkeypatch):
    gate, counting = gate
    await ask(gate, "1.1")

    def full(*_words):
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(counting._reserver, "settle_all", full)
        await counting.on_events([LegDialled("PJSIP/x", "9.9", "", "x", uniqueid="1.1")])
    await counting.on_events([LegEnded("1.1", "", "PJSIP/trunk-1")])
    assert states(path) == ["conversation"]


async def test_events_that_find_no_room_are_in_doubt(gate, path):
    gate, counting = gate
    await ask(gate, "1.1")
    gathering = Gathering(counting.on_events, 1, without=counting.missed)
    for _ in range(2):
        gathering.take(LegEnded("9.9", "", "PJSIP/9-9"), 0.0)
    assert gathering.missed == 1
    await counting.on_events([LegEnded("1.1", "", "PJSIP/1-1")])
    assert states(path) == ["conversation"]


async def test_a_kept_key_of_a_campaign_that_has_gone_since_still_means_what_it_meant(path):
    whole = {"name": "summer", "opt_out": {"digits": {"7": "campaign"}}}
    with closing(Store(path)) as store:
        for at, more in enumerate(({}, {"state": "removed"}), 1):
            now = datetime(2026, 1, at, tzinfo=UTC)
            facts.record(store, [facts.campaign_fact(uuid4(), campaign_of({**whole, **more}), now, "test")])
    cases = judge_of(Settings(store=StoreSettings(path=str(path))), path).cases
    journal = Journal(path)
    recorder = Recorder(journal, "pbx", {"9": "all"})
    recorder.digits_of, recorder.once = partial(digits_of, cases, {"9": "all"}), partial(once_meant, cases)
    pressed = OptOut(NUMBER, "Summer", "7", 1, "PJSIP/t-1", "1.1")
    assert await recorder.from_dialplan(pressed) is True
    assert await recorder.from_dialplan(replace(pressed, digit="5", press=2)) is None

    def away(_name):
        raise StoreError("the disk is gone")

    recorder.once = away
    assert await recorder.from_dialplan(replace(pressed, digit="6", press=3)) is False, "it stays in the PBX"
    await journal.close()
    with closing(Store(path)) as store:
        assert [one.campaign for one in store.events(int(NUMBER))] == ["summer"]


def test_what_a_campaigns_keys_mean_is_known_while_the_store_cannot_be_read(path, monkeypatch):
    with closing(Store(path)) as store:
        made = campaign_of({"name": "summer", "opt_out": {"digits": {"7": "campaign"}}})
        facts.record(store, [facts.campaign_fact(uuid4(), made, datetime.now(UTC), "test")])
    cases = judge_of(Settings(store=StoreSettings(path=str(path))), path).cases
    assert digits_of(cases, {}, "summer") == {"7": "campaign"}

    def away(*_words, **_more):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(cases._reader, "rows", away)
    monkeypatch.setattr(cases._reader, "state", lambda: None)
    assert digits_of(cases, {}, "summer") == {"7": "campaign"}


async def test_one_round_that_fails_is_said_and_not_the_last(path, monkeypatch, caplog):
    monkeypatch.setattr("concierge.counting._EVERY", 0.0)
    rounds, third = [], asyncio.Event()

    async def _round(_self):
        rounds.append(1)
        if len(rounds) == 3:
            third.set()
        raise RuntimeError("no such")

    monkeypatch.setattr(Counting, "_round", _round)
    counting = Counting(Settings(store=StoreSettings(path=str(path))), path, lambda _system: True)
    running = asyncio.create_task(counting.run())
    await asyncio.wait_for(third.wait(), 5)
    running.cancel()
    await counting.close()
    assert "contacts=our bug" in caplog.text
