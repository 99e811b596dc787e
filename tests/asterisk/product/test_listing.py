"""A number is listed by telephone: by the staff's codes and on the do-not-call line, recorded before it is said."""

from __future__ import annotations

import signal
import sqlite3
import wave
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from concierge.lab.phone import Call, Phone
from concierge.lab.site import CAMPAIGN, Site
from concierge.lab.wait import wait_until
from models.suppression import ListEvent

pytestmark = pytest.mark.asterisk

Events = Callable[[int], list[ListEvent]]
SPOKEN = ("listed", "not-listed", "wrong-key", "to-a-person", "no-last-number")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture(scope="module", autouse=True)
def short_prompts(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is played to its end lasts 20 ms; what a key interrupts is as it is."""
    folder = tmp_path_factory.mktemp("short")
    for name in (*SPOKEN, *(f"digit-{word}" for word in DIGITS)):
        with wave.open(str(folder / f"{name}.wav"), "wb") as sound:
            sound.setparams((1, 2, 8000, 160, "NONE", ""))
            sound.writeframes(bytes(320))
    site.pbx.add_sounds("concierge", folder)


def refused_now(site: Site, number: int) -> bool:
    answer = site.ami.originate(f"Local/{number}@outbound-quiet/n", context="campaign", exten="s", variables=CAMPAIGN)
    return answer["Response"] == "Failure"


def said(site: Site, since: int, prompt: str, timeout: float = 8) -> None:
    site.ami.wait_for_application("Playback", timeout, since=since, data=prompt)


def press_in(site: Site, call: Call, since: int, prompt: str, *keys: str) -> int:
    """Press when the prompt is read out; returns the mark for what comes next."""
    site.ami.wait_for_application("Read", 8, since=since, data=prompt)
    since = site.ami.mark()
    call.press(*keys)
    return since


def one(events: list[ListEvent], how: str) -> ListEvent:
    assert len(events) == 1
    event = events[0]
    assert event.evidence["how"] == how and event.evidence["system"] == "lab" and event.campaign == ""
    assert event.evidence["uniqueid"] and event.evidence["channel"].startswith("PJSIP/")
    return event


@contextmanager
def locked_astdb(site: Site) -> Iterator[None]:
    """Asterisk cannot write its own database."""
    (path,) = site.pbx.folder.rglob("astdb.sqlite3")
    with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield


def test_an_agent_lists_the_person_on_the_line(
    site: Site, agent: Phone, callee: Phone, number: int, events: Events
) -> None:
    own = agent.call(f"*55{number}", caller_id="agent")
    far = callee.wait_for_call(str(number))
    far.wait_answered()
    wait_until(lambda: [b for b in site.pbx.bridges() if b.channels == 2], 5, "the two phones to be bridged")
    since = site.ami.mark()
    own.press("*", "9", "3")
    said(site, since, "concierge/listed")
    event = one(events(number), "party")
    assert (event.actor, event.source) == ("PJSIP/agent", "code")
    assert event.evidence["extension"] == "PJSIP/agent" and event.evidence["campaign"] == "spring"
    assert own.ended_at is None and far.ended_at is None
    site.pbx.hangup_all()
    assert refused_now(site, number)


def test_an_agent_lists_the_person_who_has_called(
    site: Site, agent: Phone, caller: Phone, number: int, events: Events
) -> None:
    caller.call("400", caller_id=str(number))
    own = agent.wait_for_call()
    own.wait_answered()
    wait_until(lambda: [b for b in site.pbx.bridges() if b.channels == 2], 5, "the two phones to be bridged")
    since = site.ami.mark()
    own.press("*", "9", "3")
    said(site, since, "concierge/listed")
    assert one(events(number), "party-caller").actor == "PJSIP/agent"
    assert site.pbx.db_show("concierge-last")["/concierge-last/PJSIP/agent"].split("!")[1:] == [
        str(number),
        "last-caller",
    ]


def test_the_last_number_that_an_extension_talked_to(
    site: Site, agent: Phone, callee: Phone, number: int, events: Events
) -> None:
    site.pbx.cli("database deltree concierge-last")
    since = site.ami.mark()
    nobody = agent.call("*94", caller_id="agent")
    said(site, since, "no-last-number")
    site.ami.wait_for_application("Read", 8, since=since, data="key-number")
    nobody.hang_up()
    own = agent.call(f"9{str(number)[2:]}", caller_id="agent")
    callee.wait_for_call(str(number)).wait_answered()
    own.wait_answered()
    own.hang_up()
    wait_until(lambda: site.pbx.db_show("concierge-last"), 5, "the number to be kept")
    since = site.ami.mark()
    agent.call("*94", caller_id="agent")
    said(site, since, "concierge/listed")
    assert one(events(number), "last").number == number


def test_a_number_keyed_in_is_read_back_and_recorded_on_1(
    site: Site, agent: Phone, number: int, events: Events
) -> None:
    since = site.ami.mark()
    call = agent.call(f"*95900{number}", caller_id="201")
    site.ami.wait_for_application("Read", 8, since=since, data="you-keyed&concierge/digit-nine&concierge/digit-zero")
    assert events(number) == []
    call.press("1")
    said(site, since, "concierge/listed")
    event = one(events(number), "keyed")
    assert (event.evidence["caller"], event.evidence["written"]) == ("201", f"900{number}")


def test_a_caller_lists_the_own_number_with_one_key(
    site: Site, caller: Phone, operator: Phone, number: int, events: Events
) -> None:
    since = site.ami.mark()
    call = caller.call("800", caller_id=str(number)[2:])
    since = press_in(site, call, since, "dnc-known", "1")
    said(site, since, "concierge/listed")
    event = one(events(number), "line-caller")
    assert (event.actor, event.source, event.evidence["caller"]) == ("caller", "dnc-line", str(number)[2:])
    press_in(site, call, since, "dnc-more", "0")
    operator.wait_for_call(timeout=10).wait_answered()


def test_a_caller_whose_number_is_withheld_keys_one_in(site: Site, caller: Phone, number: int, events: Events) -> None:
    since = site.ami.mark()
    call = caller.call("801", caller_id=str(number + 300_000))
    since = press_in(site, call, since, "dnc-withheld", "1")
    said(site, since, "wrong-key")
    since = press_in(site, call, since, "dnc-withheld", "2")
    since = press_in(site, call, since, "key-number", *str(number)[2:], "#")
    assert events(number) == []
    since = press_in(site, call, since, "you-keyed", "1")
    said(site, since, "concierge/listed")
    one(events(number), "line-keyed")
    assert events(number + 300_000) == []


def test_what_is_listed_while_the_daemon_is_down_holds_when_it_is_back(
    site: Site, caller: Phone, callee: Phone, number: int, events: Events
) -> None:
    site.stop_daemon(signal.SIGKILL)
    since = site.ami.mark()
    call = caller.call("800", caller_id=f"+{number}")
    since = press_in(site, call, since, "dnc-known", "1")
    said(site, since, "concierge/listed")
    assert len(site.pbx.db_show("concierge-optout/hand")) == 1
    assert refused_now(site, number)
    site.start_daemon()
    assert refused_now(site, number)
    one(events(number), "line-caller")
    assert callee.invites == [] and site.pbx.db_show("concierge-optout/hand") == {}


def test_what_cannot_be_recorded_is_told_and_a_person_takes_the_call(
    site: Site, caller: Phone, operator: Phone, number: int, events: Events
) -> None:
    since = site.ami.mark()
    call = caller.call("800", caller_id=str(number))
    site.ami.wait_for_application("Read", 8, since=since, data="dnc-known")
    with locked_astdb(site):
        call.press("1")
        said(site, since, "concierge/listed")
        one(events(number), "line-caller")
        site.stop_daemon(signal.SIGKILL)
        press_in(site, call, since, "dnc-more", "2")
        press_in(site, call, since, "key-number", *str(number + 300_000)[2:], "#")
        press_in(site, call, since, "you-keyed", "1")
        said(site, since, "concierge/not-listed")
    operator.wait_for_call(timeout=10).wait_answered()
    assert events(number + 300_000) == []
    assert not site.ami.find(lambda e: e["Event"] == "Newexten" and "three&concierge/listed" in e["AppData"], since)
