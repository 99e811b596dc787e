"""A campaign call whose bridge hides its keys is noticed, reported with the remedy, and repaired where that is safe."""

import asyncio
from dataclasses import replace

import pytest

from ami.deaf import REMEDY, DeafWatch, was_dialled
from ami.events import LegBridged, LegDialled, LegEnded
from ami.legs import LegMap
from ami.link import NotSent, Reply
from ami.wire import refuse_unsafe
from models.gap import GapKind, GapState

MARKS = {"CONCIERGE_CAMPAIGN": "spring", "CONCIERGE_NUMBER": "48501502503"}
LEG = LegDialled("PJSIP/trunk-1", "1.7", "1.1", "48501502503@trunk", MARKS)
BRIDGED = LegBridged("1.7", "PJSIP/trunk-1", "b-1")


class Session:
    def __init__(self):
        self.technology, self.sent, self.good = "native_rtp", [], True

    async def send_for_list(self, headers):
        assert headers == {"Action": "BridgeList"}
        if self.technology is None:
            return NotSent("gone")
        return [{"BridgeUniqueid": "b-1", "BridgeTechnology": self.technology}] if self.technology else []

    async def send(self, headers):
        refuse_unsafe(headers)
        self.sent.append(dict(headers))
        return Reply(self.good, "Variable not set")


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def clock():
    return [1_000.0]


@pytest.fixture
def legs():
    return LegMap("pbx1", lambda _campaign: {"9": "all"})


@pytest.fixture
def told():
    return []


@pytest.fixture
def watch(session, legs, told, clock):
    made = DeafWatch("pbx1", session, legs, told.append, clock=lambda: clock[0])

    def hear(*events):
        for event in events:
            legs.apply(event, clock[0])
            made.hear(event)

    made.tell = hear
    return made


def set_variables(session):
    return {one["Variable"]: one["Value"] for one in session.sent if one["Action"] == "Setvar"}


async def test_it_is_told_with_the_remedy_and_the_callees_leg_is_marked_and_heard(watch, session, told):
    watch.tell(LEG, BRIDGED)
    await watch.look()
    (gap,) = told
    assert (gap.kind, gap.channel, gap.state, gap.ended) == (GapKind.DEAF, "PJSIP/trunk-1", GapState.OPEN, None)
    assert REMEDY in gap.reason
    assert session.sent[0]["UserEvent"] == "ConciergeDeaf"
    assert set_variables(session) == {
        "CONCIERGE_LEG": "callee",
        "CONCIERGE_LEG_NUMBER": "48501502503",
        "CONCIERGE_LEG_CAMPAIGN": "spring",
        "VOLUME(RX)": "0",
    }
    session.technology = "simple_bridge"
    await watch.look()
    assert told[1].gap_id == gap.gap_id
    assert (told[1].state, watch.noticed, watch.repaired) == (GapState.UNRECONCILED, 1, 1)
    assert "Asterisk listens again (simple_bridge)" in told[1].how
    await watch.look()
    assert len(told) == 2


async def test_a_campaign_whose_name_has_a_line_break_is_looked_into_like_any_other(watch, session, told):
    watch.tell(replace(LEG, variables=MARKS | {"CONCIERGE_CAMPAIGN": "spring\nAction: Logoff"}), BRIDGED)
    await watch.look()
    assert len(told) == 1
    assert session.sent[0]["Campaign"] == set_variables(session)["CONCIERGE_LEG_CAMPAIGN"] == "spring?Action: Logoff"


async def test_one_look_that_fails_is_not_the_last(watch, session, caplog, monkeypatch):
    monkeypatch.setattr("ami.deaf._LOOK", 0.01)
    looks, third = [], asyncio.Event()

    async def send_for_list(_headers):
        looks.append(1)
        if len(looks) == 3:
            third.set()
        raise ValueError("no such")

    session.send_for_list = send_for_list
    watch.tell(LEG, BRIDGED)
    running = asyncio.create_task(watch.run())
    await asyncio.wait_for(third.wait(), 5)
    running.cancel()
    assert "could not be looked into" in caplog.text


async def test_a_leg_that_may_be_an_agents_is_heard_but_not_marked(watch, session):
    watch.tell(LegDialled("PJSIP/101-1", "1.7", "1.1", "101", MARKS), LegBridged("1.7", "PJSIP/101-1", "b-1"))
    await watch.look()
    assert set_variables(session) == {"VOLUME(RX)": "0"}


async def test_what_cannot_be_repaired_stays_a_gap_until_the_call_ends(watch, session, told, clock, caplog):
    session.good = False
    watch.tell(LEG, BRIDGED)
    await watch.look()
    assert "is func_volume loaded?" in caplog.text
    await watch.look()
    assert len(told) == 1
    clock[0] += 60
    watch.tell(LegEnded("1.7", "1.1", "PJSIP/trunk-1"))
    assert (told[1].state, (told[1].ended - told[1].began).total_seconds()) == (GapState.UNRECONCILED, 60)


async def test_with_the_policy_to_report_nothing_is_touched(session, legs, told, clock):
    watch = DeafWatch("pbx1", session, legs, told.append, repair=False, clock=lambda: clock[0])
    for event in (LEG, BRIDGED):
        legs.apply(event, 0)
        watch.hear(event)
    await watch.look()
    assert len(told) == 1
    assert set_variables(session) == {}


@pytest.mark.parametrize("technology", ["simple_bridge", "softmix", "", None])
async def test_a_bridge_that_lets_keys_through_is_nothing(watch, session, told, technology):
    session.technology = technology
    watch.tell(LEG, BRIDGED)
    await watch.look()
    assert told == []


async def test_a_leg_that_has_left_its_bridge_is_no_longer_asked_for(watch, session, clock):
    watch.tell(LEG, BRIDGED)
    session.technology, clock[0] = "", clock[0] + 2
    await watch.look()
    assert not watch._bridged


async def test_legs_without_campaign_and_local_channels_are_not_watched(watch):
    watch.tell(
        LegDialled("PJSIP/1-1", "1.8", "1.1", "1", {}),
        LegBridged("1.8", "PJSIP/1-1", "b-1"),
        LegDialled("Local/1@x-1;1", "1.9", "1.1", "1", MARKS),
        LegBridged("1.9", "Local/1@x-1;1", "b-1"),
    )
    assert not watch._bridged


async def test_a_young_leg_is_looked_at_soon(watch, told, start, wait_until):
    start(watch.run())
    watch.tell(LEG, BRIDGED)
    await wait_until(lambda: told, "the notice", 2)


@pytest.mark.parametrize(
    ("number", "dial_string", "same"),
    [
        ("48501502503", "48501502503@trunk", True),
        ("48501502503", "trunk/0501502503", True),
        ("48501502503", "9501502503@gw", True),
        ("48501502503", "101", False),
        ("48501502503", "trunk/501502504", False),
        ("123456", "123456", False),
        ("", "48501502503", False),
    ],
)
def test_whose_leg_the_dial_string_proves(number, dial_string, same):
    assert was_dialled(number, dial_string) is same
