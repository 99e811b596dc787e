"""Nobody is cut off: the operator, the second one, a recorded callback, a goodbye; opening hours; follow-ups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from concierge import hooks
from concierge.lab.phone import Phone, PhoneOptions
from concierge.lab.site import Site
from concierge.lab.wait import wait_until
from models.callback import Matter
from models.callbacks import Callbacks
from models.store import Store

pytestmark = pytest.mark.asterisk


def matters(site: Site) -> list[Matter]:
    with closing(Store(site.store)) as store:
        return Callbacks(store).matters(done=True)


@contextmanager
def globals_set(site: Site, **values: str) -> Iterator[None]:
    before = hooks.global_values(site.settings)
    for name, value in values.items():
        site.pbx.set_global(name, value)
    try:
        yield
    finally:
        for name in values:
            site.pbx.set_global(name, before[name] or '""')


@contextmanager
def busy_operator(site: Site) -> Iterator[None]:
    """Refuses each call, and is tried once only."""
    with site.pbx.phone("operator", PhoneOptions(reject="486 Busy Here")), globals_set(site, CONCIERGE_PATIENCE="0"):
        yield


def played(site: Site, since: int, name: str) -> bool:
    found = site.ami.find(lambda e: e["Event"] == "Newexten" and e["Application"] == "Playback", since)
    return any(name in event["AppData"] for event in found)


def test_a_caller_is_promised_a_call_back_by_one_key_and_the_promise_is_recorded(site: Site, caller: Phone) -> None:
    number = "+48601555001"
    with busy_operator(site):
        since = site.ami.mark()
        call = caller.call("200", caller_id=number)
        site.ami.wait_for_application("Read", 60, since=since, data="callback-known")
        call.press("1")
        site.ami.wait_for_application("Playback", 20, since=since, data="callback-promised")
        wait_until(lambda: any(one.number == 48601555001 for one in matters(site)), 10, "the promise")
        (matter,) = [one for one in matters(site) if one.number == 48601555001]
    assert (matter.kind, matter.reason, matter.language, matter.times) == ("promise", "menu-error", "en", 1)
    assert call.ended_at is None or played(site, since, "goodbye")
    assert "concierge-callback/" not in str(site.pbx.db_show())


def test_a_promise_is_kept_while_the_daemon_is_away_and_fetched_though_nobody_else_calls(
    site: Site, caller: Phone
) -> None:
    site.stop_daemon()
    since = site.ami.mark()
    with busy_operator(site):
        call = caller.call("200", caller_id="+48601555002")
        site.ami.wait_for_application("Read", 30, since=since, data="callback-known")
        call.press("1")
        site.ami.wait_for_application("Playback", 20, since=since, data="callback-promised")
    assert not [one for one in matters(site) if one.number == 48601555002]
    site.start_daemon()
    wait_until(lambda: any(one.number == 48601555002 for one in matters(site)), 10, "the promise")
    wait_until(lambda: "concierge-callback/" not in str(site.pbx.db_show()), 10, "the copy to go")


def test_a_caller_who_gives_up_is_on_the_follow_up_list_with_what_happened(site: Site, caller: Phone) -> None:
    with site.pbx.phone("operator", PhoneOptions(answers=False)) as operator:
        call = caller.call("200", caller_id="+48601555003")
        operator.wait_for_call(timeout=20)
        call.hang_up()
        wait_until(lambda: any(one.number == 48601555003 for one in matters(site)), 10, "the follow-up")
    (matter,) = [one for one in matters(site) if one.number == 48601555003]
    assert (matter.kind, matter.reason) == ("followup", "menu-error")


def test_a_caller_who_was_served_is_owed_nothing(site: Site, caller: Phone, operator: Phone) -> None:
    call = caller.call("200", caller_id="+48601555004")
    operator.wait_for_call().wait_answered()
    wait_until(lambda: [one for one in site.pbx.bridges() if one.channels == 2], 10, "the two to talk")
    call.hang_up()
    wait_until(lambda: not site.pbx.channels(), 10, "the end of the call")
    assert not [one for one in matters(site) if one.number == 48601555004]


def test_the_second_operator_rings_and_a_word_is_spoken_meanwhile(site: Site, caller: Phone, agent: Phone) -> None:
    with (
        site.pbx.phone("operator", PhoneOptions(answers=False)) as operator,
        globals_set(site, CONCIERGE_SECOND="PJSIP/agent", CONCIERGE_OPERATOR_RING="1"),
    ):
        since = site.ami.mark()
        call = caller.call("200")
        agent.wait_for_call(timeout=30).wait_answered()
        assert len(operator.invites) == 1 and played(site, since, "still-ringing")
        assert call.ended_at is None


def test_one_while_it_rings_asks_for_a_call_back(site: Site, caller: Phone) -> None:
    with site.pbx.phone("operator", PhoneOptions(answers=False)) as operator:
        since = site.ami.mark()
        call = caller.call("200", caller_id="+48601555005")
        operator.wait_for_call(timeout=20)
        call.press("1")
        site.ami.wait_for_application("Read", 10, since=since, data="callback-known")
        assert call.ended_at is None


def test_who_was_served_by_a_queue_and_then_finds_nobody_reaches_the_operator(
    site: Site, caller: Phone, operator: Phone
) -> None:
    """Queue(…,c) leaves its CONTINUE behind, which says nothing of the Dial that comes later."""
    call = caller.call("501")
    operator.wait_for_call(timeout=20).wait_answered()
    assert call.ended_at is None


def test_a_queue_that_is_full_and_handlers_that_are_included_lead_to_the_operator(
    site: Site, caller: Phone, operator: Phone
) -> None:
    caller.call("500")
    operator.wait_for_call(timeout=20).wait_answered()
    site.pbx.hangup_all()
    call = caller.call("510", options=PhoneOptions(keys=[(0.8 + 0.8 * step, "7") for step in range(12)]))
    wait_until(lambda: len(operator.invites) == 2, 20, "the second call at the operator")
    assert call.ended_at is None
