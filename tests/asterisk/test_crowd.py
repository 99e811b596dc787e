"""Ten callers of every kind; two hundred by hand: tests/fuzz/callers.py."""

from __future__ import annotations

import pytest

from concierge.lab.crowd import PLAN, SETTINGS, quick_prompts, run_round
from concierge.lab.site import Site

pytestmark = pytest.mark.asterisk


def test_nobody_is_cut_off_and_nobody_goes_round_for_ever(asterisk_version: str) -> None:
    with Site(asterisk_version, extensions=PLAN, settings=SETTINGS) as site:
        quick_prompts(site)
        seen = run_round(site, 5, "busy" if asterisk_version == "16" else "answers", "killed", int(asterisk_version))
    assert len(seen) == 5
    assert {one.ending for one in seen} <= {"operator", "callback", "goodbye", "left"}, seen
    assert max(one.total for one in seen) <= 12 + 1
