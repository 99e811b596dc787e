"""The demo's dialplan and the contexts that it takes in: nothing in them cuts a caller off in the lab."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from concierge.lab.site import Site

pytestmark = pytest.mark.asterisk


def test_the_plan_of_the_demo_has_no_error_and_all_its_modules(site: Site, tmp_path: Path) -> None:
    """As the demo judges it, which has none of these tests' own contexts."""
    etc = tmp_path / "etc"
    shutil.copytree(site.pbx.folder / "etc", etc)
    plan, _, tests_own = (etc / "extensions_extra.conf").read_text().partition("[outbound-quiet]")
    assert "[menu-with-script]" in plan and "[menu-quick]" in tests_own
    (etc / "extensions_extra.conf").write_text(plan)
    for file in etc.glob("*.conf"):
        file.write_text(file.read_text().replace(site.pbx.to_pbx(site.pbx.folder / "etc"), str(etc)))
    done = site.concierge_alone("lint", str(etc / "extensions.conf"), "--format", "json")
    found = json.loads(done.stdout)["findings"]
    assert [item["message"] for item in found if item["severity"] == "error"] == []
