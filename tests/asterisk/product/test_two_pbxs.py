"""One daemon that hears two PBXs: each with its own link, presses, copies in AstDB and gaps."""

from __future__ import annotations

import http.client
import json
import re
import socket
from contextlib import closing

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
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            metrics = free.getsockname()[1]
        with Site(asterisk_version, settings={"also_ami": [also], "metrics": {"port": metrics}}) as near:
            agi = near.settings.agi.port
            far.pbx.set_global("CONCIERGE_AGI", f"agi://127.0.0.1:{agi}")
            far.pbx.set_global("CONCIERGE_SYSTEM", "far")
            wait_until(lambda: near.log().count("listening to") == 2, 5, "both links")
            press(near, 48_609_000_001)
            press(far, 48_609_000_002)
            for number, system in ((48_609_000_001, "lab"), (48_609_000_002, "far")):
                wait_until(lambda number=number: len(witnesses(near, number)) == 2, 8, "both witnesses")  # type: ignore[misc]
                assert {one["evidence"]["system"] for one in witnesses(near, number)} == {system}
            told = told_by(metrics, "metrics")[1]
            for series in ("ami_connected", "opt_outs_recorded_total"):
                assert {f'concierge_{series}{{system="{one}"}} 1' for one in ("lab", "far")} <= set(told.splitlines())
            assert told_by(metrics, "healthz")[0] == 200
            far.pbx.stop()
            wait_until(lambda: shown(near), 8, "the gap of the one that is gone")
            assert [(one["system"], one["state"]) for one in shown(near)] == [("far", "open")]
            status, why = told_by(metrics, "healthz")
            assert (status, "no link to the manager of far" in why) == (503, True)
            assert 'concierge_ami_connected{system="far"} 0' in told_by(metrics, "metrics")[1]


def told_by(port: int, page: str) -> tuple[int, str]:
    """Status and text of a page of the daemon's."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", f"/{page}")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def witnesses(site: Site, number: int) -> list[dict[str, dict[str, str]]]:
    found = json.loads(site.concierge("list", "history", f"+{number}", "--format", "json").stdout)["events"]
    return [one for event in found for one in event["witnesses"]]


def shown(site: Site) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(site.concierge("gaps", "--format", "json").stdout)
    return found
