"""What an administrator is told on the first day, before everything is there."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Nothing listens at its ports, and its secret is not made yet."""
    with socket.socket() as one, socket.socket() as other:
        for free in (one, other):
            free.bind(("127.0.0.1", 0))
        agi, ami = one.getsockname()[1], other.getsockname()[1]
    path = tmp_path / "config.yaml"
    store, login = f"store: {{path: {tmp_path}/list.db}}", f"{{port: {ami}, user: concierge, secret_file: ami.secret}}"
    path.write_text(f"{store}\nagi: {{port: {agi}}}\nami: {login}\n")
    return path


def examined(concierge, config: Path, etc: Path) -> dict[str, dict[str, str]]:
    done = concierge("doctor", "--json", "--config", config, "--etc", etc)
    assert done.stderr == ""
    return {one["name"]: one for one in json.loads(done.stdout)}


def test_a_secret_that_is_not_made_yet_is_made_by_the_hooks(concierge, config: Path, tmp_path: Path) -> None:
    login = examined(concierge, config, tmp_path / "etc")["manager login"]
    assert "mend the setting" not in login["remedy"]
    assert (
        login["seen"]
        == f"ami.secret_file: {tmp_path}/ami.secret is not there; `concierge hooks install` makes it, with a secret"
    )


def test_nobody_who_listens_is_told_in_words_without_error_numbers(concierge, config: Path, tmp_path: Path) -> None:
    (tmp_path / "ami.secret").write_text("long-enough-secret\n")
    (tmp_path / "ami.secret").chmod(0o600)
    found = examined(concierge, config, tmp_path / "etc")
    assert found["daemon over AGI"]["seen"].endswith(": Connection refused")
    assert "(Connection refused): is Asterisk running" in found["manager login"]["seen"]
    assert "Errno" not in str(found) and "Connect call" not in str(found)


def test_prompts_are_ours_to_install_only_in_our_languages(concierge, config: Path, tmp_path: Path) -> None:
    etc, sounds = tmp_path / "etc", tmp_path / "data" / "sounds"
    etc.mkdir()
    sounds.mkdir(parents=True)
    (etc / "asterisk.conf").write_text(f"[directories]\nastdatadir => {tmp_path}/data\n")
    (etc / "sip.conf").write_text("[one]\nlanguage=fr\n[two]\nlanguage=pl\n")
    found = examined(concierge, config, etc)
    assert "hooks install" in found["prompts in pl"]["remedy"]
    assert "hooks install" not in found["prompts in fr"]["remedy"]
    assert "concierge prompts record NAME --language fr" in found["prompts in fr"]["remedy"]


def test_what_was_removed_on_request_is_noted_without_rows_that_nobody_was_shown(concierge, config: Path) -> None:
    concierge("db", "upgrade", "--config", config)
    concierge("complaint", "add", "600100200", "--about", "2026-11-20", "--text", "x", "--config", config)
    assert concierge("list", "purge", "--number", "600100200", "--config", config).returncode == 0
    said = concierge("list", "accesses", "--config", config).stdout
    assert "forget 1 facts, 1 events: nothing was shown" in said, said


def test_a_campaigns_own_key_needs_hooks_that_know_it(concierge, config: Path, tmp_path: Path) -> None:
    def seen() -> dict[str, str] | None:
        return examined(concierge, config, etc).get("opt-out keys of campaigns")

    etc = tmp_path / "etc"
    etc.mkdir()
    for name in ("extensions", "features"):
        (etc / f"{name}.conf").write_text(concierge("hooks", "show", "--part", name, "--config", config).stdout)
    assert concierge("db", "upgrade", "--config", config).returncode == 0
    campaign = tmp_path / "spring.yaml"
    campaign.write_text('{name: spring, reason: offer, consent: not-needed, opt_out: {digits: {"9": all}}}')
    assert concierge("campaign", "add", campaign, "--config", config).returncode == 0
    assert seen() is None
    campaign.write_text(campaign.read_text().replace('"9": all', '"9": all, "7": campaign'))
    assert concierge("campaign", "edit", campaign, "--config", config).returncode == 0
    found = seen()
    assert found is not None and (found["state"], found["seen"]) == ("ok", "7 of spring")
    for name, ours in (("features", "concierge-7"), ("extensions", "CONCIERGE_KEYS")):
        path = etc / f"{name}.conf"
        now = path.read_text()
        path.write_text(now.replace(ours, "other"))
        found = seen()
        assert found is not None and found["state"] == "failed" and "7 of spring: only the manager" in found["seen"]
        assert "hooks install" in found["remedy"]
        path.write_text(now)


def test_a_manager_that_is_switched_off_is_named(concierge, config: Path, tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    shown = concierge("hooks", "show", "--part", "manager", "--config", config).stdout
    for said, off in (("enabled = no", True), ("", True), ("enabled = yes", False)):
        (etc / "manager.conf").write_text(f"[general]\n{said}\nport = 5038\n{shown}")
        found = examined(concierge, config, etc)
        assert ("manager enabled" in found) == off
        assert not off or "enabled=yes" in found["manager enabled"]["remedy"]


def test_without_a_pbx_no_key_press_is_said_to_be_heard(concierge, tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    path.write_text(f"store: {{path: {tmp_path}/list.db}}\n")
    assert concierge("db", "upgrade", "--config", path).returncode == 0
    found = examined(concierge, path, tmp_path / "etc")
    assert found["listening gaps"]["state"] == "warning"
    assert "nobody listens" in found["listening gaps"]["seen"]
    assert "hooks install" in found["manager login"]["remedy"]
