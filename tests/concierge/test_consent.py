"""`concierge consent`: default deny where it is wanted, grant, withdrawal, import; the verdict names its ground."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

NUMBER = "+48600100200"


@pytest.fixture
def cards(concierge, tmp_path):
    path = tmp_path / "cards.yaml"
    path.write_text("name: cards-spring\npurpose: cards\nreason: new-model\n")  # of the law: Poland wants a consent
    concierge("campaign", "add", path)


def check(concierge):
    done = concierge("check", NUMBER, "--campaign", "cards-spring", "--format", "json")
    return json.loads(done.stdout)


def test_without_a_consent_nobody_is_called_with_one_the_verdict_names_it(concierge, cards):
    assert check(concierge)["reason"] == "consent-missing"
    added = concierge("consent", "add", NUMBER, "--topic", "Cards", "--source", "web form", "--proof", "scan 17")
    assert added.stdout == f"{NUMBER}: has agreed, cards\n"
    found = check(concierge)
    assert (found["verdict"], found["consent"] is not None) == ("allow", True)
    shown = json.loads(concierge("consent", "show", NUMBER, "--format", "json").stdout)
    assert (shown["id"], shown["proof"], shown["act"]) == (found["consent"], "scan 17", "grant")


def test_what_is_taken_back_holds_at_once_and_only_what_is_taken_back(concierge, cards):
    concierge("consent", "add", NUMBER, "--source", "form")
    concierge("consent", "withdraw", NUMBER, "--topic", "loans", "--source", "call")
    assert check(concierge)["verdict"] == "allow"
    concierge("consent", "withdraw", NUMBER, "--source", "call")
    assert check(concierge)["reason"] == "consent-withdrawn"
    concierge("consent", "add", NUMBER, "--topic", "cards", "--source", "form")
    assert check(concierge)["verdict"] == "allow"


def test_a_consent_ends_with_its_last_day(concierge, cards):
    concierge("consent", "add", NUMBER, "--source", "form", "--at", "2020-01-01T00:00:00Z", "--until", "2020-12-31")
    assert check(concierge)["reason"] == "consent-expired"


def test_a_file_is_imported_once_and_its_mistakes_are_named(concierge, cards, tmp_path):
    path = tmp_path / "consents.csv"
    path.write_text(
        "number,topic,at,source,until,act\n"
        f"{NUMBER},cards,2026-01-01T10:00:00+01:00,web form,,\n"
        "nobody,cards,2026-01-01T10:00:00+01:00,web form,,\n"
        "600100201,cards,yesterday,web form,,\n"
        "600100202,cards,2026-01-01T10:00:00Z,,,\n"
        "600100203,cards,2999-01-01T10:00:00Z,form,,\n"
        "600100204,cards,2026-01-01T10:00:00Z,form,,maybe\n"
    )
    done = concierge("consent", "import", path, "--dry-run")
    assert (done.returncode, done.stdout) == (1, "1 rows can be recorded, 5 cannot; nothing was recorded\n")
    assert [line.split(":")[1] for line in done.stderr.splitlines() if line.startswith(str(path))] == list("34567")
    assert concierge("consent", "import", path).stdout == "1 recorded, 0 known before, 5 refused\n"
    assert concierge("consent", "import", path).stdout == "0 recorded, 1 known before, 5 refused\n"
    assert check(concierge)["verdict"] == "allow"
    path.write_text(concierge("consent", "export").stdout)
    assert concierge("consent", "import", path, "--dry-run").returncode == 0


def test_mistakes_are_named(concierge, tmp_path):
    assert concierge("consent", "add", "nobody", "--source", "x").returncode == 2
    assert concierge("consent", "add", NUMBER, "--source", "x", "--at", "2999-01-01T00:00:00Z").returncode == 2
    assert concierge("consent", "show", NUMBER).returncode == 1
    assert concierge("consent", "import", tmp_path / "none.csv").returncode == 2
    (tmp_path / "x.csv").write_text("phone\n1\n")
    assert concierge("consent", "import", tmp_path / "x.csv").returncode == 2


def test_germany_keeps_the_proof_for_five_years(concierge):
    concierge("consent", "add", "+493012345678", "--source", "form", "--at", "2020-01-01T00:00:00Z")
    assert (
        json.loads(concierge("consent", "show", "+493012345678", "--format", "json").stdout)["keep_until"]
        == "2025-01-01"
    )


@pytest.mark.parametrize("words", [("add", "600100200"), ("withdraw", "600100200")])
def test_a_channel_that_no_call_would_ask_for_is_refused_by_name(concierge, words):
    done = concierge("consent", *words, "--source", "form", "--channel", "phone")
    assert done.returncode == 2
    assert "'phone'" in done.stderr and "sms" in done.stderr
    assert concierge("consent", "show", "600100200").returncode == 1


def test_channels_and_acts_of_a_file_are_checked_too(concierge, tmp_path):
    path = tmp_path / "consents.csv"
    rows = "600100200,a,2026-01-01T00:00:00Z,{},{}\n"
    path.write_text("number,topic,at,channel,act\n" + rows.format("Phone", "grant") + rows.format("SMS", "revoke"))
    done = concierge("consent", "import", path, "--source", "form")
    assert done.returncode == 1 and "0 recorded" in done.stdout
    assert "channel 'phone' is none of call, sms, email, post" in done.stderr
    assert "act 'revoke' is none of grant, withdraw" in done.stderr


def test_what_is_kept_on_a_person_has_consents_and_complaints(concierge):
    concierge("consent", "add", "600100200", "--source", "form", "--topic", "cards", "--proof", "scan 17")
    concierge("complaint", "add", "600100200", "--about", "Monday", "--text", "I had said no")
    said = concierge("list", "history", "600100200").stdout
    assert "scan 17" in said and "I had said no" in said


def test_a_withdrawal_holds_also_when_the_clock_was_set_back_after_the_grant(concierge, cards, home_db):
    concierge("consent", "add", NUMBER, "--source", "form")
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    with closing(sqlite3.connect(home_db)) as connection, connection:
        connection.execute("UPDATE fact SET at = ? WHERE kind = 'grant'", (now + 3_600_000_000,))
    concierge("consent", "withdraw", NUMBER, "--source", "call")
    with closing(sqlite3.connect(home_db)) as connection, connection:
        connection.execute("UPDATE fact SET at = at - 3700000000 WHERE kind IN ('grant', 'withdraw')")  # time goes by
    assert check(concierge)["reason"] == "consent-withdrawn"


def test_what_is_exported_is_imported_as_it_was_also_its_end(concierge, cards, tmp_path):
    concierge("consent", "add", NUMBER, "--source", "form", "--proof", "a, b", "--until", "2099-12-31")
    path = tmp_path / "out.csv"
    path.write_text(concierge("consent", "export").stdout)
    assert concierge("consent", "import", path).stdout == "1 recorded, 0 known before, 0 refused\n"
    assert concierge("consent", "import", path).stdout == "0 recorded, 1 known before, 0 refused\n"
    lines = concierge("consent", "show", NUMBER).stdout.splitlines()
    assert ["until=2099-12-31, everywhere on earth" in line for line in lines] == [True, True]
    path.write_text(f"number,at,source,until\n{NUMBER},2026-01-01T10:00:00Z,form,soon\n")
    assert "until 'soon': no date" in concierge("consent", "import", path).stderr


def test_a_withdrawal_that_is_older_than_a_consent_says_that_this_one_stands(concierge, cards):
    concierge("consent", "add", NUMBER, "--source", "form", "--at", "2026-02-01T00:00:00Z")
    late = concierge("consent", "withdraw", NUMBER, "--source", "letter", "--at", "2026-01-01T00:00:00Z")
    assert "but a later consent stands, of 2026-02-01 00:00Z by form" in late.stdout
    assert check(concierge)["verdict"] == "allow"
    assert "but" not in concierge("consent", "withdraw", NUMBER, "--source", "letter").stdout
    assert check(concierge)["reason"] == "consent-withdrawn"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--source", " "), "nothing stands there"),
        (("--source", "web", "--until", "2020-01-01"), "that day is over when it is said"),
    ],
)
def test_a_consent_that_says_nothing_or_is_over_is_not_recorded(concierge, words, told):
    done = concierge("consent", "add", "+48600100200", *words)
    assert done.returncode == 2 and told in done.stderr
    assert concierge("consent", "show", "+48600100200").returncode == 1


def test_a_row_with_more_cells_than_names_and_a_column_that_stands_twice_are_refused(concierge, tmp_path):
    file = tmp_path / "consents.csv"
    file.write_text("number,at,source,proof\n+48600100200,2026-01-01T00:00:00Z,web, form,scan 1\n")
    done = concierge("consent", "import", file)
    assert done.returncode == 1 and "consents.csv:2: more cells than the header has names" in done.stderr
    file.write_text("number,number,at,source\n+48600100200,+48600100201,2026-01-01T00:00:00Z,web\n")
    done = concierge("consent", "import", file)
    assert done.returncode == 2 and "each once" in done.stderr


def test_a_row_with_another_end_of_a_consent_that_is_known_is_not_passed_over(concierge, cards, tmp_path):
    """It would go on holding, or end, as it was recorded, and the file would seem to be taken in."""
    path = tmp_path / "consents.csv"

    def imported(*ends):
        rows = [f"{NUMBER},cards,2026-01-01T10:00:00Z,form,{end}" for end in ends]
        path.write_text("\n".join(["number,topic,at,source,until", *rows]) + "\n")
        return concierge("consent", "import", path)

    assert imported("2099-12-31").stdout == "1 recorded, 0 known before, 0 refused\n"
    assert imported("2099-12-31", "31.12.2099").stdout == "0 recorded, 2 known before, 0 refused\n"
    for end in ("2026-03-31", "2100-12-31", ""):
        done = imported(end)
        assert (done.returncode, done.stdout) == (1, "0 recorded, 0 known before, 1 refused\n")
        assert f"{path}:2: the same consent is recorded until 2099-12-31, everywhere on earth; withdraw" in done.stderr
    path.write_text("number,topic,at,source,until\n" + f"{NUMBER},loans,2026-01-01T10:00:00Z,form,\n" * 2)
    path.write_text(path.read_text() + f"{NUMBER},loans,2026-01-01T10:00:00Z,form,2030-01-01\n")
    done = concierge("consent", "import", path)
    assert done.stdout == "1 recorded, 1 known before, 1 refused\n"
    assert f"{path}:4: the same consent is recorded until it is taken back" in done.stderr
