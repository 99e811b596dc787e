"""A caller who goes round, presses wrong keys, stays silent or meets an error reaches the operator."""

from __future__ import annotations

import signal

import pytest

from concierge.lab.phone import Phone, PhoneOptions
from concierge.lab.site import Site
from concierge.lab.wait import wait_until

pytestmark = pytest.mark.asterisk


def keys(key: str) -> PhoneOptions:
    """Somebody who presses the same key again and again."""
    return PhoneOptions(keys=[(0.8 + 0.8 * number, key) for number in range(12)])


def test_a_caller_who_goes_round_reaches_the_operator_after_the_configured_passes(
    site: Site, caller: Phone, operator: Phone
) -> None:
    call = caller.call("100", options=keys("1"))
    operator.wait_for_call(timeout=20).wait_answered()
    assert len(call.keys) == site.settings.menu.passes
    assert call.ended_at is None


def test_wrong_keys_lead_to_the_operator(site: Site, caller: Phone, operator: Phone) -> None:
    call = caller.call("300", options=keys("7"))
    operator.wait_for_call(timeout=20).wait_answered()
    assert call.ended_at is None


def test_silence_leads_to_the_operator(site: Site, caller: Phone, operator: Phone) -> None:
    call = caller.call("300")
    operator.wait_for_call(timeout=20).wait_answered()
    assert call.ended_at is None


def test_a_menu_whose_script_is_missing_leads_to_the_operator(site: Site, caller: Phone, operator: Phone) -> None:
    call = caller.call("200")
    operator.wait_for_call().wait_answered()
    assert call.ended_at is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_menu_holds_its_own_limit_while_the_daemon_is_away(
    site: Site, caller: Phone, operator: Phone, number: signal.Signals
) -> None:
    assert site.daemon is not None
    site.pbx.set_global("CONCIERGE_ROUNDS_MAX", "2")
    daemon = site.daemon
    daemon.send_signal(number)
    try:
        call = caller.call("100", options=PhoneOptions(keys=[(0.8 + 1.0 * step, "1") for step in range(12)]))
        operator.wait_for_call(timeout=30).wait_answered()
        assert call.ended_at is None
    finally:
        daemon.send_signal(signal.SIGCONT)
        site.pbx.set_global("CONCIERGE_ROUNDS_MAX", str(site.settings.menu.total))
    if number == signal.SIGKILL:
        daemon.wait(10)


def test_an_operator_who_does_not_answer_is_tried_again_and_the_caller_is_told(site: Site, caller: Phone) -> None:
    since = site.ami.mark()
    with site.pbx.phone("operator", PhoneOptions(reject="486 Busy Here")) as operator:
        call = caller.call("200")
        site.ami.wait_for_application("Playback", 40, since=since, data="operator-unavailable")
        assert len(operator.invites) == 3
        wait_until(lambda: call.ended_at is not None, 20, "the goodbye")
        assert site.ami.find(lambda e: e["Event"] == "Newexten" and "concierge/goodbye" in e["AppData"], since)
