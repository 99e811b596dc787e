"""`concierge token`, the settings of the endpoint, and what doctor says of it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from concierge.errors import SettingsError
from concierge.settings import parse

FILE = Path("c.yaml")


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("store: {path: list.db}\nweb: {port: 4590}\n")
    return path


def test_a_token_is_printed_once_listed_without_it_and_removed(concierge, settings, tmp_path):
    made = concierge("token", "add", "crm", "--scope", "write", "--config", settings)
    token = made.stdout.strip()
    assert (made.returncode, token[:10], len(made.stdout.splitlines())) == (0, "concierge_", 1)
    assert token not in made.stderr
    assert token not in (tmp_path / "list.db.tokens").read_text()
    shown = concierge("token", "list", "--config", settings)
    assert shown.stdout.startswith("crm: write, made 20")
    assert token not in shown.stdout
    [one] = json.loads(concierge("token", "list", "--format", "json", "--config", settings).stdout)
    assert (one["name"], one["scope"]) == ("crm", "write")
    assert concierge("token", "add", "crm", "--config", settings).returncode == 2
    assert concierge("token", "remove", "crm", "--config", settings).returncode == 0
    assert concierge("token", "remove", "crm", "--config", settings).returncode == 1


def test_a_file_of_tokens_elsewhere_is_relative_to_the_settings():
    assert parse({"web": {"tokens": "t.json"}}, Path("/a/c.yaml")).web.tokens == "/a/t.json"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "crm.example"])
def test_another_address_needs_a_list_and_is_told_why(host):
    with pytest.raises(SettingsError, match="unencrypted"):
        parse({"web": {"host": host}}, FILE)
    assert parse({"web": {"host": host, "allow": ["10.0.0.5"]}}, FILE).web.allow


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", 70_000),
        ("port", 4583),
        ("rate", 0.0),
        ("rate", float("nan")),
        ("burst", 0),
        ("requests", 0),
        ("connections", 0),
        ("body", 10),
        ("patience", -1.0),
        ("allow", ["crm"]),
    ],
)
def test_a_limit_that_limits_nothing_or_everything_is_named(key, value):
    with pytest.raises(SettingsError, match=rf"web\.{key}"):
        parse({"web": {key: value}}, FILE)


def _web(concierge, settings):
    found = json.loads(concierge("doctor", "--json", "--config", settings).stdout)
    return {one["name"]: (one["state"], one["seen"]) for one in found if one["name"].startswith("http")}


def test_doctor_says_what_the_endpoint_lacks(concierge, settings, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        settings.write_text(f"store: {{path: list.db}}\nweb: {{port: {port}}}\n")
        found = _web(concierge, settings)
        assert found["http tokens"][0] == "warning"
        assert found["http endpoint"][0] == "failed"
    concierge("token", "add", "crm", "--config", settings)
    assert _web(concierge, settings)["http tokens"] == ("ok", "crm (read)")
    (tmp_path / "list.db.tokens").chmod(0o644)
    assert _web(concierge, settings)["http tokens"][0] == "failed"


def test_doctor_says_nothing_of_an_endpoint_that_is_not_wanted(concierge, settings):
    settings.write_text("store: {path: list.db}\n")
    assert _web(concierge, settings) == {}
