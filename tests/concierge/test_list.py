"""The list by hand: what is added is refused at the next check, what is removed is allowed."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

CONCIERGE = Path(sys.executable).with_name("concierge")
NUMBER = "+48601234567"
WHY = ("--reason", "asked by letter", "--source", "letter")


@pytest.fixture
def add(concierge):
    return lambda *words: concierge("list", "add", *words, *WHY)


@pytest.fixture
def check(concierge):
    def ask(number=NUMBER, *words):
        done = concierge("check", number, "--format", "json", *words)
        facts = json.loads(done.stdout)
        assert done.returncode == {"allow": 0, "refuse": 1}[facts["verdict"]]
        return facts

    return ask


def test_what_is_added_is_refused_shown_removed_and_allowed_again(add, check, concierge):
    assert check()["verdict"] == "allow"
    assert add("601 234 567").stdout == f"{NUMBER}: listed for all campaigns, entry 1\n"
    facts = check()
    assert (facts["verdict"], facts["reason"], facts["entry"], facts["detail"]) == (
        "refuse",
        "listed",
        1,
        "asked by letter",
    )
    shown = concierge("list", "show", "0048601234567")
    assert shown.returncode == 0
    assert shown.stdout.startswith(f"{NUMBER} entry 1 for all campaigns: asked by letter [letter]\n")
    [entry] = json.loads(concierge("list", "show", "--format", "json").stdout)
    assert (entry["number"], entry["campaign"], entry["holds"]) == (NUMBER, None, True)
    assert concierge("list", "remove", NUMBER, "--reason", "mistake").returncode == 0
    assert check()["verdict"] == "allow"
    gone = concierge("list", "show", NUMBER)
    assert gone.returncode == 1
    assert "(undone)" in gone.stdout
    assert [line.split()[2] for line in gone.stdout.splitlines()[1:]] == ["add", "remove"]


def test_removing_what_is_not_listed_is_1_and_leaves_no_event(concierge, home_db):
    assert concierge("list", "remove", NUMBER, "--reason", "r").returncode == 1
    with closing(sqlite3.connect(home_db)) as connection:
        assert connection.execute("SELECT count(*) FROM list_event").fetchone() == (0,)


def test_an_entry_for_campaigns_stops_these_only(add, check, concierge):
    assert add(NUMBER, "--campaign", "spring", "--campaign", "autumn").stdout.count("listed for campaign") == 2
    assert check(NUMBER, "--campaign", "spring")["reason"] == "listed-for-campaign"
    assert check(NUMBER, "--campaign", "winter")["verdict"] == "allow"
    assert concierge("list", "remove", NUMBER, "--campaign", "spring", "--reason", "r").returncode == 0
    assert check(NUMBER, "--campaign", "spring")["verdict"] == "allow"
    assert check(NUMBER, "--campaign", "autumn")["verdict"] == "refuse"
    assert concierge("list", "remove", NUMBER, "--reason", "r").returncode == 1


def test_until_is_the_last_day_on_which_an_entry_holds_anywhere_on_earth(add, check, concierge):
    today = datetime.now(UTC).date()
    last = today + timedelta(days=10)
    assert add(NUMBER, "--until", last).returncode == 0
    end = f"{last + timedelta(days=1)}T12:00:00+00:00"
    assert check(NUMBER, "--at", f"{last}T23:59:59-12:00")["verdict"] == "refuse"
    assert check(NUMBER, "--at", f"{last + timedelta(days=1)}T11:59:59.999999+00:00")["verdict"] == "refuse"
    assert check(NUMBER, "--at", end)["verdict"] == "allow"
    assert add(NUMBER, "--until", today + timedelta(days=3)).returncode == 0
    assert check(NUMBER, "--at", f"{last}T12:00:00Z")["verdict"] == "refuse", "a second entry shortened the first"
    shown = concierge("list", "show", NUMBER).stdout
    assert f"for all campaigns until {last}, everywhere on earth: " in shown


def test_until_today_is_taken_and_a_day_that_is_over_is_not(add, check):
    today = datetime.now(UTC).date()
    refused = add(NUMBER, "--until", today - timedelta(days=2))
    assert refused.returncode == 2
    assert "that day is over; nothing was listed" in refused.stderr
    assert check()["verdict"] == "allow"
    assert add(NUMBER, "--until", today + timedelta(days=1)).returncode == 0
    assert check()["verdict"] == "refuse"


def test_until_the_last_day_of_the_calendar_is_for_ever(add, check):
    assert add(NUMBER, "--until", "9999-12-31").returncode == 0
    assert check(NUMBER, "--at", "2999-12-31T23:59:59Z")["verdict"] == "refuse"


@pytest.mark.parametrize("number", ["112", "abc", "", "+48", "anonymous", "+48601234567890123", "1-800-FLOWERS"])
def test_what_is_no_subscribers_number_cannot_be_listed(add, concierge, number):
    done = add(number) if number else concierge("list", "add", "", *WHY)
    assert done.returncode == 2
    assert done.stderr.startswith(f"concierge: {number!r}: ")
    assert concierge("list", "show").stdout == ""


def test_a_number_of_no_numbering_plan_needs_force(add, concierge):
    assert "--force" in add("+48011111111").stderr
    assert add("+48011111111", "--force").returncode == 0


def test_a_text_with_two_readings_is_neither_listed_nor_freed(concierge, config):
    path = config("site: {country: DE, outside_line: '0'}")
    for words in (["add", *WHY], ["remove", "--reason", "r"]):
        done = concierge("list", words[0], "0049221234567", *words[1:], "--config", path)
        assert done.returncode == 2
        assert "can be read as +49221234567 or +4949221234567; write the one that is meant with +" in done.stderr


@pytest.mark.parametrize("name", ["a b", "x" * 65, "", "a\nb"])
def test_a_campaign_name_that_cannot_be_one_is_refused(concierge, name):
    done = concierge("list", "add", NUMBER, *WHY, "--campaign", name)
    assert done.returncode == 2
    assert "letters, digits" in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["list", "add", NUMBER, "--reason", "\udcff\udcfe", "--source", "\udcff"], 0),
        (["list", "add", NUMBER, "--reason", "r", "--source", "s", "--campaign", "\udcff"], 2),
        (["check", "\udcff\udcfe"], 1),
        (["check", NUMBER, "--campaign", "\udcff", "--format", "json"], 1),
    ],
)
def test_bytes_that_are_no_text_are_no_crash(concierge, words, code):
    """As Python gives them to a program: lone surrogates."""
    assert concierge(*words).returncode == code


def test_four_first_commands_at_once_share_one_new_database(environment, tmp_path, home_db):
    command = [str(CONCIERGE), "list", "add", NUMBER, *WHY]
    started = [
        subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0
        assert errors == "" or (errors.startswith("concierge: made an empty list, ") and errors.count("\n") == 1)
    with closing(sqlite3.connect(home_db)) as connection:
        assert connection.execute("SELECT count(*) FROM list_event").fetchone() == (4,)
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (1,)
    assert home_db.stat().st_mode & 0o777 == 0o600
    assert home_db.parent.stat().st_mode & 0o777 == 0o700


def test_a_range_is_listed_as_one_entry_and_an_allowed_number_in_it_is_free(add, check, concierge):
    assert add("601 234 XXX").stdout == "+48601234000 to +48601234999: listed for all campaigns, entry 1\n"
    assert check("+48601234999")["reason"] == "listed"
    assert check("+48601235000")["verdict"] == "allow"
    assert add("601 234 567", "--allow").stdout.startswith(f"{NUMBER}: allowed inside of a listed range for all")
    assert check()["reason"] == "allowed-in-range"
    shown = concierge("list", "show", NUMBER).stdout
    assert "+48601234000 to +48601234999 entry 1 for all campaigns: asked by letter [letter]\n" in shown
    assert f"{NUMBER} entry 2 allows for all campaigns: asked by letter [letter]\n" in shown


def test_what_a_person_asked_for_is_not_overruled_by_an_allowed_number(add, check):
    add("601234XXX")
    add(NUMBER, "--allow")
    add(NUMBER)
    assert check()["reason"] == "listed"


def test_removing_a_number_leaves_its_range_and_says_so(add, check, concierge):
    add("601234XXX")
    done = concierge("list", "remove", NUMBER, "--reason", "mistake")
    assert done.returncode == 1
    assert "there is: +48601234000 to +48601234999" in done.stdout
    assert concierge("list", "remove", "601234xxx", "--reason", "mistake").returncode == 0
    assert check()["verdict"] == "allow"


def test_a_range_that_is_not_clear_is_refused(add):
    for text in ("XXXX", "+48 601 2X4 567", "+486012345678901XX"):
        assert add(text).returncode == 2


def test_where_nothing_is_listed_it_is_said(concierge):
    concierge("db", "upgrade")
    done = concierge("list", "show")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "concierge: nothing is listed\n")
    done = concierge("list", "show", "600100999")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "concierge: +48600100999: not listed\n")
    assert "there is no token" in concierge("token", "list").stderr
    assert "there is no registry" in concierge("registry", "list").stderr
    done = concierge("campaign", "history", "spring")
    assert done.returncode == 1 and "there has been no campaign 'spring'" in done.stderr


def test_a_single_digit_has_too_few(concierge):
    concierge("db", "upgrade")
    assert "too-short: fewer digits" in concierge("list", "add", "1", "--reason", "x", "--source", "y").stderr


def test_files_of_campaigns_and_consents_that_cannot_be_read_are_named_once(concierge, tmp_path):
    concierge("db", "upgrade")
    (tmp_path / "latin").write_bytes(b"number: \xe9\n")
    for words in (("campaign", "add"), ("consent", "import", "--source", "x")):
        done = concierge(*words, tmp_path / "absent")
        assert (done.returncode, done.stderr) == (2, f"concierge: {tmp_path}/absent: No such file or directory\n")
        done = concierge(*words, tmp_path / "latin")
        assert (done.returncode, done.stderr.endswith("latin: not UTF-8 at byte 8; save it as UTF-8\n")) == (2, True)


def test_a_reason_that_no_import_would_take_is_refused(concierge, check):
    done = concierge("list", "add", NUMBER, "--reason", "x" * 1001, "--source", "letter")
    assert done.returncode == 2 and "1001 characters, at most 1000" in done.stderr
    assert check()["verdict"] == "allow"


def test_a_misspelt_campaign_is_not_listed_for_without_force(add, concierge, tmp_path):
    assert add(NUMBER, "--campaign", "sprnig").returncode == 0, "while none is defined, names are labels"
    (tmp_path / "spring.yaml").write_text("{name: spring, reason: offer, consent: not-needed}")
    assert concierge("campaign", "add", tmp_path / "spring.yaml").returncode == 0
    done = add("601234568", "--campaign", "spring", "--campaign", "Sprnig")
    assert (done.returncode, done.stdout) == (2, ""), "nothing was listed, not half of it"
    assert "Sprnig: no such campaign is defined; did you mean spring? --force" in done.stderr.replace(
        "sprnig", "Sprnig"
    )
    assert concierge("list", "show", "601234568").returncode == 1
    for name in ("SPRING", "callback"):
        assert add("601234568", "--campaign", name).returncode == 0
    assert add("601234568", "--campaign", "winter", "--force").returncode == 0
    (tmp_path / "config.yaml").write_text("gate: {unknown_campaign: allow}\n")
    assert add("601234569", "--campaign", "winter").returncode == 0


def test_an_import_for_a_misspelt_campaign_lists_nothing(concierge, tmp_path):
    (tmp_path / "n.csv").write_text("number\n601234568\n")
    assert concierge("list", "import", tmp_path / "n.csv", "--campaign", "x", "--dry-run").returncode == 0
    (tmp_path / "spring.yaml").write_text("{name: spring, reason: offer, consent: not-needed}")
    assert concierge("campaign", "add", tmp_path / "spring.yaml").returncode == 0
    for words in ((), ("--dry-run",)):
        done = concierge("list", "import", tmp_path / "n.csv", "--campaign", "sprnig", *words)
        assert done.returncode == 2 and "did you mean spring?" in done.stderr
    assert concierge("list", "show", "601234568").returncode == 1
    assert concierge("list", "import", tmp_path / "n.csv", "--campaign", "sprnig", "--force").returncode == 0


def test_an_import_names_the_campaigns_of_its_rows_that_are_not_defined(concierge, tmp_path):
    path = tmp_path / "n.csv"
    path.write_text("number,campaign\n601234568,Spring\n601234569,sprnig\n601234567,\n")
    assert "no such campaign" not in concierge("list", "import", path, "--dry-run").stderr
    (tmp_path / "spring.yaml").write_text("{name: spring, reason: offer, consent: not-needed}")
    assert concierge("campaign", "add", tmp_path / "spring.yaml").returncode == 0
    for words in (("--dry-run",), ()):
        done = concierge("list", "import", path, *words)
        assert done.returncode == 0 and done.stderr.endswith("no such campaign is defined: sprnig\n")
