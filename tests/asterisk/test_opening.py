"""The operator of last resort by the hours and holidays that the settings give, and behind queues that take nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from concierge import hooks
from concierge.lab.crowd import quick_prompts
from concierge.lab.phone import Phone, PhoneOptions
from concierge.lab.site import Site
from concierge.lab.wait import wait_until
from concierge.settings import HoursSettings
from models.callback import Matter
from models.callbacks import Callbacks
from models.store import Store

pytestmark = pytest.mark.asterisk

PLAN = """
[from-outside]
exten => 550,1,Answer()
 same => n,Queue(sales,,,,30)
 same => n,Goto(concierge-after,s,1)
exten => 551,1,Answer()
 same => n,Queue(empty,,,,30)
 same => n,Goto(concierge-after,s,1)
exten => 552,1,Answer()
 same => n,Goto(concierge-operator,s,1)
"""
QUEUES = """[general]
[sales]
maxlen = 1
joinempty = yes
[empty]
joinempty = no
leavewhenempty = yes
"""
GROUP = {"operator": {"dial": "PJSIP/operator", "second": "PJSIP/agent&PJSIP/callee", "ring": 3, "patience": 2}}
NUMBER = 48_601_777_000


@pytest.fixture(scope="module")
def site(asterisk_version: str) -> Iterator[Site]:
    with Site(asterisk_version, extensions=PLAN, files={"queues.conf": QUEUES}, settings=GROUP) as made:
        quick_prompts(made)
        yield made


@pytest.fixture(autouse=True)
def quiet(site: Site) -> Iterator[None]:
    yield
    site.pbx.hangup_all()
    set_hours(site, {})


@pytest.fixture
def caller(site: Site) -> Iterator[Phone]:
    with site.pbx.phone("caller") as phone:
        yield phone


def set_hours(site: Site, opened: Mapping[str, str], *holidays: str) -> None:
    """As if the hooks had been installed with these hours: the clock is the PBX's own."""
    path = site.pbx.folder / "etc" / "extensions_extra.conf"
    before, _, rest = path.read_text().partition("[concierge-open]")
    after = rest.partition("\n[")[2]
    settings = replace(site.settings, hours=HoursSettings(opened, holidays))
    path.write_text(f"{before}{hooks.opening_lines(settings)}\n[{after}")
    site.pbx.cli("dialplan reload")


def today() -> str:
    return f"{datetime.now():%a}".lower()


def tomorrow() -> str:
    return f"{datetime.now() + timedelta(days=1):%a}".lower()


def another_year() -> str:
    return f"{date.today():%m-%d}"


def minutes_ago(count: int) -> str:
    """Hours that ended so long ago; around midnight: yesterday's."""
    now = datetime.now()
    end = now - timedelta(minutes=count)
    return f"00:00-{end:%H:%M}" if end.date() == now.date() and end.hour + end.minute else "00:00-00:01"


def played(site: Site, since: int) -> list[str]:
    found = site.ami.find(lambda e: e["Event"] == "Newexten" and e["Application"] == "Playback", since)
    return [event["AppData"].removeprefix("concierge/") for event in found]


def matters(site: Site, number: int) -> list[Matter]:
    with closing(Store(site.store)) as store:
        return [one for one in Callbacks(store).matters(done=True) if one.number == number]


@pytest.mark.parametrize("opened", [{}, {"days": "00:00-24:00"}])
def test_in_opening_hours_the_operator_rings(site: Site, caller: Phone, opened: dict[str, str]) -> None:
    set_hours(site, {today() if days == "days" else days: times for days, times in opened.items()}, "1999-01-01")
    with site.pbx.phone("operator") as operator:
        caller.call("552")
        operator.wait_for_call(timeout=15).wait_answered()


CLOSED = {
    "another day": lambda: ({tomorrow(): "00:00-24:00"}, ()),
    "hours are over": lambda: ({"*": minutes_ago(2)}, ()),
    "holiday": lambda: ({"*": "00:00-24:00"}, ("2001-01-01", f"{date.today()}")),
    "holiday of every year": lambda: ({"*": "00:00-24:00"}, (another_year(),)),
}


@pytest.mark.parametrize("why", CLOSED)
def test_when_it_is_closed_it_says_so_and_nobody_is_disturbed(site: Site, caller: Phone, why: str) -> None:
    opened, holidays = CLOSED[why]()
    set_hours(site, opened, *holidays)
    with site.pbx.phone("operator") as operator, site.pbx.phone("agent") as second:
        since = site.ami.mark()
        call = caller.call("552", caller_id=f"+{NUMBER}")
        site.ami.wait_for_application("Read", 20, since=since, data="callback-known")
        assert call.ended_at is None and played(site, since) == ["after-hours"]
        assert operator.invites == [] and second.invites == []


def test_who_presses_nothing_when_it_is_closed_hears_all_before_the_goodbye(site: Site, caller: Phone) -> None:
    set_hours(site, {tomorrow(): "00:00-24:00"})
    since = site.ami.mark()
    assert caller.call("552", caller_id=f"+{NUMBER}").wait_ended(30) == "far"
    assert played(site, since) == ["after-hours", "call-again", "goodbye"]


def test_a_call_back_that_is_asked_for_when_it_is_closed_is_promised(site: Site, caller: Phone) -> None:
    set_hours(site, {tomorrow(): "00:00-24:00"})
    since = site.ami.mark()
    call = caller.call("552", caller_id=f"+{NUMBER + 1}")
    site.ami.wait_for_application("Read", 20, since=since, data="callback-known")
    call.press("1")
    assert call.wait_ended(20) == "far"
    assert played(site, since)[0] == "after-hours" and played(site, since)[-1] == "goodbye"
    wait_until(lambda: len(matters(site, NUMBER + 1)) == 1, 15, "the promise")
    assert matters(site, NUMBER + 1)[0].kind == "promise"


def test_behind_a_busy_operator_a_group_rings_at_once(site: Site, caller: Phone) -> None:
    with (
        site.pbx.phone("operator", PhoneOptions(reject="486 Busy Here")) as operator,
        site.pbx.phone("agent", PhoneOptions(answers=False)) as one,
        site.pbx.phone("callee", PhoneOptions(rings=1.0)) as two,
    ):
        call = caller.call("552")
        one.wait_for_call(timeout=20)
        two.wait_for_call(timeout=5).wait_answered()
        assert len(operator.invites) == 1 and call.ended_at is None


@pytest.mark.parametrize(("exten", "reason"), [("550", "queue-full"), ("551", "queue-joinempty")])
def test_a_queue_that_takes_nobody_leads_to_the_operator_and_says_why(
    site: Site, caller: Phone, exten: str, reason: str
) -> None:
    with site.pbx.phone("operator") as operator:
        if reason == "queue-full":
            caller.call(exten)
            wait_until(lambda: "has 1 calls" in site.pbx.cli("queue show sales"), 15, "the first caller to wait")
        since = site.ami.mark()
        call = caller.call(exten)
        operator.wait_for_call(timeout=20).wait_answered()
        said = [e["Value"] for e in site.ami.find(lambda e: e["Variable"] == "CONCIERGE_REASON", since)]
        assert reason in said and call.ended_at is None
