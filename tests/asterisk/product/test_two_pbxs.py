"""One daemon that hears two PBXs: each with its own link, presses, copies in AstDB and gaps."""

from __future__ import annotations

import json
import re

import pytest

from concierge.lab.site import CAMPAIGN, Site
from concierge.lab.wait import wait_until

pytestmark = pytest.mark.asterisk


def press(site: Site, number: int) -> None:
    with site.pbx.phone("callee") as callee:
        channel = f"Local/{number}@outbound/n"
        site.ami.originate(channel, context="campaign", exten="s", variables=CAMPAIGN)
        call = callee.wait_for_call(str(number))
        call.wait_answered()
        call.press("9")
        site.ami.wait_for_application("Playback", data="opt-out-recorded")


def test_presses_at_both_are_recorded_with_the_pbx_they_came_from(asterisk_version: str) -> None:
    with Site(asterisk_version) as far:
        secret = far.config.read_text()
        port = int(re.search(r"ami:.*?port: (\d+)", secret, re.DOTALL)[1])  # type: ignore[index]
        far.stop_daemon()
        also = {"port": port, "user": "concierge", "secret_file": str(far.folder / "ami.secret"), "system": "far"}
        with Site(asterisk_version, settings={"also_ami": [also]}) as near:
            agi = near.settings.agi.port
            far.pbx.set_global("CONCIERGE_AGI", f"agi://127.0.0.1:{agi}")
            far.pbx.set_global("CONCIERGE_SYSTEM", "far")
            wait_until(lambda: near.log().count("listening to") == 2, 5, "both links")
            press(near, 48_609_000_001)
            press(far, 48_609_000_002)
            for number, system in ((48_609_000_001, "lab"), (48_609_000_002, "far")):
                wait_until(lambda number=number: len(witnesses(near, number)) == 2, 8, "both witnesses")  # type: ignore[misc]
                assert {one["evidence"]["system"] for one in witnesses(near, number)} == {system}
            far.pbx.stop()
            wait_until(lambda: shown(near), 8, "the gap of the one that is gone")
            assert [(one["system"], one["state"]) for one in shown(near)] == [("far", "open")]


def witnesses(site: Site, number: int) -> list[dict[str, dict[str, str]]]:
    found = json.loads(site.concierge("list", "history", f"+{number}", "--format", "json").stdout)["events"]
    return [one for event in found for one in event["witnesses"]]


def shown(site: Site) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(site.concierge("gaps", "--format", "json").stdout)
    return found
