"""Complaints and abandoned calls."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

NUMBER = "+48600100200"


def test_a_complaint_lists_the_number_opens_its_dossier_and_stays_open(concierge):
    concierge("check", NUMBER, "--campaign", "spring")
    concierge("consent", "add", NUMBER, "--source", "form", "--topic", "cards")
    done = concierge(
        "complaint", "add", NUMBER, "--about", "2026-11-20", "--text", "called at night", "--format", "json"
    )
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["complaint"]["answered"] is None
    assert [len(found["dossier"][name]) for name in ("checks", "facts", "listings")] == [1, 2, 1]
    assert json.loads(concierge("check", NUMBER, "--format", "json").stdout)["reason"] == "listed"
    assert concierge("complaint", "list").returncode == 1
    identity = found["complaint"]["id"][:8]
    assert "called at night" in concierge("complaint", "show", identity).stdout
    assert concierge("complaint", "answer", identity, "--text", "we are sorry").returncode == 0
    assert concierge("complaint", "answer", identity, "--text", "we are sorry").returncode == 0
    other = concierge("complaint", "answer", identity, "--text", "we are not")
    assert other.returncode == 2 and "in other words; nothing was changed" in other.stderr
    done = concierge("complaint", "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert "answered" in concierge("complaint", "list", "--all").stdout
    assert concierge("check", NUMBER).returncode == 1


def test_mistakes_are_named(concierge):
    assert concierge("complaint", "show", "12345678").returncode == 2
    assert concierge("complaint", "add", "nobody", "--about", "x", "--text", "y").returncode == 2


def test_answered_calls_with_nobody_there_are_counted_over_thirty_days(concierge, home_db):
    assert concierge("campaign", "abandoned").returncode == 0
    now = datetime.now(UTC)
    rows = [("conversation", 1)] * 96 + [("abandoned", 2)] * 3 + [("attempt", 1)] * 50 + [("abandoned", 31)] * 9
    columns = "id, number, at, campaign, product, value, person, matter, state, site, consent, outcome, uniqueid, told"
    insert = f"INSERT INTO contact ({columns}) VALUES ({', '.join('?' * 14)})"  # noqa: S608
    with closing(sqlite3.connect(home_db)) as connection:
        for at, (state, days) in enumerate(rows):
            micros = int((now - timedelta(days=days)).timestamp() * 1e6)
            values = (str(at), 48600100200, micros, "spring", "", "", "", "", state, "", 0, "", "", "")
            connection.execute(insert, values)
        connection.commit()
    done = concierge("campaign", "abandoned", "--format", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "campaign": "spring",
        "answered": 99,
        "abandoned": 3,
        "percent": 3.03,
        "above": True,
        "sites": "this",
    }
    assert concierge("campaign", "abandoned", "--most", "4").returncode == 0
    assert "too many" in concierge("campaign", "abandoned").stdout


@pytest.mark.parametrize(
    "words", [("--about", " ", "--text", "x"), ("--about", "x", "--text", ""), ("--about", "x", "--text", "x" * 4001)]
)
def test_a_complaint_that_says_nothing_or_too_much_is_not_recorded(concierge, words):
    assert concierge("complaint", "add", "+48600100200", *words).returncode == 2
    assert concierge("complaint", "list", "--all").stdout == ""
