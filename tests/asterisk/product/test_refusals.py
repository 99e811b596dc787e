"""Refused means: no INVITE at the phone, no DialBegin on the trunk; whoever tries and however the number is written."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from concierge.lab.phone import Phone
from concierge.lab.site import CAMPAIGN, Site
from concierge.lab.wait import wait_until

pytestmark = pytest.mark.asterisk

FORMS = {
    "as the list has it": "{n}",
    "0048": "00{n}",
    "+48": "+{n}",
    "9 0048": "900{n}",
    "9 and national": "9{national}",
    "national": "{national}",
    "with spaces": "{spaced}",
}


def written(form: str, number: int) -> str:
    national = str(number)[2:]
    return FORMS[form].format(n=number, national=national, spaced=f"{national[:3]} {national[3:6]} {national[6:]}")


def dials(site: Site, since: int) -> list[str]:
    """The trunk's legs that Asterisk began to dial."""
    found = site.ami.find(lambda e: e["Event"] == "DialBegin" and e["DestChannel"].startswith("PJSIP/callee"), since)
    return [event["DialString"] for event in found]


@pytest.mark.parametrize("form", FORMS)
def test_a_listed_number_is_refused_however_it_is_written(
    site: Site, callee: Phone, number: int, form: str, list_number: Callable[..., None]
) -> None:
    list_number(number)
    since = site.ami.mark()
    channel = f"Local/{written(form, number)}@outbound-quiet/n"
    answer = site.ami.originate(channel, context="campaign", exten="s", variables=CAMPAIGN)
    assert answer["Response"] == "Failure"
    assert callee.invites == []
    assert dials(site, since) == []


def test_a_number_that_nobody_has_listed_is_called(site: Site, callee: Phone, number: int) -> None:
    site.ami.originate(f"Local/00{number}@outbound-quiet/n", context="campaign", exten="s", variables=CAMPAIGN)
    assert callee.wait_for_call(str(number)).wait_answered()


def test_a_call_file_is_refused(
    site: Site, callee: Phone, number: int, list_number: Callable[..., None], last_check: Callable[[int], dict]
) -> None:
    list_number(number)
    since = site.ami.mark()
    fields = {"Channel": f"Local/{number}@outbound-quiet/n", "Context": "campaign", "Extension": "s", "MaxRetries": "0"}
    site.pbx.call_file(fields | {"Setvar": "__CONCIERGE_CAMPAIGN=spring"})
    wait_until(lambda: last_check(number).get("verdict") == "REFUSE", 10, "the refusal of the call file")
    wait_until(lambda: not site.pbx.channels(), 15, "the end of the refused call")
    assert callee.invites == [] and dials(site, since) == []


def test_an_extension_that_an_agent_dials_is_refused_and_the_agent_hears_why(
    site: Site, callee: Phone, agent: Phone, number: int, list_number: Callable[..., None]
) -> None:
    list_number(number)
    since = site.ami.mark()
    call = agent.call(f"00{number}", caller_id="agent")
    call.wait_heard(1.0)
    call.wait_ended(20)
    assert callee.invites == [] and dials(site, since) == []


def test_of_two_numbers_dialled_at_once_only_the_free_one_rings(
    site: Site, callee: Phone, number: int, list_number: Callable[..., None]
) -> None:
    list_number(number)
    free = number + 500_000
    site.ami.originate(
        f"Local/{number}-{free}@outbound-both/n", context="campaign", exten="s", variables=CAMPAIGN, wait=False
    )
    callee.wait_for_call(str(free)).wait_answered()
    assert callee.invites == [str(free)]


def test_an_entry_for_one_campaign_leaves_the_others_free(
    site: Site, callee: Phone, number: int, list_number: Callable[..., None]
) -> None:
    list_number(number, "--campaign", "spring")
    refused = site.ami.originate(f"Local/{number}@outbound-quiet/n", context="campaign", exten="s", variables=CAMPAIGN)
    assert refused["Response"] == "Failure" and callee.invites == []
    other = {"__CONCIERGE_CAMPAIGN": "autumn"}
    site.ami.originate(f"Local/{number}@outbound-quiet/n", context="campaign", exten="s", variables=other)
    assert callee.wait_for_call(str(number))


def test_an_emergency_number_passes_even_with_a_campaign(site: Site, callee: Phone) -> None:
    site.ami.originate("Local/112@outbound-quiet/n", context="campaign", exten="s", variables=CAMPAIGN)
    assert callee.wait_for_call("112")


def test_without_the_daemon_nothing_is_dialled_and_the_reason_is_spoken(
    site: Site, callee: Phone, agent: Phone, number: int
) -> None:
    site.stop_daemon()
    since = site.ami.mark()
    call = agent.call(str(number), caller_id="agent")
    site.ami.wait_for_application("Playback", 10, since=since, data="reason-gate-unreachable")
    call.wait_ended(20)
    assert callee.invites == [] and dials(site, since) == []


def test_a_daemon_that_hangs_does_not_hold_the_call_nor_let_it_go(
    site: Site, callee: Phone, agent: Phone, number: int
) -> None:
    assert site.daemon is not None
    site.daemon.send_signal(signal.SIGSTOP)
    try:
        since = site.ami.mark()
        call = agent.call(str(number), caller_id="agent")
        site.ami.wait_for_application("Playback", 10, since=since, data="reason-gate-timeout")
        call.wait_ended(20)
    finally:
        site.daemon.send_signal(signal.SIGCONT)
    assert callee.invites == [] and dials(site, since) == []


def test_a_daemon_that_hangs_while_something_kept_is_handed_over_cuts_nobody_off(
    site: Site, callee: Phone, agent: Phone, number: int
) -> None:
    assert site.daemon is not None
    key = "hand/1.1!keyed!1"
    site.daemon.send_signal(signal.SIGSTOP)
    try:
        site.pbx.cli(f"database put concierge-optout {key} 1763808000!spring!PJSIP/x!+{number + 500_000}!100!100")
        since = site.ami.mark()
        call = agent.call(str(number), caller_id="agent")
        site.ami.wait_for_application("Playback", 10, since=since, data="reason-gate-timeout")
        call.wait_ended(20)
    finally:
        site.pbx.cli(f"database del concierge-optout {key}")
        site.daemon.send_signal(signal.SIGCONT)
    assert callee.invites == [] and dials(site, since) == []


def test_each_answer_leaves_a_row_that_says_who_when_why_and_by_which_entry(
    site: Site, callee: Phone, number: int, list_number: Callable[..., None], last_check: Callable[[int], dict]
) -> None:
    site.ami.originate(
        f"Local/{number}@outbound-quiet/n", context="campaign", exten="s", variables=CAMPAIGN, caller_id="48221000000"
    )
    wait_until(lambda: last_check(number), 5, "the row of the permission")
    allowed = last_check(number)
    assert (allowed["verdict"], allowed["reason"], allowed["campaign"]) == ("ALLOW", "not-listed", "spring")
    assert allowed["channel"] and allowed["uniqueid"] and allowed["at"] and allowed["entry_id"] is None
    list_number(number)
    site.ami.originate(f"Local/{number}@outbound-quiet/n", context="campaign", exten="s", variables=CAMPAIGN)
    wait_until(lambda: last_check(number)["verdict"] == "REFUSE", 5, "the row of the refusal")
    refused = last_check(number)
    assert refused["entry_id"] and refused["reason"] == "listed" and refused["detail"] == "asked"


def test_the_dialplan_is_told_of_earlier_contacts(
    site: Site, callee: Phone, number: int, last_check: Callable[[int], dict]
) -> None:
    site.ami.originate(f"Local/{number}@outbound-quiet/n", context="campaign", exten="s", variables=CAMPAIGN)
    wait_until(lambda: last_check(number), 5, "the row of the first call")
    site.pbx.hangup_all()
    since = site.ami.mark()
    site.ami.originate(f"Local/{number}@outbound-quiet/n", context="campaign", exten="s", variables=CAMPAIGN)
    told = site.ami.wait_for(
        lambda e: e["Event"] == "VarSet" and e["Variable"] == "CONCIERGE_CONTACTS_30D" and e["Value"] == "1",
        since=since,
    )
    assert told
    assert site.ami.find(
        lambda e: e["Event"] == "VarSet" and e["Variable"] == "CONCIERGE_LAST_CONTACT" and "spring" in e["Value"],
        since,
    )


def test_a_call_whose_own_time_is_over_during_the_refusal_ends(
    site: Site, callee: Phone, agent: Phone, number: int, list_number: Callable[..., None]
) -> None:
    list_number(number)
    call = agent.call(f"*66{number}", caller_id="agent")
    call.wait_ended(12)
    assert callee.invites == []


def test_an_emergency_number_behind_a_listed_one_opens_nothing(
    site: Site, callee: Phone, number: int, list_number: Callable[..., None]
) -> None:
    list_number(number)
    for form in (f"{number}#112", f"{str(number)[2:]}*112"):
        site.ami.originate(f"Local/{form}@outbound-quiet/n", context="campaign", exten="s", variables=CAMPAIGN)
    assert callee.invites == []


def test_an_emergency_call_passes_while_the_daemon_is_down(site: Site, callee: Phone) -> None:
    site.stop_daemon()
    site.ami.originate("Local/112@outbound-quiet/n", context="campaign", exten="s", variables=CAMPAIGN)
    assert callee.wait_for_call("112")
