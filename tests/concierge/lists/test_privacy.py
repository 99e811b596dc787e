"""`concierge list purge`, `list accesses`, pseudonyms, and that every way of reading the list is noted."""

import json
import sqlite3
import time

import pytest

WHY = ("--reason", "asked", "--source", "letter")
KEY = "a-key-of-at-least-16-bytes"


@pytest.fixture
def settings(config, tmp_path):
    key = tmp_path / "privacy.key"
    key.touch(mode=0o600)
    key.write_text(KEY)
    return config(
        f"store: {{path: {tmp_path}/list.db}}\nprivacy: {{key_file: privacy.key}}\nretention: {{checks: 31}}\n"
    )


@pytest.fixture
def run(concierge, settings):
    concierge("db", "upgrade", "--config", settings)
    return lambda *words: concierge(*words, "--config", settings)


def accesses(run):
    return [json.loads(line) for line in run("list", "accesses", "--format", "json").stdout.splitlines()]


def test_every_way_of_reading_is_noted_with_who_and_how_much(run, tmp_path):
    run("list", "add", "600100200", *WHY)
    (tmp_path / "leads.csv").write_text("number\n600100200\n600100201\n")
    run("list", "show")
    run("list", "show", "600100200")
    run("list", "history", "600100200")
    run("list", "export", "--format", "csv")
    run("list", "scrub", tmp_path / "leads.csv", "-o", tmp_path / "kept.csv")
    run("check", "600100200", "--campaign", "spring")
    found = [(one["action"], one["question"], one["number"], one["answered"]) for one in accesses(run)]
    assert found == [
        ("show", "all", None, 1),
        ("show", "", "+48600100200", 1),
        ("history", "", "+48600100200", 2),
        ("export", "csv", None, 1),
        ("scrub", "leads.csv", None, 2),
        ("check", "for campaign spring", "+48600100200", 1),
    ]
    assert all("(uid " in one["who"] and one["via"] == "cli" for one in accesses(run))
    assert len(run("list", "accesses", "--number", "600100200").stdout.splitlines()) == 3
    assert run("list", "accesses", "--since", "2999-01-01").stdout == ""


def test_an_export_that_breaks_off_is_noted_all_the_same(run, tmp_path):
    run("list", "add", "600100200", *WHY)
    assert run("list", "export", "-o", tmp_path / "no" / "such" / "folder.csv").returncode == 2
    (one,) = accesses(run)
    assert (one["action"], one["answered"]) == ("export", None)


def test_what_cannot_be_noted_is_not_shown(run, tmp_path):
    run("list", "add", "600100200", *WHY)
    with sqlite3.connect(tmp_path / "list.db") as connection:
        connection.execute("CREATE TRIGGER no BEFORE INSERT ON list_access BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    for words in (["show"], ["history", "600100200"], ["export", "--format", "csv"]):
        done = run("list", *words)
        assert (done.returncode, "600100200" in done.stdout) == (2, False), words


def test_purge_keeps_what_holds_and_says_what_went(run, tmp_path):
    run("list", "add", "600100200", *WHY)
    run("check", "600100200")
    with sqlite3.connect(tmp_path / "list.db") as connection:
        connection.execute("UPDATE call_check SET at = ?", [int((time.time() - 40 * 86400) * 1e6)])
    assert run("list", "purge", "--dry-run").stdout.startswith("would go: 1 checks, 0 contacts, 0 calls round the gate")
    assert run("list", "purge").stdout.startswith("gone: 1 checks, 0 contacts, 0 calls round the gate")
    assert run("check", "600100200").returncode == 1
    assert [one["question"] for one in accesses(run) if one["action"] == "purge"] == ["1 checks"]


def test_a_person_is_forgotten_and_the_proof_has_a_pseudonym(run, config, settings):
    run("list", "add", "600100200", "--reason", "Kowalski shouted", "--source", "letter")
    assert "1 events" in run("list", "purge", "--number", "600100200", "--dry-run").stdout
    run("list", "purge", "--number", "600100200")
    settings.write_text(settings.read_text().replace("key_file", "hash_numbers: true, key_file"))
    run("list", "purge", "--number", "600100200")
    shown = run("list", "history", "600100200").stdout
    assert "Kowalski" not in shown and "erased on request" in shown
    assert run("check", "600100200").returncode == 1
    first, second = (one for one in accesses(run) if one["action"] == "forget")
    assert (first["question"], first["number"]) == ("1 events", None)
    assert second["question"].startswith("nothing; ~")
    assert "+48600100200" not in run("list", "accesses").stdout and "~" in run("list", "accesses").stdout


def test_an_export_with_pseudonyms_has_no_number(run):
    run("list", "add", "600100200", "--reason", "he said call 601 100 200", "--source", "letter")
    said = run("list", "export", "--format", "csv", "--pseudonyms").stdout
    assert "~" in said and "600100200" not in said and "601 100 200" not in said
    assert run("list", "export", "--format", "csv", "--pseudonyms").stdout == said
    assert "take csv or tsv" in run("list", "export", "--format", "vicidial", "--pseudonyms").stderr


def test_history_and_evidence_with_pseudonyms_have_no_number_and_keep_times_and_ids(run):
    asked = ("--reason", "he said call 601 100 200", "--source", "letter")
    run("list", "add", "600100200", *asked, "--until", "2030-01-02")
    run("check", "600100200", "--campaign", "spring")
    exported = run("list", "export", "--format", "csv", "--pseudonyms").stdout.splitlines()[1].split(",")[0]
    wanted = ("evidence", "export", "--number", "600100200")
    page, all_of_it = (*wanted, "--format", "html"), ("evidence", "export", "--since", "1d")
    for words in (("list", "history", "600100200"), wanted, page, all_of_it):
        plain, said = run(*words).stdout, run(*words, "--pseudonyms").stdout
        assert "601 100 200" in plain and "~" in said, words
        assert "600100200" not in said and "601 100 200" not in said, words
    for words in (("list", "history", "600100200"), wanted):
        plain, said = (json.loads(run(*words, "--format", "json", *more).stdout) for more in ((), ("--pseudonyms",)))
        assert said["number"] == exported
        assert times_and_ids(said) == times_and_ids(plain) != []
        assert "600100200" not in json.dumps(said)


def times_and_ids(value, key=""):
    if isinstance(value, dict):
        return [found for one, inner in value.items() for found in times_and_ids(inner, one)]
    if isinstance(value, list):
        return [found for one in value for found in times_and_ids(one, key)]
    return [value] if key in ("at", "recorded_at", "until", "expires_at", "id", "event_id", "seq", "uniqueid") else []


def test_an_export_of_evidence_is_noted(run):
    run("check", "600100200")
    run("evidence", "export", "--number", "600100200")
    run("evidence", "export", "--since", "2020-01-01T00:00+00:00")
    found = [(one["question"], one["number"], one["answered"]) for one in accesses(run) if one["action"] == "evidence"]
    assert found == [("", "+48600100200", 1), ("since 2020-01-01T00:00:00Z", None, 1)]


def test_a_key_that_others_can_read_or_guess_is_refused(run, tmp_path):
    run("list", "add", "600100200", *WHY)
    (tmp_path / "privacy.key").chmod(0o644)
    assert "chmod 600" in run("list", "export", "--format", "csv", "--pseudonyms").stderr
    (tmp_path / "privacy.key").chmod(0o600)
    (tmp_path / "privacy.key").write_text("short")
    assert "16 bytes" in run("list", "export", "--format", "csv", "--pseudonyms").stderr


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("retention: {checks: 30}", "retention.checks"),
        ("retention: {ended: -1}", "retention.ended"),
        ("privacy: {hash_numbers: true}", "privacy.key_file"),
    ],
)
def test_settings_that_would_lose_what_is_needed_are_named(concierge, config, text, key):
    done = concierge("list", "stats", "--config", config(text))
    assert done.returncode == 2 and key in done.stderr
