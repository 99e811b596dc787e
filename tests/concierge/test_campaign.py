"""`concierge campaign`, and what a campaign makes of `concierge check`."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from models.campaign import campaign_of

NUMBER = "+48600100200"
NOON, SUNDAY = "2026-11-23T12:00:00+01:00", "2026-11-22T12:00:00+01:00"
SPRING = """\
name: spring
purpose: cards
reason: new-model
consent: not-needed
windows: {mon-fri: "09:00-20:00", sat: "10:00-14:00"}
caps: [{key: number, kind: attempt, window: 24h, limit: 3, scope: campaign}]
"""


@pytest.fixture
def spring(concierge, tmp_path):
    path = tmp_path / "spring.yaml"
    path.write_text(SPRING)
    assert concierge("campaign", "add", path).stdout == "spring: added, active\n"
    return path


def check(concierge, *words, campaign="spring"):
    done = concierge("check", NUMBER, "--campaign", campaign, "--format", "json", *words)
    return done.returncode, json.loads(done.stdout)


def test_a_campaign_has_hours_of_its_own(concierge, spring):
    assert check(concierge, "--at", NOON)[0] == 0
    code, facts = check(concierge, "--at", SUNDAY)
    assert (code, facts["verdict"], facts["reason"]) == (1, "refuse", "outside-hours")
    assert facts["next"] == "2026-11-23T08:00:00+00:00"


def test_every_rule_is_explained_with_its_data(concierge, spring):
    done = concierge("check", NUMBER, "--campaign", "spring", "--at", SUNDAY, "--explain")
    assert done.returncode == 1
    first, *rules, history = done.stdout.splitlines()
    assert history == "  history: contacts 0"
    assert first.startswith("refuse outside-hours") and first.endswith("not before 2026-11-23T08:00:00+00:00")
    assert [line.split()[:2] for line in rules] == [
        ["allow", "number:"],
        ["allow", "list:"],
        ["allow", "campaign:"],
        ["allow", "reason:"],
        ["allow", "consent:"],
        ["refuse", "hours:"],
        ["allow", "cap"],
    ]
    assert "Sun 12:00 Europe/Warsaw" in done.stdout
    _, facts = check(concierge, "--at", SUNDAY, "--explain")
    assert [one["rule"] for one in facts["rules"] if one["verdict"] == "refuse"] == ["hours"]


def test_what_a_lead_says_counts(concierge, spring):
    noon_in_warsaw_is_early_in_new_york = check(concierge, "--at", NOON, "--lead", "zone=America/New_York")
    assert noon_in_warsaw_is_early_in_new_york[1]["reason"] == "outside-hours"
    for wrong in ("zone=No/Where", "birthday=tomorrow", "hair=brown", "zone"):
        assert concierge("check", NUMBER, "--campaign", "spring", "--lead", wrong).returncode == 2


def test_a_name_is_a_label_until_a_campaign_is_defined(concierge, tmp_path):
    assert check(concierge, campaign="autumn")[0] == 0
    (tmp_path / "spring.yaml").write_text(SPRING)
    concierge("campaign", "add", tmp_path / "spring.yaml")
    assert check(concierge, campaign="autumn")[1]["reason"] == "campaign-unknown"
    assert check(concierge, "--at", NOON, campaign="SPRING")[0] == 0
    assert concierge("check", NUMBER).returncode == 0


def test_pause_resume_and_remove(concierge, spring):
    for action, reason in (("pause", "campaign-paused"), ("resume", "not-listed"), ("remove", "not-listed")):
        assert concierge("campaign", action, "Spring").returncode == 0
        assert check(concierge, "--at", NOON)[1]["reason"] == reason
    assert concierge("campaign", "show", "spring").returncode == 2
    history = concierge("campaign", "history", "spring", "--format", "json").stdout.splitlines()
    states = [json.loads(line)["campaign"].get("state", "active") for line in history]
    assert states == ["active", "paused", "active", "removed"]


def test_what_is_shown_and_exported_can_be_read_again(concierge, spring, tmp_path):
    shown = tmp_path / "shown.yaml"
    shown.write_text(concierge("campaign", "show", "spring").stdout)
    assert concierge("campaign", "edit", shown).stdout == "spring: changed, active\n"
    assert concierge("campaign", "show", "spring").stdout == shown.read_text()
    shown.write_text(concierge("campaign", "export").stdout)
    assert concierge("campaign", "edit", shown, "--dry-run").stdout == "spring: fine\n"
    assert json.loads(concierge("campaign", "list", "--format", "json").stdout)[0]["name"] == "spring"


def test_a_campaign_is_not_added_twice(concierge, spring):
    done = concierge("campaign", "add", spring)
    assert done.returncode == 2
    assert "already there" in done.stderr


def test_mistakes_are_named_with_file_and_key_and_nothing_is_added(concierge, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("- {name: good}\n- {name: bad, window: {}}\n- {name: good}\n")
    done = concierge("campaign", "add", path)
    assert done.returncode == 2
    assert f"{path}: campaign bad: window: unknown key; did you mean `windows`?" in done.stderr
    assert f"{path}: campaign good stands twice" in done.stderr
    assert concierge("campaign", "list").stdout == ""
    for text in ("name: [", "name: a\nname: b\n", "- 7\n"):
        path.write_text(text)
        assert concierge("campaign", "add", path).returncode == 2


def test_presets_and_countries_can_be_read(concierge):
    printed = concierge("campaign", "presets").stdout
    assert "# 12 CFR 1006.14(b)(2)" in printed and "[unverified]" in printed
    presets = yaml.safe_load(printed)
    assert presets["greetings"] == {"days": ["birthday", "01-01"]}
    for one in presets.values():  # to be copied into a campaign
        assert campaign_of({"name": "spring", **one})
    shown = concierge("campaign", "countries").stdout
    assert "No legal advice" in shown
    assert "[unverified]" in shown
    codes = {one["country"] for one in json.loads(concierge("campaign", "countries", "--format", "json").stdout)}
    assert {"PL", "DE", "GB", "US", "CA", "AU", "RU"} <= codes


def test_the_caps_of_all_sites_are_asked_without_reserving(concierge, config, on_postgresql, tmp_path):
    from contextlib import closing
    from datetime import UTC, datetime
    from uuid import uuid4

    from concierge.wiring import upgrade_store
    from models.caps import Contact
    from models.reserving import Taken, Terms
    from models.rules import Case
    from models.sharing import Shared

    store, spring = tmp_path / "list.db", tmp_path / "spring.yaml"
    upgrade_store(store)
    spring.write_text(SPRING.replace("limit: 3", "limit: 1"))
    url = on_postgresql.url.render_as_string(hide_password=False).replace("+psycopg", "")
    settings = config(f"store: {{path: {store}}}\nsync: {{url: '{url}', site: a, on_stale: warn}}\n")
    concierge("campaign", "add", spring, "--config", settings)
    words = ("check", NUMBER, "--campaign", "spring", "--at", NOON, "--config", settings)
    assert concierge(*words).returncode == 0
    now = datetime.fromisoformat(NOON).astimezone(UTC)
    elsewhere = Contact(str(uuid4()), 48600100200, now, "spring", site="b")
    with closing(Shared(on_postgresql, Terms(site="b"))) as shared:
        assert isinstance(shared.take(Case("spring", None, 48600100200), elsewhere, "", [], now), Taken)
    for _ in range(10):  # a busy server may not answer in the time that a check has for it
        said = concierge(*words, "--explain").stdout
        if "refuse caps of all sites" in said:
            break
    else:
        pytest.fail(said)
    words = ("check", NUMBER, "--campaign", "spring", "--at", "2026-11-25T12:00:00+01:00", "--config", settings)
    for _ in range(10):
        found = json.loads(concierge(*words, "--format", "json").stdout)
        assert found["verdict"] == "allow"
        if found["history"]["contacts"] == "1":
            break
    else:
        pytest.fail(str(found))
    assert found["history"]["last"] == f"{now:%Y-%m-%dT%H:%M:%SZ}"


def test_a_change_holds_also_when_the_clock_was_set_back(concierge, spring, home_db):
    ahead = int((datetime.now(UTC) + timedelta(hours=1)).timestamp() * 1_000_000)
    with closing(sqlite3.connect(home_db)) as connection, connection:
        connection.execute("UPDATE fact SET at = ?", (ahead,))
    assert concierge("campaign", "pause", "spring").returncode == 0
    assert check(concierge, "--at", NOON)[1]["reason"] == "campaign-paused"
    assert concierge("campaign", "edit", str(spring)).returncode == 0
    assert check(concierge, "--at", NOON)[0] == 0
