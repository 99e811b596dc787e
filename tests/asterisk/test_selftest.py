"""The self-test hears what a caller hears: a menu, silence, a dead number, a call that is cut off."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from concierge.installation.loaded import Console
from concierge.lab.config import PbxOptions
from concierge.lab.site import Site
from concierge.settings import Settings

pytestmark = pytest.mark.asterisk

PLAN = """
[numbers]
exten => 700,1,Answer()
 same => n,Background(concierge/demo-menu)
 same => n,WaitExten(20)
exten => 1,1,Playback(concierge/demo-menu)
 same => n,Wait(20)
exten => 701,1,Answer()
 same => n,Wait(30)
exten => 702,1,Wait(30)
exten => 703,1,Answer()
 same => n,Wait(0.3)
 same => n,Hangup()
"""


class ListeningSite(Site):
    """Its Asterisk can tell a word from silence."""

    def _pbx_options(self, settings: Settings, secret: str) -> PbxOptions:
        return replace(super()._pbx_options(settings, secret), modules=("app_waitforsilence",))


def test_what_a_caller_would_complain_of_is_said(asterisk_version: str) -> None:
    with ListeningSite(asterisk_version, extensions=PLAN, settings={"menu": {"orientation": 2}}) as site:

        def said(*words: str) -> dict[str, str]:
            done = site.concierge(
                "selftest", *words, "--context", "numbers", "--rx", site.pbx.console, "--format", "json"
            )
            (finding,) = json.loads(done.stdout)
            assert done.returncode == (finding["state"] != "ok")
            return finding

        assert said("700", "--keys", "1")["state"] == "ok"
        assert "silence after the answer" in said("701")["seen"]
        seen = [said("703")["seen"]]
        while "cut off" not in seen[-1] and len(seen) < 3:  # a busy machine may be slow to tell of the hang-up
            seen.append(said("703")["seen"])
        assert "cut off" in seen[-1], seen
        assert "concierge-selftest" not in str(site.pbx.db_show())
        Console(site.pbx.console).ask("module unload app_waitforsilence.so")
        deaf = site.concierge("selftest", "700", "--context", "numbers", "--rx", site.pbx.console)
        assert (deaf.returncode, deaf.stdout) == (2, ""), "what the self-test lacks is no complaint of a caller"
        assert "Asterisk has not loaded app_waitforsilence" in deaf.stderr
