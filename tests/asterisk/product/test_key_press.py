"""What becomes of the call after the key, whose key counts, and what is said when nothing could be recorded."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path

import pytest

from concierge.lab.ami import Message
from concierge.lab.phone import Call, Phone
from concierge.lab.site import CAMPAIGN, Site
from concierge.lab.wait import wait_until
from models.suppression import ListEvent

pytestmark = pytest.mark.asterisk

Events = Callable[[int], list[ListEvent]]


@pytest.fixture(scope="module", autouse=True)
def short_prompts(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is played to its end lasts 20 ms here."""
    folder = tmp_path_factory.mktemp("short")
    for name in ("opt-out-recorded", "opt-out-failed", "to-a-person"):
        with wave.open(str(folder / f"{name}.wav"), "wb") as sound:
            sound.setparams((1, 2, 8000, 160, "NONE", ""))
            sound.writeframes(bytes(320))
    site.pbx.add_sounds("concierge", folder)
    yield
    site.pbx.add_sounds("concierge", Path(str(files("concierge").joinpath("sounds/en"))))


def campaign_call(site: Site, callee: Phone, number: int, context: str = "campaign") -> Call:
    channel = f"Local/{number}@outbound-quiet/n"
    site.ami.originate(channel, context=context, exten="s", variables=CAMPAIGN)
    call = callee.wait_for_call(str(number))
    call.wait_answered()
    return call


def witnesses(site: Site, number: int) -> list[list[str]]:
    shown = site.concierge("list", "history", f"+{number}", "--format", "json").stdout
    return [sorted(one["witness"] for one in event["witnesses"]) for event in json.loads(shown)["events"]]


@contextmanager
def set_to(site: Site, name: str, value: str) -> Iterator[None]:
    site.pbx.set_global(name, value)
    yield
    site.pbx.set_global(name, "continue")


@contextmanager
def astdb_locked(site: Site) -> Iterator[None]:
    """Asterisk can neither read nor write its own database."""
    (path,) = site.pbx.folder.rglob("astdb.sqlite3")
    site.pbx.cli("database put lab lock 1")  # Asterisk ends its transaction, and with it its own lock
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


def _confirmed(event: Message) -> bool:
    return event["Event"] == "Newexten" and event["Context"] == "concierge-optout" and event["Application"] == "Return"


def test_one_press_has_two_witnesses_and_two_presses_have_their_own_times(
    site: Site, callee: Phone, number: int, events: Events
) -> None:
    call = campaign_call(site, callee, number)
    pressed = []
    for count in (1, 2):
        since = site.ami.mark()
        pressed.append(call.press("9"))
        wait_until(lambda count=count: witnesses(site, number) == [["ami", "dialplan"]] * count, 5, "both witnesses")  # type: ignore[misc]
        site.ami.wait_for(_confirmed, 8, since=since)
    for event, at in zip(events(number), pressed, strict=True):
        assert 0 <= event.at.timestamp() - at < 1.0


def test_hang_up_within_50_ms_of_the_key_is_recorded_20_of_20(
    site: Site, callee: Phone, number: int, events: Events
) -> None:
    numbers = [number + 500_000 + index for index in range(20)]
    for some in (numbers[:10], numbers[10:]):
        calls = [campaign_call(site, callee, one) for one in some]
        for call in calls:
            press = call.start_press("9")[0]
            wait_until(lambda press=press: press.at is not None, 2, "the key to go")  # type: ignore[misc]
            time.sleep(max(0.0, (press.at or 0) + 0.18 + 0.02 - time.time()))  # its last packet, and 20 ms
            call.order("hangup")
    wait_until(lambda: all(events(one) for one in numbers), 15, "every press to be recorded")
    assert [len(events(one)) for one in numbers] == [1] * 20


def test_after_the_confirmation_the_call_ends_at_once_where_the_campaign_says_so(
    site: Site, callee: Phone, number: int, events: Events
) -> None:
    with set_to(site, "CONCIERGE_AFTER_spring", "hangup"):
        call = campaign_call(site, callee, number)
        call.press("9")
        assert call.wait_ended(8) == "far"
    assert events(number)


def test_after_the_confirmation_a_person_is_offered_where_the_settings_say_so(
    site: Site, callee: Phone, operator: Phone, number: int, events: Events
) -> None:
    site.pbx.set_global("CONCIERGE_AFTER_spring", '""')
    with set_to(site, "CONCIERGE_AFTER", "operator"):
        call = campaign_call(site, callee, number)
        call.press("9")
        own = operator.wait_for_call("operator", timeout=15)
        own.wait_answered()
        wait_until(lambda: any(bridge.channels == 2 for bridge in site.pbx.bridges()), 5, "the two to talk")
    assert events(number)
    assert call.ended_at is None


def test_when_astdb_takes_nothing_the_daemon_does_before_it_is_confirmed(
    site: Site, callee: Phone, number: int, events: Events
) -> None:
    call = campaign_call(site, callee, number)
    since = site.ami.mark()
    with astdb_locked(site):
        call.press("9")
        site.ami.wait_for_application("Playback", 10, since=since, data="opt-out-recorded")
        assert events(number)
    assert witnesses(site, number) == [["ami", "dialplan"]]


def test_when_neither_takes_it_the_caller_is_told_so_and_gets_a_person(
    site: Site, callee: Phone, operator: Phone, number: int
) -> None:
    call = campaign_call(site, callee, number)
    site.stop_daemon(signal.SIGKILL)
    since = site.ami.mark()
    with astdb_locked(site):
        call.press("9")
        site.ami.wait_for_application("Playback", 10, since=since, data="opt-out-failed")
        operator.wait_for_call("operator", timeout=20).wait_answered()
    assert not site.ami.find(lambda e: e["Event"] == "Newexten" and "opt-out-recorded" in e["AppData"], since)
    site.start_daemon()


def test_a_call_whose_bridge_hides_its_keys_is_noticed_within_a_second_and_repaired(
    site: Site, agent: Phone, callee: Phone, number: int, events: Events
) -> None:
    own = agent.call(f"*57{number}", caller_id="agent")
    far = callee.wait_for_call(str(number))
    far.wait_answered()
    own.wait_answered()
    bridged = time.time()
    wait_until(lambda: f"deaf=noticed system=lab channel={_channel(site)}" in site.log(), 3, "the notice")
    assert time.time() - bridged < 2.0
    announced = site.ami.wait_for(lambda e: e["UserEvent"] == "ConciergeDeaf" and e["Channel"] == _channel(site))
    assert announced.received - bridged < 1.5
    wait_until(lambda: [b for b in site.pbx.bridges() if b.technology == "simple_bridge"], 3, "the repair")
    own.press("9")
    wait_until(lambda: far.heard_keys == ["9"], 5, "the agent's key at the far end")
    far.press("9")
    wait_until(lambda: events(number), 5, "the record")
    assert len(events(number)) == 1
    shown = json.loads(site.concierge("gaps", "--format", "json").stdout)
    (gap,) = [one for one in shown if one["channel"] == _channel(site)]
    assert gap["kind"] == "deaf"
    assert "mark the called leg" in gap["reason"]
    assert site.concierge("gaps", "--settle", gap["id"], "--reason", "dialplan mended").returncode in (0, 1)


def _channel(site: Site) -> str:
    return next(name for name in site.pbx.channels() if name.startswith("PJSIP/callee"))


def test_a_9_of_a_card_number_typed_into_read_by_another_caller_is_no_opt_out(
    site: Site, caller: Phone, agent: Phone, number: int
) -> None:
    before = site.log().count("opt-out ")
    site.ami.originate("PJSIP/agent", context="campaign-read", exten="s", variables=CAMPAIGN, wait=False)
    call = agent.wait_for_call("agent")
    call.wait_answered()
    since = site.ami.mark()
    call.press("4", "9", "9", "1")
    site.ami.wait_for(lambda e: e["Event"] == "DTMFEnd" and e["Digit"] == "1", 8, since=since)
    assert site.log().count("opt-out ") == before


def test_both_parties_press_9_and_one_opt_out_is_recorded(
    site: Site, agent: Phone, callee: Phone, number: int, events: Events
) -> None:
    own = agent.call(f"*55{number}", caller_id="agent")
    far = callee.wait_for_call(str(number))
    far.wait_answered()
    own.wait_answered()
    wait_until(lambda: [b for b in site.pbx.bridges() if b.channels == 2], 5, "the two phones to be bridged")
    own.start_press("9")
    far.press("9")
    wait_until(lambda: witnesses(site, number) == [["ami", "dialplan"]], 8, "both witnesses of the one press")
    assert len(events(number)) == 1


def test_a_9_by_the_person_that_the_call_was_transferred_to_is_no_opt_out(
    site: Site, agent: Phone, callee: Phone, operator: Phone, number: int, events: Events
) -> None:
    own = agent.call(f"*55{number}", caller_id="agent")
    far = callee.wait_for_call(str(number))
    far.wait_answered()
    own.wait_answered()
    site.ami.action(
        {
            "Action": "Redirect",
            "Channel": _channel(site),
            "Context": "concierge-operator",
            "Exten": "s",
            "Priority": "1",
        }
    )
    third = operator.wait_for_call("operator")
    third.wait_answered()
    wait_until(lambda: [b for b in site.pbx.bridges() if b.channels == 2], 5, "the third party to be bridged")
    third.press("9")
    wait_until(lambda: "9" in far.heard_keys, 5, "the tone at the far end")
    assert events(number) == []
