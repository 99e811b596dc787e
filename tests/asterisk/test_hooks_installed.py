"""The hooks that the command puts in are loaded by a real Asterisk, stop a listed number, and go without a trace."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from concierge.lab import freepbx
from concierge.lab.engine import find_engine
from concierge.lab.installed import InstalledSite
from concierge.lab.wait import wait_until

pytestmark = pytest.mark.asterisk

FREE, LISTED = 48_602_000_001, 48_602_000_002
FOREIGN = """\
; the office's own: [macro-dialout-trunk-predial-hook] adds the account
[macro-dialout-trunk-predial-hook]
exten => s,1,Set(CDR(accountcode)=office)
 same => n,Set(OFFICE_HOOK=ran)
 same => n,Set(OUTNUM=${OUTNUM:1})
 same => n,GotoIf($["${OUTNUM}" = "0"]?macro-dialout-trunk-predial-hook,s,end)
 same => n(end),END()"""


def own_plan(version: str) -> str:
    """What an administrator of plain Asterisk adds to the stock file."""
    stock = find_engine(version).to_host("/etc/asterisk/extensions.conf").read_text()
    return (
        stock
        + """
[from-inside]
exten => _0X.,1,Gosub(concierge-outbound,s,1(${EXTEN},${CONCIERGE_CAMPAIGN}))
 same => n,GotoIf($["${CONCIERGE_VERDICT}" = "ALLOW"]?dial)
 same => n,Hangup(21)
 same => n(dial),Dial(PJSIP/${EXTEN}@callee,30,b(concierge-mark^s^1))

[lab-hold]
exten => _X!,1,Answer()
 same => n,Wait(600)
; no newline at the end of this file"""
    )


def trees() -> dict[str, tuple[str, str, dict[str, str]]]:
    found = {f"freepbx-{one}": (freepbx.ASTERISK[one], "--freepbx", freepbx.tree(one)) for one in freepbx.VERSIONS}
    for one, ending in (("16", "MacroExit"), ("17", "Return")):
        more = {"extensions_custom.conf": FOREIGN.replace("END", ending)}
        found[f"freepbx-{one}-foreign"] = (freepbx.ASTERISK[one], "--freepbx", freepbx.tree(one, more))
    return found


ALL = ["asterisk-22", "asterisk-16", *trees()]
FEW = ["freepbx-16-foreign", "freepbx-17"]  # one of each way to call; all of them: CONCIERGE_ALL_LAYOUTS=1


@pytest.fixture(scope="module", params=ALL if os.environ.get("CONCIERGE_ALL_LAYOUTS") else FEW)
def site(request: pytest.FixtureRequest) -> Iterator[InstalledSite]:
    if request.param.startswith("asterisk"):
        version = request.param.removeprefix("asterisk-")
        etc = find_engine(version).to_host("/etc/asterisk")
        tree = {"extensions.conf": own_plan(version), "features.conf": (etc / "features.conf").read_text()}
        made = InstalledSite(version, "--asterisk", tree)
    else:
        made = InstalledSite(*trees()[request.param])
    with made as started:
        added = started.concierge("list", "add", f"+{LISTED}", "--reason", "asked", "--source", "letter")
        assert added.returncode == 0, added.stderr
        yield started


@pytest.fixture(autouse=True)
def quiet(site: InstalledSite) -> Iterator[None]:
    yield
    site.pbx.hangup_all()


def dial(site: InstalledSite, exten: str, **variables: str) -> dict[str, str]:
    """A call of the staff, placed as from a telephone."""
    given = {f"__{name}": value for name, value in variables.items()}
    return site.ami.originate(f"Local/{exten}@from-inside/n", context="lab-hold", exten="0", variables=given)


def test_a_listed_number_is_refused_through_the_trunk_hook_and_another_is_called(site: InstalledSite) -> None:
    lead = "00" if "office" not in text(site, "extensions_custom.conf") else "000"
    with site.pbx.phone("callee") as callee:
        refused = dial(site, f"{lead}{LISTED}", CONCIERGE_CAMPAIGN="spring")
        assert refused["Response"] == "Failure" and callee.invites == []
        since = site.ami.mark()
        dial(site, f"{lead}{FREE}", CONCIERGE_CAMPAIGN="spring")
        assert callee.wait_for_call(f"00{FREE}").wait_answered()
        if lead == "000":
            assert site.ami.find(lambda e: e["Event"] == "VarSet" and e["Variable"] == "OFFICE_HOOK", since)
        marked = site.ami.wait_for(
            lambda e: e["Event"] == "VarSet" and e["Variable"] == "CONCIERGE_LEG" and e["Value"] == "callee",
            since=since,
        )
        assert marked["Channel"].startswith("PJSIP/callee")


def text(site: InstalledSite, name: str) -> str:
    path = site.etc / name
    return path.read_text() if path.exists() else ""


def test_a_second_subroutine_of_the_called_leg_runs_too(site: InstalledSite) -> None:
    if not (site.etc / "extensions_additional.conf").exists() or "office" in text(site, "extensions_custom.conf"):
        return  # FORCE_CONFIRM is FreePBX's
    with site.pbx.phone("callee") as callee:
        since = site.ami.mark()
        dial(site, f"00{FREE}", CONCIERGE_CAMPAIGN="spring", FORCE_CONFIRM="yes")
        assert callee.wait_for_call(f"00{FREE}").wait_answered()
        for name in ("CONCIERGE_LEG", "CONFIRMED"):
            site.ami.wait_for(
                lambda e, name=name: (
                    e["Event"] == "VarSet" and e["Variable"] == name and e["Channel"].startswith("PJSIP/callee")
                ),
                since=since,
            )


def test_ways_that_call_another_hook_or_none_ask_too_and_emergency_routes_do_not(site: InstalledSite) -> None:
    if not (site.etc / "extensions_additional.conf").exists() or "office" in text(site, "extensions_custom.conf"):
        return
    with site.pbx.phone("callee") as callee:
        for way in ("76", "77", "78"):
            assert dial(site, f"{way}00{LISTED}")["Response"] == "Failure", way
        assert callee.invites == []
        for way in ("76", "77", "78"):
            before = len(callee.invites)
            dial(site, f"{way}00{FREE}")
            wait_until(lambda before=before: len(callee.invites) > before, 10, f"the call by {way}")
            assert callee.invites[-1] == f"00{FREE}"
            site.pbx.hangup_all()
        dial(site, f"7900{LISTED}")
        assert callee.invites[-1] == f"00{LISTED}"


def test_doctor_finds_nothing_and_sees_what_asterisk_has_loaded(site: InstalledSite) -> None:
    done = site.concierge("doctor", *site.where[:4])
    stock = "prompts in fr"  # Asterisk's own sample plan speaks French, and there is no word of ours in it
    bad = [line for line in done.stdout.splitlines() if line[:1] in "✗?!" and stock not in line]
    assert bad == [], done.stdout
    assert "✓ loaded dialplan" in done.stdout
    assert "✓ test call" in site.concierge("doctor", "--call", *site.where[:4]).stdout
    site.pbx.set_global("CONCIERGE_HOOKS", "older")
    assert "older hooks loaded" in site.concierge("doctor", *site.where[:4]).stdout
    assert site.hooks("install", "--reload").returncode == 0


def test_a_second_installation_changes_nothing_and_the_secret_is_never_shown(site: InstalledSite) -> None:
    before = site.digests()
    again = site.hooks("install")
    assert again.returncode == 0 and "nothing to change" in again.stderr
    assert site.digests() == before
    secret = (site.folder / "ami.secret").read_text().strip()
    shown = site.hooks("remove", "--dry-run")
    assert "(hidden)" in shown.stdout and secret not in shown.stdout + shown.stderr + again.stdout
    manager = site.etc / "concierge_manager.conf"
    assert secret in manager.read_text() and manager.stat().st_mode & 0o777 == 0o600
    generated = [name for name in site.before if name.endswith("_additional.conf") or name == "extensions.conf"]
    if (site.etc / "extensions_additional.conf").exists():
        assert {name: before[name] for name in generated} == {name: site.before[name] for name in generated}


def test_removing_restores_every_byte_and_asterisk_forgets(site: InstalledSite) -> None:
    removed = site.hooks("remove", "--reload")
    assert removed.returncode == 0, removed.stderr
    assert site.digests() == site.before
    assert not list((site.pbx.folder / "data" / "sounds").rglob("concierge"))
    assert "There is no existence of 'concierge-outbound'" in site.pbx.cli("dialplan show concierge-outbound")
