"""Every way out that goes round the gate is caught and recorded; enforced, no phone rings longer than 200 ms."""

from __future__ import annotations

import base64
import socket
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from concierge.lab.phone import Phone, PhoneOptions
from concierge.lab.site import CAMPAIGN, Site
from concierge.lab.wait import wait_until
from models.bypass import Passed, passed_since
from models.evidence.verify import verify
from models.store import Store
from models.tables import bypass

pytestmark = pytest.mark.asterisk

RINGS = 0.2  # seconds, at most
_STASIS = ("answer", "recording", "playback", "snoop")  # what res_ari_channels wants

EXTENSIONS = """
[from-inside-custom]
exten => _X.,1,Dial(PJSIP/${EXTEN}@callee,20)
[with-originate]
exten => _X.,1,Originate(PJSIP/${EXTEN}@callee,app,Wait,5)
 same => n,Hangup()
[several-legs]
exten => _X.,1,Dial(PJSIP/${EXTEN}@callee&PJSIP/agent,20)
[forwarding]
exten => _X.,1,Dial(PJSIP/agent,20)
[checked-then-another]
exten => _X.,1,Gosub(concierge-outbound,s,1(48699000000,,quiet))
 same => n,Dial(PJSIP/${EXTEN}@callee,20)
[forged]
exten => _X.,1,Set(__CONCIERGE_PERMIT=${EXTEN}.${EPOCH}.00112233445566778899aabbccddeeff)
 same => n,Dial(PJSIP/${EXTEN}@callee,20)
[park]
exten => s,1,Answer()
 same => n,Wait(60)
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def ari() -> int:
    return free_port()


@pytest.fixture(scope="module")
def enforced(asterisk_version: str, ari: int) -> Iterator[Site]:
    """A site of its own whose gate hangs up."""
    files = {
        "http.conf": f"[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {ari}\n",
        "ari.conf": "[general]\nenabled = yes\n[lab]\ntype = user\npassword = lab-loopback\n",
    }
    modules = (
        "res_websocket_client",
        "res_stasis",
        *(f"res_stasis_{one}" for one in _STASIS),
        "res_ari_model",
        "res_ari",
        "res_ari_channels",
    )
    changes = {"gate": {"bypass": "hangup", "free": ["+48602999999"]}}
    with Site(asterisk_version, extensions=EXTENSIONS, files=files, settings=changes, modules=modules) as made:
        yield made


@pytest.fixture(autouse=True)
def ended(enforced: Site) -> Iterator[None]:
    yield
    enforced.pbx.hangup_all()


@pytest.fixture
def out(enforced: Site) -> Iterator[Phone]:
    """The phones behind the trunk: they ring."""
    with enforced.pbx.phone("callee", PhoneOptions(answers=False)) as phone:
        yield phone


def passed(site: Site, number: int) -> list[Passed]:
    now = datetime.now(UTC)
    with closing(Store(site.store)) as store:
        found = passed_since(store, now - timedelta(hours=1), now + timedelta(minutes=1))
        return [one for one in found if one.number == number]


def by_ami(site: Site, number: int, _ari: int) -> None:
    site.ami.originate(f"PJSIP/{number}@callee", wait=False)


def by_call_file(site: Site, number: int, _ari: int) -> None:
    fields = {"Channel": f"PJSIP/{number}@callee", "Context": "park", "Extension": "s", "MaxRetries": "0"}
    site.pbx.call_file(fields)


def by_ari(site: Site, number: int, ari: int) -> None:
    """Sent without waiting: the answer comes when the channel is there."""
    url = f"http://127.0.0.1:{ari}/ari/channels?endpoint=PJSIP/{number}@callee&context=park&extension=s&priority=1"
    login = base64.b64encode(b"lab:lab-loopback").decode()
    request = urllib.request.Request(url, method="POST", headers={"Authorization": f"Basic {login}"})
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        assert answer.status == 200


def through(context: str) -> Callable[[Site, int, int], None]:
    def call(site: Site, number: int, _ari: int) -> None:
        site.ami.originate(f"Local/{number}@{context}/n", context="park", exten="s", wait=False)

    return call


def by_transfer(site: Site, number: int, _ari: int) -> None:
    """A call of the agent's is transferred to the number."""
    moved(site, {"Action": "BlindTransfer", "Context": "from-inside-custom", "Exten": str(number)})


def by_redirect(site: Site, number: int, _ari: int) -> None:
    moved(site, {"Action": "Redirect", "Context": "from-inside-custom", "Exten": str(number), "Priority": "1"})


def moved(site: Site, action: dict[str, str]) -> None:
    with site.pbx.phone("agent") as agent:
        since = site.ami.mark()
        site.ami.originate("Local/10@forwarding/n", context="park", exten="s", wait=False)
        agent.wait_for_call("agent").wait_answered()
        if action["Action"] == "BlindTransfer":
            site.ami.wait_for(
                lambda e: e["Event"] == "BridgeEnter" and e["Channel"].startswith("PJSIP/agent"), since=since
            )
        event = site.ami.wait_for(lambda e: e["DestChannel"].startswith("PJSIP/agent"), since=since)
        channel = event["DestChannel"] if action["Action"] == "Redirect" else event["Channel"]
        assert site.ami.action({**action, "Channel": channel})["Response"] == "Success"
        wait_until(lambda: passed_any(site, int(action["Exten"])), 10, "the moved call to be seen")


def passed_any(site: Site, number: int) -> bool:
    return bool(passed(site, number))


WAYS = {
    "AMI to the trunk": (by_ami, "originated"),
    "call file": (by_call_file, "originated"),
    "ARI": (by_ari, "originated"),
    "Originate()": (through("with-originate"), "originated"),
    "custom context": (through("from-inside-custom"), "dialled-unchecked"),
    "one of several legs": (through("several-legs"), "dialled-unchecked"),
    "transfer": (by_transfer, "dialled-unchecked"),
    "redirect": (by_redirect, "dialled-unchecked"),
    "a check of another number": (through("checked-then-another"), "other-number"),
    "a forged permit": (through("forged"), "forged-permit"),
}


@pytest.mark.parametrize("way", WAYS)
def test_round_the_gate_no_phone_rings_longer_than_200_ms_and_it_is_recorded(
    enforced: Site, out: Phone, number: int, ari: int, way: str
) -> None:
    go, reason = WAYS[way]
    go(enforced, number, ari)
    wait_until(lambda: passed(enforced, number), 10, "the record of the call")
    (one,) = passed(enforced, number)
    assert (one.reason, one.action) == (reason, "hangup"), one
    assert one.took_ms is not None and one.took_ms < RINGS * 1000
    for call in out.incoming:
        wait_until(lambda call=call: call.ended_at is not None, 5, "the end of the ringing")
        assert call.ended_at - call.invited_at < RINGS
    assert verify(enforced.store).findings == []


def test_where_a_phone_sends_its_callers_is_asked_for(enforced: Site, out: Phone, number: int) -> None:
    """A 302 is dialled through the dialplan (redirect_method=user): the gate itself sees it."""
    assert enforced.concierge("list", "add", f"+{number}", "--reason", "asked", "--source", "letter").returncode == 0
    for target in (number, number + 500_000):
        elsewhere = f"302 Moved Temporarily\n      Contact: <sip:{target}@127.0.0.1>"
        with enforced.pbx.phone("agent", PhoneOptions(answers=False, reject=elsewhere)):
            enforced.ami.originate("Local/10@forwarding/n", context="park", exten="s", wait=False)
            wait_until(lambda target=target: checked(enforced, target), 10, "the check")
    assert out.wait_for_call(str(number + 500_000)).ended_at is None
    assert out.invites == [str(number + 500_000)]
    assert passed(enforced, number) == passed(enforced, number + 500_000) == []


def checked(site: Site, number: int) -> bool:
    with closing(Store(site.store)) as store:
        return bool(store.checks(number))


@pytest.mark.parametrize("emergency", ["112", "997"])
def test_an_emergency_call_is_never_touched_whatever_way_it_takes(enforced: Site, out: Phone, emergency: str) -> None:
    before = len(passed_all(enforced))
    enforced.ami.originate(f"PJSIP/{emergency}@callee", wait=False)
    call = out.wait_for_call(emergency)
    barrier(enforced)
    assert call.ended_at is None and len(passed_all(enforced)) == before


def test_numbers_that_are_free_and_the_houses_own_phones_are_not_touched(enforced: Site, out: Phone) -> None:
    before = len(passed_all(enforced))
    with enforced.pbx.phone("operator", PhoneOptions(answers=False)) as operator:
        enforced.ami.originate("PJSIP/48602999999@callee", wait=False)
        enforced.ami.originate("PJSIP/operator", wait=False)
        calls = [out.wait_for_call("48602999999"), operator.wait_for_call("operator")]
        barrier(enforced)
        assert [call.ended_at for call in calls] == [None, None]
    assert len(passed_all(enforced)) == before


@pytest.mark.parametrize("context", ["outbound", "outbound-both"])
def test_a_call_that_passed_the_gate_is_let_through_on_each_of_its_legs(
    enforced: Site, out: Phone, number: int, context: str
) -> None:
    before = len(passed_all(enforced))
    exten = f"{number}-{number + 500_000}" if context == "outbound-both" else str(number)
    enforced.ami.originate(f"Local/{exten}@{context}/n", context="park", exten="s", variables=CAMPAIGN, wait=False)
    calls = [out.wait_for_call(one) for one in exten.split("-")]
    barrier(enforced)
    assert [call.ended_at for call in calls] == [None] * len(calls)
    assert len(passed_all(enforced)) == before


def test_others_are_told_over_ami(enforced: Site, out: Phone, number: int) -> None:
    since = enforced.ami.mark()
    by_ami(enforced, number, 0)
    told = enforced.ami.wait_for(lambda e: e["UserEvent"] == "ConciergeBypass", since=since)
    assert (told["Number"], told["Reason"], told["Done"]) == (str(number), "originated", "hangup")


def passed_all(site: Site) -> list[Passed]:
    now = datetime.now(UTC)
    with closing(Store(site.store)) as store:
        return list(passed_since(store, now - timedelta(hours=1), now + timedelta(minutes=1)))


def barrier(site: Site) -> None:
    """A later leg that is caught: what came before it has been judged."""
    number = 48_609_000_000 + len(passed_all(site)) + site.ami.mark()
    by_ami(site, number, 0)
    wait_until(lambda: passed(site, number), 10, "the later leg to be caught")
    with closing(Store(site.store)) as store, store.writing() as connection:
        rows = connection.execute(select(bypass.c.seq).where(bypass.c.number == number)).scalars().all()
        store.remove_rows(connection, "bypass", rows, "a barrier of the test", "test")
