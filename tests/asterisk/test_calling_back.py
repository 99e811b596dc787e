"""A promise is kept by itself: through the gate, the person first, then the operator; a listed person is not called."""

from __future__ import annotations

import asyncio

import pytest

from concierge.calling_back import CallingBack
from concierge.lab.crowd import quick_prompts
from concierge.lab.site import Site
from concierge.lab.wait import wait_until
from models.callbacks import open_callbacks

pytestmark = pytest.mark.asterisk

OUT = """
[out]
exten => _+X.,1,Gosub(concierge-outbound,s,1(${EXTEN},${CONCIERGE_CAMPAIGN},quiet))
 same => n,GotoIf($["${CONCIERGE_VERDICT}" = "ALLOW"]?:refused)
 same => n,Dial(PJSIP/${CONCIERGE_NUMBER}@callee,30,b(concierge-mark^s^1))
 same => n(refused),Hangup(21)
"""
SETTINGS = {"callbacks": {"auto": True, "channel": "Local/{number}@out/n", "at_once": 3}}
WANTED, UNWANTED, PRESSED = 48_603_000_001, 48_603_000_002, 48_603_000_003


def test_promises_are_kept_by_themselves_through_the_gate(asterisk_version: str) -> None:
    with Site(asterisk_version, extensions=OUT, settings=SETTINGS) as site:
        quick_prompts(site)
        for number, source in ((UNWANTED, "letter"), (PRESSED, "key")):
            words = ("list", "add", f"+{number}", "--reason", "asked", "--source", source)
            assert site.concierge(*words).returncode == 0
        with site.pbx.phone("callee") as callee, site.pbx.phone("operator") as operator:
            for number in (WANTED, UNWANTED, PRESSED):
                assert site.concierge("callbacks", "add", f"+{number}", "--reason", "promised").returncode == 0
            worker = CallingBack(site.settings, site.store)

            def rounds() -> bool:
                asyncio.run(worker.round())
                with open_callbacks(site.store) as callbacks:
                    return len(callbacks.matters()) == 1

            wait_until(rounds, 90, "the two promises to be kept")
            assert set(callee.invites) == {str(WANTED), str(PRESSED)}
            wait_until(lambda: len(operator.invites) >= 2, 20, "the operator to be rung for both")
        with open_callbacks(site.store) as callbacks:
            (left,) = callbacks.matters()
            done = [one.outcome for one in callbacks.matters(done=True) if one.number != UNWANTED]
    assert (left.number, left.state) == (UNWANTED, "open") and left.attempts >= 1 and left.next_at is not None
    assert done == ["answered", "answered"]
