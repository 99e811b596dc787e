"""`concierge evidence`: is it intact, and why was this number called or refused?"""

import json
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from concierge.commands.evidence import since
from concierge.dossier.words import meaning
from models.policy import Reason

NUMBER = "+48601234567"


@pytest.fixture
def kept(concierge, home_db):
    """A number that was allowed, listed, refused; and another one."""
    concierge("check", NUMBER, "--campaign", "spring")
    concierge("list", "add", NUMBER, "--reason", "asked <b>by letter</b>", "--source", "letter")
    concierge("check", NUMBER, "--campaign", "spring")
    concierge("check", "+48601234568")
    return home_db


def spoil(path, statement):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_untouched_evidence_is_verified_and_its_end_can_be_kept_elsewhere(concierge, kept):
    done = concierge("evidence", "verify")
    assert done.returncode == 0 and "4 rows in 4 links since 20" in done.stdout
    assert "as they were recorded" in done.stdout
    end = done.stdout.splitlines()[-1].removeprefix("the chain ends at ")
    assert concierge("evidence", "verify", "--checkpoint", end).returncode == 0
    other = end[:-1] + ("0" if end[-1] != "0" else "1")
    found = concierge("evidence", "verify", "--checkpoint", other)
    assert found.returncode == 1 and "the chain was another one then" in found.stdout


def test_a_changed_row_is_named_and_the_exit_code_says_so(concierge, kept):
    spoil(kept, "UPDATE call_check SET verdict = 'REFUSE' WHERE seq = 1")
    done = concierge("evidence", "verify")
    assert done.returncode == 1 and done.stdout.startswith("call_check 1: it was changed after")
    facts = json.loads(concierge("evidence", "verify", "--format", "json").stdout)
    assert facts["intact"] is False and facts["findings"][0]["where"] == "call_check 1"


def test_the_dossier_of_a_number_says_why_it_was_refused(concierge, kept):
    done = concierge("evidence", "export", "--number", "601 234 567")
    assert done.returncode == 0
    assert "On the do-not-call list for all campaigns" in done.stdout
    assert "Refused: the number is on the do-not-call list (asked <b>by letter</b>), campaign spring" in done.stdout
    assert "Allowed: nothing stood against a call" in done.stdout
    assert "48601234568" not in done.stdout


def test_as_json_each_row_names_its_link(concierge, kept):
    facts = json.loads(concierge("evidence", "export", "--number", NUMBER, "--format", "json").stdout)
    assert (facts["version"], facts["number"], facts["verified"]["intact"]) == (1, NUMBER, True)
    assert [(row["what"], row["link"]) for row in facts["history"]] == [("check", 1), ("opt-out", 2), ("check", 3)]
    assert facts["entries"][0]["in_force"]


def test_as_a_page_nothing_that_came_from_outside_is_markup(concierge, kept, tmp_path):
    page = tmp_path / "dossier.html"
    done = concierge("evidence", "export", "--number", NUMBER, "--format", "html", "-o", page)
    assert done.returncode == 0 and stat.S_IMODE(page.stat().st_mode) == 0o600
    text = page.read_text()
    assert "asked &lt;b&gt;by letter&lt;/b&gt;" in text and "<b>by" not in text
    assert "<script" not in text and "http" not in text.replace("http-equiv", "")
    assert "Yes: 4 rows and 4 links were recomputed" in text


def test_a_page_of_spoilt_evidence_says_so(concierge, kept):
    spoil(kept, "DELETE FROM call_check WHERE seq = 1")
    text = concierge("evidence", "export", "--number", NUMBER, "--format", "html").stdout
    assert "No: 1 findings" in text and "call_check 1: it is missing" in text


def test_a_time_is_a_dossier_of_all_numbers(concierge, kept):
    done = concierge("evidence", "export", "--since", "1h")
    assert "+48601234568 Allowed" in done.stdout and "+48601234567 Refused" in done.stdout
    assert concierge("evidence", "export", "--since", "1h", "--until", "30m").returncode == 1


def test_of_a_number_that_nobody_knows_nothing_is_kept(concierge, kept):
    done = concierge("evidence", "export", "--number", "+48601999999")
    assert done.returncode == 1 and done.stdout.startswith("Nothing is kept.")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export"], "name a number with --number, or a time with --since"),
        (["export", "--number", "hello"], "is no telephone number"),
        (["export", "--since", "yesterday"], "is no time"),
        (["verify", "--checkpoint", "7:abc"], "POSITION:CHAIN"),
        (["export", "--number", NUMBER, "-o", "/nowhere/x"], "name another place"),
    ],
)
def test_wrong_use_says_what_to_do(concierge, kept, words, message):
    done = concierge("evidence", *words)
    assert done.returncode == 2 and message in done.stderr


def test_times_are_read_as_people_write_them():
    now = datetime.now(UTC)
    assert abs(since("7d") - (now - timedelta(days=7))) < timedelta(minutes=1)
    assert since("2026-11-01T12:00+01:00") == datetime(2026, 11, 1, 11, tzinfo=UTC)


@pytest.mark.parametrize("reason", list(Reason))
def test_each_reason_of_a_decision_is_told_in_words(reason):
    told = meaning(reason.value, "")
    assert told and "-" not in told.replace("do-not-call", "")
