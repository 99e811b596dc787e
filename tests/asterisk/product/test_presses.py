"""A share of what `python tests/fuzz/presses.py --presses 500` does: presses while everything breaks."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path

import pytest

from concierge.lab.wait import wait_until

pytestmark = pytest.mark.asterisk

_found = importlib.util.spec_from_file_location("presses", Path(__file__).parents[2] / "fuzz" / "presses.py")
assert _found is not None
assert _found.loader is not None
presses = importlib.util.module_from_spec(_found)
sys.modules["presses"] = presses  # dataclasses look their module up
_found.loader.exec_module(presses)

FAULTS = {"22": ["kill", "full"], "16": ["cut", "locked"]}


def test_no_press_is_lost_or_recorded_twice_whatever_breaks(asterisk_version: str) -> None:
    with presses.World(asterisk_version, random.Random(1), feed=False) as world:
        faults = presses.possible(world, FAULTS[asterisk_version])
        result = presses.run(world, 3 * len(faults), faults, each=3)
        assert presses.settled(world, result), world.site.log()[-3000:]
        assert presses.recorded(world.site.store) == result.presses
        assert {state for _, state in presses.gaps(world.site.store)} <= {"reconciled"}


def test_with_the_dialplan_witness_switched_off_the_report_names_the_gap(asterisk_version: str) -> None:
    with presses.World(asterisk_version, random.Random(2), witness=False, feed=False) as world:
        result = presses.run(world, 2, ["kill"], each=2)
        expected = {("stopped", "unreconciled"): 1}
        wait_until(lambda: presses.gaps(world.site.store) == expected, 20, "the gap to be looked into")
        shown = world.site.concierge("gaps")
        assert (sum(result.presses.values()), presses.recorded(world.site.store)) == (2, {})
        assert shown.returncode == 1
        assert "stopped (the daemon was killed): unreconciled" in shown.stdout
        assert "the global variable CONCIERGE_FEATURES is empty" in shown.stdout
        assert "campaign calls and those of the last moment" in shown.stdout
