"""doctor says what is wrong, and nothing when nothing is."""

from __future__ import annotations

import json

import pytest

from concierge.lab.site import Site

pytestmark = pytest.mark.asterisk


def examine(site: Site) -> tuple[int, dict[str, dict[str, str]]]:
    done = site.concierge("doctor", "--json", "--etc", str(site.pbx.folder / "etc"))
    return done.returncode, {item["name"]: item for item in json.loads(done.stdout)}


def test_nothing_is_wrong_with_a_site_that_was_set_up_by_the_hooks(site: Site) -> None:
    code, found = examine(site)
    assert {name: item["seen"] for name, item in found.items() if item["state"] != "ok"} == {}
    assert code == 0
    assert {"database", "daemon over AGI", "manager login", "manager rights", "event classes", "dialplan"} <= set(found)


def test_a_stopped_daemon_is_found_with_what_to_do(site: Site) -> None:
    site.stop_daemon()
    code, found = examine(site)
    assert code == 1
    assert found["daemon over AGI"]["state"] == "failed" and "concierge serve" in found["daemon over AGI"]["remedy"]


def test_missing_hooks_and_a_wrong_secret_are_found(site: Site) -> None:
    etc = site.pbx.folder / "etc"
    features, secret = etc / "features_extra.conf", site.folder / "ami.secret"
    kept = features.read_text(), secret.read_text()
    features.write_text("")
    secret.write_text("not-the-secret\n")
    try:
        code, found = examine(site)
    finally:
        features.write_text(kept[0])
        secret.write_text(kept[1])
    assert code == 1
    assert found["features.conf"]["state"] == "failed"
    assert found["manager login"]["state"] == "failed" and "not-the-secret" not in str(found)
