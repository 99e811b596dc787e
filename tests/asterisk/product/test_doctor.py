"""doctor says what is wrong, and nothing when nothing is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from concierge.lab.site import Site

pytestmark = pytest.mark.asterisk


@pytest.fixture
def etc(site: Site, tmp_path: Path) -> Path:
    """A copy of the PBX's configuration, with paths as this machine sees them."""
    copy = tmp_path / "etc"
    shutil.copytree(site.pbx.folder / "etc", copy)
    main = copy / "asterisk.conf"
    main.write_text(main.read_text().replace(site.pbx.to_pbx(site.pbx.folder), str(site.pbx.folder)))
    return copy


def examine(site: Site, etc: Path) -> tuple[int, dict[str, dict[str, str]]]:
    done = site.concierge("doctor", "--json", "--etc", str(etc))
    return done.returncode, {item["name"]: item for item in json.loads(done.stdout)}


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_nothing_is_wrong_with_a_site_that_was_set_up_by_the_hooks(site: Site, etc: Path) -> None:
    code, found = examine(site, etc)
    assert {name: item["seen"] for name, item in found.items() if item["state"] != "ok"} == {}
    assert code == 0
    assert {"database", "daemon over AGI", "manager login", "manager rights", "event classes", "dialplan"} <= set(found)


def test_a_stopped_daemon_is_found_with_what_to_do(site: Site, etc: Path) -> None:
    site.stop_daemon()
    code, found = examine(site, etc)
    assert code == 1
    assert found["daemon over AGI"]["state"] == "failed" and "concierge serve" in found["daemon over AGI"]["remedy"]


def test_a_wrong_secret_is_found_and_not_shown(site: Site, etc: Path) -> None:
    secret = site.folder / "ami.secret"
    kept = secret.read_text()
    secret.write_text("not-the-secret\n")
    try:
        code, found = examine(site, etc)
    finally:
        secret.write_text(kept)
    assert code == 1
    assert found["manager login"]["state"] == "failed" and "not-the-secret" not in str(found)


def test_a_daemon_that_reads_another_list_is_found(site: Site, etc: Path) -> None:
    other = site.folder / "other.yaml"
    other.write_text(site.config.read_text().replace("list.db", "other.db"))
    assert site.concierge_alone("db", "upgrade", "--config", str(other)).returncode == 0
    done = site.concierge_alone("doctor", "--json", "--etc", str(etc), "--config", str(other))
    found = {item["name"]: item for item in json.loads(done.stdout)}
    assert "another list" in found["daemon over AGI"]["seen"]


@pytest.mark.parametrize(
    ("file", "old", "new", "name", "seen"),
    [
        ("features_extra.conf", "concierge-9", "other-9", "features.conf", "lacks concierge-9"),
        ("extensions_extra.conf", "CONCIERGE_OPERATOR=PJSIP/operator", "CONCIERGE_OPERATOR=", "dialplan", "OPERATOR"),
        ("extensions_extra.conf", "[concierge-mark]", "[concierge-marc]", "dialplan", "concierge-mark"),
        ("extensions_extra.conf", ",b(concierge-", ",b(other-", "dialplan", "no called leg is marked"),
        ("manager_extra.conf", "read=call,dtmf,user", "read=call,user", "event classes", "dtmf"),
        ("manager_extra.conf", "CONCIERGE_LEG", "OTHER", "channelvars", "CONCIERGE_LEG"),
    ],
)
def test_a_hook_that_is_missing_or_stale_is_found(
    site: Site, etc: Path, file: str, old: str, new: str, name: str, seen: str
) -> None:
    change(etc / file, old, new)
    _, found = examine(site, etc)
    assert found[name]["state"] in ("failed", "warning") and seen in found[name]["seen"]
    assert found[name]["remedy"]
