"""How real callers fared is in the report."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from concierge.lab.phone import Phone
from concierge.lab.site import Site
from concierge.lab.wait import wait_until

pytestmark = pytest.mark.asterisk


@pytest.fixture
def told(site: Site) -> Callable[[], dict]:
    def read() -> dict:
        done = site.concierge("report", "--format", "json")
        assert done.returncode == 0, done.stderr
        reception: dict = json.loads(done.stdout)["reception"]
        return reception

    return read


def test_callers_who_leave_a_menu_and_callers_whom_the_operator_answers_are_counted(
    site: Site, caller: Phone, operator: Phone, told: Callable[[], dict]
) -> None:
    before = told()
    since = site.ami.mark()
    leaver = caller.call("300")
    site.ami.wait_for_application("WaitExten", 10, since=since)
    leaver.hang_up()
    served = caller.call("300")
    operator.wait_for_call("operator", timeout=20).wait_answered()
    wait_until(lambda: [one for one in site.pbx.bridges() if one.channels == 2], 10, "the two to talk")
    served.hang_up()
    wait_until(lambda: told()["callers"] >= before["callers"] + 2, 20, "both to be counted")
    after = told()
    assert after["left_in_menu"] == before["left_in_menu"] + 1
    assert after["answered"] == before["answered"] + 1
    assert after["by_menu"].get("quick pass", 0) == before["by_menu"].get("quick pass", 0) + 1
    assert sum(after["by_guard"].values()) == sum(before["by_guard"].values()) + 1
    assert after["average_wait"] is not None and 0 < after["average_wait"] < 30
