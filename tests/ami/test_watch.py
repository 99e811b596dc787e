"""What is a call round the gate, and what is done about it."""

import asyncio
import time
from dataclasses import replace

import pytest

from ami.events import PERMIT, KeyPressed, LegDialled, event_of
from ami.link import NotSent, Reply
from ami.watch import GateWatch, Rules, is_trunk, judge
from models.number import Site
from models.permit import Flaw, Permit, permit, read_permit

KEY = b"k" * 32
NOW = 1_795_325_938.5
NUMBER = 48601234567
RULES = Rules(Site(country="PL", internal=("_1XX",)))


def leg(dial: str = f"{NUMBER}@callee", dest: str = "PJSIP/callee-00000001", token: str = "", **more) -> LegDialled:
    return LegDialled(dest, "1.2", "1.1", dial, {PERMIT: token}, NOW, **more)


def token(number: int = NUMBER, at: float = NOW - 1) -> str:
    return permit(KEY, number, at)


def test_a_permit_holds_for_its_number_and_a_while():
    assert read_permit(KEY, token(), NOW, 120) == Permit(NUMBER, int(NOW - 1))
    assert read_permit(KEY, token(at=NOW - 121.5), NOW, 120) is Flaw.STALE
    assert read_permit(KEY, token(at=NOW + 60), NOW, 120) is Flaw.STALE
    assert read_permit(KEY, "", NOW, 120) is Flaw.NONE


@pytest.mark.parametrize("text", ["x", "..", f"{NUMBER}.1.", "48.1.é", token()[:-1], token().replace("8", "9", 1)])
def test_anything_else_is_forged(text):
    assert read_permit(KEY, text, NOW, 120) is Flaw.FORGED
    assert read_permit(b"another", token(), NOW, 120) is Flaw.FORGED


@pytest.mark.parametrize(
    ("dial", "channel", "trunks", "expected"),
    [
        (f"{NUMBER}@callee", "PJSIP/callee-00000001", (), True),
        (f"trunk/sip:+{NUMBER}@host", "PJSIP/trunk-00000001", (), True),
        (f"provider/{NUMBER}", "SIP/provider-0000000a", (), True),
        (f"g0/{NUMBER}", f"DAHDI/i1/{NUMBER}-1", (), True),
        ("lead", "PJSIP/MyTrunk-00000001", (), True),
        ("agent", "PJSIP/agent-00000001", (), False),
        (f"{NUMBER}@outbound/n", f"Local/{NUMBER}@outbound-00000001;1", (), False),
        (f"{NUMBER}@callee", "PJSIP/callee-00000001", ("SIP/*",), False),
        ("agent", "PJSIP/agent-00000001", ("pjsip/AGENT",), True),
        (f"{NUMBER}@outbound/n", f"Local/{NUMBER}@outbound-00000001;1", ("Local/*",), False),
    ],
)
def test_what_a_trunk_is(dial, channel, trunks, expected):
    assert is_trunk(leg(dial, channel), trunks) is expected


def test_a_leg_with_a_permit_for_its_number_is_no_bypass():
    assert judge(leg(token=token()), KEY, RULES, NOW) is None
    assert judge(leg(f"trunk/sip:+{NUMBER}@host", token=token()), KEY, RULES, NOW) is None
    assert judge(leg("601234567@callee", token=token()), KEY, RULES, NOW) is None


def test_behind_digits_that_only_the_trunk_understands_the_number_counts():
    assert judge(leg(f"999#777#{NUMBER}@callee", token=token()), KEY, RULES, NOW) is None
    found = judge(leg("999#777#48601234999@callee", token=token()), KEY, RULES, NOW)
    assert found.reason == "other-number"


@pytest.mark.parametrize("dialled", ["112", "997", "102"])
def test_emergency_numbers_and_extensions_need_none(dialled):
    assert judge(leg(f"{dialled}@callee"), KEY, RULES, NOW) is None


def test_free_numbers_and_the_operator_need_none():
    assert judge(leg(), KEY, replace(RULES, free=frozenset({NUMBER})), NOW) is None
    assert judge(leg(), KEY, replace(RULES, desks=frozenset({f"PJSIP/{NUMBER}@callee"})), NOW) is None


@pytest.mark.parametrize(
    ("more", "token", "reason"),
    [
        ({}, "", "originated"),
        ({"channel": "PJSIP/agent-1", "place": "from-internal-custom,7,1"}, "", "dialled-unchecked"),
        ({"channel": "PJSIP/agent-1", "place": "macro-dialout-enum,s,5"}, "", "enum-trunk"),
        ({"channel": "PJSIP/agent-1", "place": "ext-trunk,2,9"}, "", "trunk-destination"),
        ({"channel": "PJSIP/agent-1", "place": "macro-dialout-trunk,s,22"}, "", "trunk-without-hook"),
        ({"channel": "PJSIP/agent-1", "place": "x,s,1", "dial": f"callee/sip:+{NUMBER}@h"}, "", "redirected"),
        ({}, token(at=NOW - 600), "stale-permit"),
        ({}, token(48601234568), "other-number"),
        ({}, "x.y.z", "forged-permit"),
    ],
)
def test_why_a_leg_went_round_the_gate(more, token, reason):
    dial = more.pop("dial", f"{NUMBER}@callee")
    found = judge(leg(dial, token=token, **more), KEY, RULES, NOW)
    assert (found.reason, found.number) == (reason, NUMBER)


class Lab:
    def __init__(self, policy="hangup", answer=None, fails=False):
        self.sent, self.recorded, self.told = [], [], []
        self._answer, self._fails = answer or Reply(True, "Channel Hungup"), fails
        self.watch = GateWatch(KEY, replace(RULES, policy=policy), self.send, self.record, self.tell)

    async def send(self, headers):
        self.sent.append(headers)
        return self._answer

    async def record(self, seen):
        if self._fails:
            raise OSError("disk full")
        self.recorded.append(seen)

    async def tell(self, seen):
        self.told.append(seen)

    async def sees(self, *events):
        for event in events:
            await self.watch(event, time.time())
        await asyncio.wait_for(self.watch.settled(), 10)
        return self


async def test_log_records_and_does_no_more():
    lab = await Lab("log").sees(leg())
    assert [one.action for one in lab.recorded] == ["log"] and lab.sent == lab.told == []


async def test_alert_tells_others_over_ami_and_by_webhook():
    lab = await Lab("alert").sees(leg())
    assert [one["Action"] for one in lab.sent] == ["UserEvent"] and len(lab.told) == 1
    assert lab.sent[0]["Number"] == str(NUMBER)


async def test_hangup_ends_the_leg_first():
    lab = await Lab().sees(leg())
    assert [one["Action"] for one in lab.sent] == ["Hangup", "UserEvent"]
    assert lab.sent[0]["Channel"] == "PJSIP/callee-00000001"
    assert lab.recorded[0].took_ms is not None and lab.watch.status.hung_up == 1


@pytest.mark.parametrize("answer", [Reply(False, "Permission denied"), NotSent("not connected")])
async def test_a_leg_that_cannot_be_hung_up_is_recorded_as_that(answer, caplog):
    lab = await Lab(answer=answer).sees(leg())
    assert (lab.recorded[0].action, lab.recorded[0].took_ms) == ("alert", None)
    assert "bypass=not-hung-up" in caplog.text and lab.watch.status.not_hung_up == 1


async def test_what_cannot_be_recorded_is_told_all_the_same(caplog):
    lab = await Lab(fails=True).sees(leg())
    assert len(lab.told) == 1 and lab.watch.status.not_recorded == 1
    assert "bypass=not-recorded why=disk full" in caplog.text


async def test_who_is_told_for_ever_does_not_hold_up_the_end(caplog):
    lab = Lab("alert")
    lab.tell = lambda _seen: asyncio.Event().wait()
    lab.watch = GateWatch(KEY, replace(RULES, policy="alert"), lab.send, lab.record, lab.tell)
    await lab.watch(leg(), time.time())
    await asyncio.wait_for(lab.watch.settled(0.05), 5)
    assert len(lab.recorded) == 1 and "bypass=unfinished count=1" in caplog.text


async def test_off_and_other_events_are_nothing():
    assert (await Lab("off").sees(leg())).recorded == []
    key = KeyPressed("9", "Received", "PJSIP/callee-1", "1.2", "1.1")
    assert (await Lab().sees(key, replace(leg(token=token(at=time.time())), at=None))).watch.status.bypasses == 0


async def test_where_asterisk_does_not_show_the_permit_nothing_is_hung_up(caplog):
    blind = replace(leg(), variables={"CONCIERGE_NUMBER": ""})
    lab = await Lab().sees(blind, blind)
    assert lab.sent == lab.recorded == [] and lab.watch.status.blind
    assert caplog.text.count("watch=blind") == 1
    assert not (await lab.sees(leg())).watch.status.blind


def test_the_numbers_in_the_log_are_masked(caplog):
    asyncio.run(Lab("log").sees(leg(dest=f"PJSIP/{NUMBER}-trunk-00000001")))
    assert "+486***567" in caplog.text and str(NUMBER) not in caplog.text


def test_the_event_says_who_dials_and_where():
    raw = {
        "Event": "DialBegin",
        "Channel": "Local/7@custom-00000001;2",
        "Context": "custom",
        "Exten": "7",
        "Priority": "1",
        "DestChannel": "PJSIP/callee-00000003",
        "DestUniqueid": "1.5",
        "DestLinkedid": "1.1",
        "DestChanVariable": ["CONCIERGE_NUMBER=", "CONCIERGE_PERMIT=a.b.c"],
        "DialString": "48601234567@callee",
    }
    found = event_of(raw)
    assert (found.channel, found.place) == ("Local/7@custom-00000001;2", "custom,7,1")
    assert found.variables[PERMIT] == "a.b.c"
