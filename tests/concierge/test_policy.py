"""`concierge policy`: the forecast is what the check says at each moment, lead by lead."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

SPRING = """\
name: spring
reason: new-model
consent: not-needed
windows: {mon-fri: "09:00-17:00"}
caps: [{key: number, kind: attempt, window: 24h, limit: 1, scope: campaign}]
"""
SPAN = ("--from", "2026-11-23T06:00:00Z", "--to", "2026-11-24T00:00:00Z")
KINDS = ("+48600100{:03}", "+1212555{:04}", "+1305555{:04}", "+6141234{:04}", "+7903123{:04}", "+18005550{:03}")


@pytest.fixture
def leads(concierge, tmp_path):
    (tmp_path / "spring.yaml").write_text(SPRING)
    concierge("campaign", "add", tmp_path / "spring.yaml")
    choose = random.Random(3)
    numbers = [choose.choice(KINDS).format(choose.randrange(999)) for _ in range(60)] + ["112", "nobody", ""]
    rows = [f"{one},{choose.choice(['', 'America/Chicago', 'Europe/Warsaw'])}" for one in numbers]
    path = tmp_path / "leads.csv"
    path.write_text("\n".join(["number,zone", *rows]) + "\n")
    for one in numbers[:5]:
        concierge("list", "add", one, "--reason", "asked", "--source", "letter", "--force")
    return path


def simulate(concierge, path, *words):
    done = concierge("policy", "simulate", path, "--campaign", "spring", *SPAN, "--format", "json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_is_what_the_check_says_at_each_moment(concierge, leads):
    found = simulate(concierge, leads, "--step", "180")
    rows = [line.split(",") for line in leads.read_text().splitlines()[1:]]
    assert found["leads"] == len(rows) == 63
    assert found["callable"] + sum(found["stopped"].values()) == found["leads"]
    first = datetime.fromisoformat("2026-11-23T06:00:00+00:00")
    expected = [0] * len(found["steps"])
    for number, zone in rows:
        for step in range(len(expected)):
            at = (first + step * timedelta(hours=3)).isoformat()
            lead = ["--lead", f"zone={zone}"] if zone else []
            done = concierge("check", number, "--campaign", "spring", "--at", at, *lead)
            expected[step] += done.returncode == 0 and number != "112"
    assert [one["callable"] for one in found["steps"]] == expected
    assert found["stopped"]["listed"] >= 1
    assert found["stopped"]["number-unreadable"] == 2
    assert found["stopped"]["emergency"] == 1


def test_it_is_written_as_a_table_and_as_a_page(concierge, leads, tmp_path):
    page = tmp_path / "out.html"
    done = concierge("policy", "simulate", leads, "--campaign", "spring", *SPAN, "--html", page)
    assert done.stdout.startswith("63 leads, ")
    assert "Mon 2026-11-23 08:00" in done.stdout
    html = page.read_text()
    assert html.count("<rect") == 18
    assert "listed" in html
    assert "http" not in html.replace("https://www.w3.org", "")


def test_a_change_is_compared_before_it_is_made(concierge, leads, tmp_path):
    changed = tmp_path / "new.yaml"
    changed.write_text(SPRING.replace("09:00-17:00", "09:00-20:00"))
    done = concierge("policy", "diff", "spring", changed, leads, *SPAN, "--format", "json")
    found = json.loads(done.stdout)
    pairs = zip(found["old"]["steps"], found["new"]["steps"], strict=True)
    later = [new["callable"] - old["callable"] for old, new in pairs]
    assert min(later) == 0 < max(later)
    assert concierge("policy", "diff", "spring", changed, leads, *SPAN).stdout.startswith("callable: ")
    same = concierge("policy", "diff", "spring", "spring", leads, *SPAN, "--format", "json")
    assert json.loads(same.stdout)["callable"] == 0


def test_mistakes_are_named(concierge, leads, tmp_path):
    for words in (
        ["simulate", leads, "--campaign", "sprin"],
        ["simulate", tmp_path / "none.csv", "--campaign", "spring"],
        ["simulate", leads, "--campaign", "spring", "--from", "2026-11-24T00:00:00Z", "--to", "2026-11-23T00:00:00Z"],
        ["simulate", leads, "--campaign", "spring", "--step", "0"],
        ["simulate", leads, "--campaign", "spring", "--step", "1", "--to", "9999-01-01T00:00:00Z"],  # 4,000 million
        ["simulate", leads, "--campaign", tmp_path / "none.yaml"],
    ):
        done = concierge("policy", *words)
        assert done.returncode == 2, words
        assert "Traceback" not in done.stderr


def test_a_registry_that_gets_too_old_meanwhile_stops_the_rest_of_the_time(concierge, tmp_path):
    """Also for leads of which nothing else is known."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    (tmp_path / "spring.yaml").write_text("name: spring\nconsent: not-needed\ncountry: none\n")
    concierge("campaign", "add", tmp_path / "spring.yaml")
    (tmp_path / "au.csv").write_text("number\n+61412345678\n")
    day = (now - timedelta(days=29)).date()
    words = ("--format", "csv", "--country", "AU", "--as-of", day, "--name", "dncr")
    assert concierge("registry", "add", tmp_path / "au.csv", *words).returncode == 0
    leads = tmp_path / "leads.csv"
    leads.write_text("number\n+61412345678\n+61412345679\n+48600100200\n")
    span = ("--from", now.isoformat(), "--to", (now + timedelta(days=4)).isoformat(), "--step", "1440")
    done = concierge("policy", "simulate", leads, "--campaign", "spring", *span, "--format", "json")
    found = [one["callable"] for one in json.loads(done.stdout)["steps"]]
    for step, count in enumerate(found):
        at = (now + timedelta(days=step)).isoformat()
        checked = [
            concierge("check", number, "--campaign", "spring", "--at", at).returncode
            for number in leads.read_text().split()[1:]
        ]
        assert count == checked.count(0), (step, checked)
    assert found == [2, 2, 1, 1]


def test_a_time_without_an_hour_to_call_in_says_so(concierge, leads):
    done = concierge(
        "policy", "simulate", leads, "--campaign", "spring", "--from", "2026-11-23T01:00Z", "--to", "2026-11-23T02:00Z"
    )
    assert done.stdout.endswith("callable at no hour of this time\n")
