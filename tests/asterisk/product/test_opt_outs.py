"""A 9 pressed by the called person is recorded, at once and for good; anybody else's is not."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from concierge.lab.phone import Call, Phone
from concierge.lab.site import CAMPAIGN, Site
from concierge.lab.wait import wait_until
from models.suppression import ListEvent

pytestmark = pytest.mark.asterisk

Events = Callable[[int], list[ListEvent]]


def campaign_call(site: Site, callee: Phone, number: int, variables: dict[str, str] | None = None) -> Call:
    """A dialler's call into the announcement; answered."""
    site.ami.originate(
        f"Local/{number}@outbound-quiet/n",
        context="campaign",
        exten="s",
        variables=CAMPAIGN if variables is None else variables,
    )
    call = callee.wait_for_call(str(number))
    call.wait_answered()
    return call


def agent_call(site: Site, agent: Phone, callee: Phone, number: int, prefix: str = "*55") -> tuple[Call, Call]:
    """An agent's call to a lead: (agent's, callee's), answered and bridged."""
    own = agent.call(f"{prefix}{number}", caller_id="agent")
    far = callee.wait_for_call(str(number))
    far.wait_answered()
    own.wait_answered()
    wait_until(lambda: [b for b in site.pbx.bridges() if b.channels == 2], 5, "the two phones to be bridged")
    return own, far


def refused_now(site: Site, number: int) -> bool:
    answer = site.ami.originate(f"Local/{number}@outbound-quiet/n", context="campaign", exten="s", variables=CAMPAIGN)
    return answer["Response"] == "Failure"


def quiet_for(site: Site, key: str, since: int) -> None:
    """Until Asterisk has reported the key; a listener that wanted it has it by now."""
    site.ami.wait_for(lambda e: e["Event"] == "DTMFEnd" and e["Digit"] == key, since=since)


def test_the_callee_in_an_announcement_presses_9(site: Site, callee: Phone, number: int, events: Events) -> None:
    call = campaign_call(site, callee, number)
    call.press("9")
    wait_until(lambda: events(number), 5, "the record")
    found = events(number)[0]
    evidence = found.evidence
    assert evidence["digit"] == "9" and evidence["campaign"] == "spring" and evidence["system"] == "lab"
    assert evidence["channel"].startswith("PJSIP/callee-") and evidence["uniqueid"]
    assert refused_now(site, number)
    assert callee.invites == [str(number)]


def test_the_callee_who_talks_to_an_agent_presses_9(
    site: Site, agent: Phone, callee: Phone, number: int, events: Events
) -> None:
    _, far = agent_call(site, agent, callee, number)
    heard = far.heard_seconds
    far.press("9")
    wait_until(lambda: events(number), 5, "the record")
    far.wait_heard(heard + 1.0)
    site.pbx.hangup_all()
    assert refused_now(site, number)


def test_an_agents_9_is_no_opt_out_and_reaches_the_far_end(
    site: Site, agent: Phone, callee: Phone, number: int, events: Events
) -> None:
    own, far = agent_call(site, agent, callee, number)
    since = site.ami.mark()
    own.press("9")
    quiet_for(site, "9", since)
    wait_until(lambda: far.heard_keys == ["9"], 5, "the tone at the far end")
    assert events(number) == []
    far.press("9")
    wait_until(lambda: events(number), 5, "the callee's own key")
    assert len(events(number)) == 1


def test_a_9_on_a_call_without_campaign_is_no_opt_out(
    site: Site, agent: Phone, callee: Phone, number: int, events: Events
) -> None:
    _, far = agent_call(site, agent, callee, number, prefix="")
    far.press("9")
    far.press("9")
    site.pbx.hangup_all()
    assert events(number) == []
    assert not refused_now(site, number)


def test_a_9_in_an_inbound_menu_is_no_opt_out(site: Site, caller: Phone, operator: Phone) -> None:
    before = site.log().count("opt-out ")
    since = site.ami.mark()
    call = caller.call("100", caller_id="48601999998")
    site.ami.wait_for_application("BackGround", since=since)
    call.press("9")
    quiet_for(site, "9", since)
    site.ami.wait_for(lambda e: e["Event"] == "VarSet" and "main.wrong=1" in e["Value"], since=since)
    assert site.log().count("opt-out ") == before


def test_two_key_presses_make_one_entry_and_two_events_of_evidence(
    site: Site, callee: Phone, number: int, events: Events
) -> None:
    call = campaign_call(site, callee, number)
    call.press("9")
    wait_until(lambda: len(events(number)) == 1, 5, "the first record")
    call.wait_heard(2.0)
    call.press("9")
    wait_until(lambda: len(events(number)) == 2, 5, "the second record")
    shown = site.concierge("list", "show", f"+{number}", "--format", "json").stdout
    assert shown.count('"entry"') == 1


def test_an_opt_out_survives_a_daemon_that_is_killed_right_after_the_key(
    site: Site, callee: Phone, number: int, events: Events
) -> None:
    call = campaign_call(site, callee, number)
    since = site.ami.mark()
    call.start_press("9")
    site.ami.wait_for(lambda e: e["Event"] == "DTMFEnd" and e["Digit"] == "9", since=since)
    site.stop_daemon(signal.SIGKILL)
    wait_until(lambda: call.heard_seconds > 1.0, 5, "the confirmation")
    site.start_daemon()
    assert refused_now(site, number)
    wait_until(lambda: events(number), 5, "the record after the restart")
    assert len(events(number)) == 1


def test_a_key_pressed_while_the_daemon_is_down_holds_at_once_and_is_recorded_later(
    site: Site, callee: Phone, number: int, events: Events
) -> None:
    call = campaign_call(site, callee, number)
    site.stop_daemon(signal.SIGKILL)
    since = site.ami.mark()
    call.press("9")
    site.ami.wait_for_application("Playback", since=since, data="opt-out-recorded")
    site.pbx.hangup_all()
    site.start_daemon()
    assert refused_now(site, number)
    wait_until(lambda: events(number), 5, "the record")
    assert len(events(number)) == 1
    wait_until(lambda: not site.pbx.db_show("concierge-optout"), 5, "the kept copy to go")
    assert refused_now(site, number)


def test_an_emergency_call_passes_while_a_key_press_waits_to_be_recorded(
    site: Site, callee: Phone, number: int, events: Events
) -> None:
    call = campaign_call(site, callee, number)
    site.stop_daemon(signal.SIGKILL)
    since = site.ami.mark()
    call.press("9")
    site.ami.wait_for_application("Playback", since=since, data="opt-out-recorded")
    site.pbx.hangup_all()
    assert site.pbx.db_show("concierge-optout")
    site.start_daemon()  # it fetches what is kept as soon as it can
    site.ami.originate("Local/112@outbound-quiet/n", context="campaign", exten="s", variables=CAMPAIGN)
    assert callee.wait_for_call("112")
    site.pbx.hangup_all()
    assert refused_now(site, number)
    wait_until(lambda: events(number), 5, "the record")


def test_after_a_transfer_the_key_still_means_the_person_who_pressed_it(
    site: Site, agent: Phone, callee: Phone, number: int, events: Events
) -> None:
    other = number + 700_000
    _, far = agent_call(site, agent, callee, number)
    channel = next(name for name in site.pbx.channels() if name.startswith("PJSIP/callee"))
    fields = {"Action": "Redirect", "Channel": channel, "Context": "outbound-quiet", "Exten": str(other)}
    site.ami.action(fields | {"Priority": "1"})
    callee.wait_for_call(str(other)).wait_answered()
    site.stop_daemon(signal.SIGKILL)
    site.start_daemon()
    far.press("9")
    wait_until(lambda: events(number), 10, "the record of the person who pressed")
    assert events(other) == []


def test_hundreds_of_kept_keys_hide_none_and_one_that_can_never_be_recorded_blocks_none(
    site: Site, callee: Phone, number: int, events: Events
) -> None:
    kept = "1795302659!spring!PJSIP/callee-00000001"
    for index in range(420):
        family = {"Action": "DBPut", "Family": "concierge-optout"}
        site.ami.action(family | {"Key": f"{number + 1000 + index}/1.1!5!1", "Val": kept})
    site.ami.action(family | {"Key": f"{number}/1.2!9!1", "Val": kept})
    try:
        assert refused_now(site, number)
        wait_until(lambda: events(number), 5, "the record")
        assert callee.invites == []
    finally:
        site.pbx.cli("database deltree concierge-optout")
    site.ami.action(family | {"Key": f"{number + 2000}/1.1!5!1", "Val": kept})
    refused_now(site, number)
    assert site.pbx.db_show("concierge-optout") == {}
    assert len(site.pbx.db_show("concierge-optout-bad")) == 1
    site.pbx.cli("database deltree concierge-optout-bad")


def test_a_hung_daemon_does_not_silence_the_two_who_are_talking(
    site: Site, agent: Phone, callee: Phone, number: int, events: Events
) -> None:
    own, far = agent_call(site, agent, callee, number)
    assert site.daemon is not None
    site.daemon.send_signal(signal.SIGSTOP)
    try:
        since = site.ami.mark()
        far.press("9")
        site.ami.wait_for_application("Playback", since=since, data="opt-out-recorded")
        heard = own.heard_seconds
        own.wait_heard(heard + 2.0, timeout=8)
    finally:
        site.daemon.send_signal(signal.SIGCONT)
    wait_until(lambda: events(number), 10, "the record")
    assert len(events(number)) == 1
