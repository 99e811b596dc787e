"""The self-test tries every key of a menu, and says what differs from what the dialplan's files promise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from concierge.lab.site import Site
from concierge.lab.wait import wait_until

pytestmark = pytest.mark.asterisk

PLAN = """
[numbers]
exten => 700,1,Answer()
 same => n,Goto(main,s,1)

[main]
exten => s,1,Background(concierge/to-a-person&concierge/goodbye)
 same => n,WaitExten(1)
exten => 1,1,Playback(concierge/goodbye)
 same => n,Dial(PJSIP/agent,20)
exten => 2,1,Goto(second,s,1)
exten => 3,1,Playback(concierge/goodbye)
 same => n,Dial(PJSIP/operator,20)
 same => n,Playback(concierge/goodbye)
exten => i,1,Playback(concierge/wrong-key)
 same => n,Goto(s,1)
exten => t,1,Dial(PJSIP/operator,20)

[second]
exten => s,1,Background(concierge/to-a-person)
 same => n,WaitExten(1)
exten => i,1,Goto(main,t,1)
exten => t,1,Dial(PJSIP/operator,20)
"""
DIFFERENT = (
    ("exten => 1,1,Playback(concierge/goodbye)", "exten => 1,1,Goto(second,t,1)"),
    ("Background(concierge/to-a-person)\n same => n,WaitExten(1)", "Background(concierge/no)\n same => n,WaitExten(9)"),
    ("same => n,Dial(PJSIP/operator,20)\n same", "same => n,Dial(PJSIP/nobody,20)\n same"),
)
HEALTHY = {"keys (wait)", "keys 1", "keys 2", "keys 3", "keys #", "keys 2,#"}


def walked(site: Site, tmp_path: Path) -> tuple[int, dict[str, tuple[str, str]]]:
    """The files say PLAN, whatever Asterisk has loaded."""
    etc = tmp_path / "etc"
    etc.mkdir(exist_ok=True)
    (etc / "extensions.conf").write_text(PLAN)
    (etc / "asterisk.conf").write_text(f"[directories]\nastdatadir => {site.pbx.folder / 'data'}\n")
    where = ("--context", "numbers", "--etc", str(etc), "--rx", site.pbx.console, "--format", "json")
    with site.pbx.phone("agent"), site.pbx.phone("operator"):
        done = site.concierge("selftest", "700", "--walk", *where)
    assert done.stdout, done.stderr
    found = {one["name"].removeprefix("700 "): (one["state"], one["seen"]) for one in json.loads(done.stdout)}
    assert "concierge-selftest" not in str(site.pbx.db_show())
    wait_until(lambda: not site.pbx.channels(), 10, "the end of the last call")
    return done.returncode, found


def test_a_menu_is_walked_by_the_model_and_what_differs_is_said_with_its_keys(
    asterisk_version: str, tmp_path: Path
) -> None:
    """Asterisk 22 has loaded another plan than the files hold, Asterisk 16 the same."""
    plan = PLAN
    for old, new in DIFFERENT if asterisk_version == "22" else DIFFERENT[:0]:
        assert plan.count(old) == 1
        plan = plan.replace(old, new)
    settings = {"menu": {"orientation": 3}, "selftest": {"ring": 0.6}}
    more = {"extensions": "#include numbers.conf\n", "files": {"numbers.conf": plan}}
    with Site(asterisk_version, settings=settings, modules=["app_waitforsilence"], **more) as site:
        code, found = walked(site, tmp_path)
        if plan == PLAN:
            assert code == 0 and {name for name in found if name.startswith("keys")} == HEALTHY, found
            assert {state for state, _ in found.values()} == {"ok"}, found
            assert found["menus"][1] == "all 7 keys and silences of the menus tried, in 6 calls"
            return
        assert code == 1
        assert "the model says [main] 1,2" in found["keys 1"][1]
        assert "is at [second] t,1 Dial" in found["keys 1"][1]
        assert found["keys (wait)"][0] == "ok", found
        assert "silence for 3 s at [second] s,2 WaitExten" in found["keys 2"][1]
        assert "dead destination: [main] 3,2 Dial(PJSIP/operator,20) came back at once" in found["keys 3"][1]
        assert found["keys #"][0] == "ok", found
