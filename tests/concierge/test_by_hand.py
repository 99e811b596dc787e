"""A number listed by telephone becomes one event of the list that says who, how and when."""

import logging
import shutil
from contextlib import closing
from dataclasses import replace

import pytest

from agi.handlers import ByHand
from agi.opt_out import WAYS
from concierge.by_hand import REASON, event_of, number_of
from concierge.recorder import Recorder
from concierge.wiring import upgrade_store
from models.journal import Journal
from models.number import Site
from models.store import Store
from models.suppression import ALL

PERSON = 48601234567
SITE = Site("PL", outside_line="9", internal=("_2XX",))
LISTED = ByHand(
    f"900{PERSON}", "keyed", "spring", 1, "PJSIP/101-1", "17.2", extension="PJSIP/101", caller="101", at=1763899200
)


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
    yield Recorder(journal, "pbx", {"9": "all"}, SITE)
    await journal.close()


def events(db):
    with closing(Store(db)) as store:
        return store.events(None)


@pytest.mark.parametrize(
    ("written", "how", "expected"),
    [
        (f"900{PERSON}", "keyed", PERSON),
        ("9601234567", "last", PERSON),
        (f"+{PERSON}", "party", PERSON),
        ("601234567", "line-caller", PERSON),
        (f"00{PERSON}", "line-keyed", PERSON),
        (f"{PERSON}", "last-caller", PERSON),
        ("912345678", "line-keyed", 48912345678),  # a caller dials no digit for our outside line
        ("201", "keyed", None),
        ("112", "keyed", None),
        ("9112", "keyed", None),
        ("", "keyed", None),
        ("12", "line-keyed", None),
        (f"{PERSON}", "", None),
        (f"{PERSON}", "9", None),
    ],
)
def test_a_number_is_read_as_the_one_who_wrote_it_writes_numbers(written, how, expected):
    found = number_of(replace(LISTED, number=written, how=how), SITE)
    assert (found.e164 if found else None) == expected


async def test_it_is_in_the_list_with_who_and_how(recorder, db):
    assert await recorder.from_dialplan(LISTED) is True
    (event,) = events(db)
    assert (event.number, event.campaign, event.reason) == (PERSON, ALL, REASON)
    assert (event.actor, event.source, event.at.timestamp()) == ("PJSIP/101", "code", 1763899200.0)
    evidence = event.evidence
    assert (evidence["how"], evidence["extension"], evidence["caller"]) == ("keyed", "PJSIP/101", "101")
    assert (evidence["channel"], evidence["uniqueid"], evidence["campaign"]) == ("PJSIP/101-1", "17.2", "spring")


async def test_the_same_act_reported_twice_is_one_event_and_two_acts_are_two(recorder, db):
    assert await recorder.from_dialplan(LISTED) is True
    assert await recorder.from_dialplan(LISTED) is True
    assert len(events(db)) == 1
    assert await recorder.from_dialplan(replace(LISTED, turn=2)) is True
    assert len(events(db)) == 2


def test_a_caller_of_the_line_is_no_member_of_the_staff():
    event = event_of(replace(LISTED, how="line-caller"), number_of(LISTED, SITE), "pbx", 1763899201.0)
    assert (event.actor, event.source) == ("caller", "dnc-line")


async def test_what_is_no_number_is_rejected_for_good_and_what_is_not_durable_is_not_called_recorded(recorder, db):
    assert await recorder.from_dialplan(replace(LISTED, number="201")) is None
    assert events(db) == []
    db.unlink()
    assert await recorder.from_dialplan(LISTED) is False


async def test_the_log_does_not_tell_the_number(recorder, caplog):
    caplog.set_level(logging.INFO)
    assert await recorder.from_dialplan(replace(LISTED, channel=f"Local/{PERSON}@x-1"))
    assert "listed=recorded" in caplog.text and "how=keyed" in caplog.text
    assert str(PERSON) not in caplog.text


def test_every_way_of_the_dialplan_is_known():
    assert {how for how in WAYS if how.startswith("line-")} == {"line-caller", "line-keyed"}
