"""A key press becomes one durable event, whichever witness reports it."""

import asyncio
import logging
import shutil
from dataclasses import replace

import pytest

from agi.handlers import OptOut as AgiOptOut
from ami.legs import OptOut, press_id
from concierge.recorder import REASON, Recorder, event_of
from concierge.wiring import upgrade_store
from models.errors import StoreError
from models.journal import Journal
from models.store import Store
from models.suppression import ALL, Kind

PERSON = 48601234567
DIGITS = {"9": "all", "8": "campaign"}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "template.db"
    upgrade_store(path)
    return path


@pytest.fixture
def db(template, tmp_path):
    return tmp_path / shutil.copy(template, tmp_path / "concierge.db")


@pytest.fixture
async def recorder(db):
    journal = Journal(db)
    yield Recorder(journal, "pbx", DIGITS)
    await journal.close()


@pytest.fixture
def stored(db):
    def read(number=PERSON):
        store = Store(db)
        try:
            return store.entries(number), store.events(number)
        finally:
            store.close()

    return read


def pressed(digit="9", campaign="spring", uniqueid="1763.42", press=1, number=PERSON):
    at = 1763899200.25
    identity = press_id("pbx", uniqueid, digit, press)
    scope = DIGITS[digit]
    return OptOut(identity, number, scope, campaign, digit, "PJSIP/out-1", uniqueid, "1763.41", at, at + 0.01)


def reported(digit="9", campaign="spring", uniqueid="1763.42", press=1, number=str(PERSON)):
    return AgiOptOut(number, campaign, digit, press, "PJSIP/out-1", uniqueid)


async def test_a_press_is_in_the_database_when_record_returns(recorder, stored):
    done = await recorder.record(pressed())
    entries, events = stored()
    assert (done.new, done.entry_id) == (True, entries[0].id)
    assert (entries[0].campaign, entries[0].reason, entries[0].source) == (ALL, REASON, "key")
    evidence = events[0].evidence
    assert (evidence["witness"], evidence["digit"], evidence["campaign"], evidence["uniqueid"]) == (
        "ami",
        "9",
        "spring",
        "1763.42",
    )
    assert events[0].at.timestamp() == 1763899200.25


@pytest.mark.parametrize("agi_first", [True, False])
async def test_one_press_seen_by_both_witnesses_is_one_event(recorder, stored, agi_first):
    witnesses = [lambda: recorder.from_dialplan(reported()), lambda: recorder.record(pressed())]
    for witness in witnesses if agi_first else reversed(witnesses):
        assert await witness()
    entries, events = stored()
    assert (len(entries), len(events)) == (1, 1)


async def test_both_witnesses_at_the_same_moment_are_one_event(recorder, stored):
    await asyncio.gather(
        *(recorder.from_dialplan(reported()) for _ in range(5)), *(recorder.record(pressed()) for _ in range(5))
    )
    assert [len(found) for found in stored()] == [1, 1]


async def test_two_presses_are_two_events_of_one_entry(recorder, stored):
    assert await recorder.from_dialplan(reported(press=1))
    assert await recorder.from_dialplan(reported(press=2))
    assert [len(found) for found in stored()] == [1, 2]


async def test_a_key_for_the_campaign_lists_for_the_campaign(recorder, stored):
    assert await recorder.from_dialplan(reported("8"))
    assert stored()[0][0].campaign == "spring"


@pytest.mark.parametrize("campaign", ["", "a b", "x" * 65, "a\nb"])
def test_a_scope_that_cannot_be_narrowed_holds_for_all(campaign):
    assert event_of(replace(pressed("8"), campaign=campaign), "ami", "pbx").campaign == ALL


def test_a_key_for_all_campaigns_is_never_narrowed():
    assert event_of(pressed("9"), "ami", "pbx").campaign == ALL
    assert event_of(pressed("9"), "ami", "pbx").kind is Kind.ADD


@pytest.mark.parametrize(
    "report",
    [reported(number=number) for number in ("", "48", "abc", "4860123456a", "1" * 16, "٤٨٦٠١٢٣٤٥٦٧", "-48601234567")],
)
async def test_a_report_without_a_number_is_not_called_recorded(recorder, stored, report):
    assert await recorder.from_dialplan(report) is None
    assert stored(None) == ([], stored(None)[1])


async def test_a_key_without_meaning_is_not_called_recorded(recorder, stored):
    assert await recorder.from_dialplan(replace(reported(), digit="5")) is None
    assert stored() == ([], [])


async def test_what_is_not_durable_is_not_called_recorded(recorder, db):
    db.unlink()
    assert await recorder.from_dialplan(reported()) is False
    with pytest.raises(StoreError):
        await recorder.record(pressed())


async def test_the_log_line_masks_the_number(recorder, caplog):
    caplog.set_level(logging.INFO)
    assert await recorder.from_dialplan(reported())
    assert "optout=recorded" in caplog.text
    assert str(PERSON) not in caplog.text
