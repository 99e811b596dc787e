"""`concierge list import` and what undoes it."""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

CSV = "numer;opis\n600 100 200;asked\nabc;\n+48600100201;\n600100202, 600100203;\n"
ROOT = Path(__file__).parents[3]
TODAY = datetime.now(UTC).date()


@pytest.fixture
def listed(concierge):
    return lambda: [
        (one["number"], one["reason"])
        for one in json.loads(concierge("list", "show", "--format", "json").stdout)
        if one["holds"]
    ]


def test_a_dry_run_says_of_each_row_why_and_lists_nothing(concierge, leads, listed):
    path = leads(CSV)
    done = concierge("list", "import", path, "--dry-run")
    assert done.returncode == 1
    assert done.stdout == "2 rows can be listed, 2 cannot; nothing was listed\n"
    lines = done.stderr.splitlines()
    assert lines[-2].startswith(f"{path}:3: 'abc': letters")
    assert lines[-1].startswith(f"{path}:5: '600100202, 600100203': two-numbers")
    assert listed() == []


def test_what_is_imported_is_refused_and_what_is_undone_is_not(concierge, leads, listed, check):
    done = concierge("list", "import", leads(CSV))
    assert done.returncode == 1
    assert done.stdout.startswith("list.csv: 2 listed, 2 rows refused; import ")
    assert listed() == [("+48600100200", "asked"), ("+48600100201", "import of list.csv")]
    assert check("600100200")["reason"] == "listed"
    [batch] = json.loads(concierge("list", "batches", "--format", "json").stdout)
    assert (batch["name"], batch["state"], batch["listings"], batch["refused"]) == ("list.csv", "done", 2, 2)
    short = concierge("list", "undo-import", batch["id"][:1])
    assert (short.returncode, short.stdout) == (2, "")
    assert "give at least 4 characters" in short.stderr
    assert concierge("list", "undo-import", batch["id"][:8]).returncode == 0
    assert listed() == []
    assert check("600100200")["verdict"] == "allow"
    assert "undone" in concierge("list", "batches").stdout
    again = concierge("list", "undo-import", batch["id"])
    assert (again.returncode, "is not in force" in again.stderr) == (2, True)


def test_the_same_file_again_changes_nothing_and_says_so(concierge, leads, home_db):
    path = leads(CSV)
    concierge("list", "import", path)
    before = concierge("list", "stats").stdout
    again = concierge("list", "import", path)
    assert (again.returncode, "is listed already, by import" in again.stdout) == (0, True)
    assert concierge("list", "stats").stdout == before
    assert concierge("list", "import", path, "--campaign", "spring").returncode == 1, "other terms, another import"


def test_the_terms_of_the_command_are_for_rows_that_have_none(concierge, leads, check):
    later = TODAY + timedelta(days=400)
    path = leads(f"number,campaign,until,reason\n600100200,,,\n600100201,autumn,{later},letter\n")
    until = TODAY + timedelta(days=10)
    words = ("--campaign", "Spring", "--until", until, "--reason", "fair", "--source", "expo")
    assert concierge("list", "import", path, *words).returncode == 0
    found = {one["number"][-1]: one for one in json.loads(concierge("list", "show", "--format", "json").stdout)}
    assert (found["0"]["campaign"], found["0"]["reason"], found["0"]["source"]) == ("spring", "fair", "expo")
    assert found["0"]["expires_at"].startswith(str(until + timedelta(days=1)))
    assert (found["1"]["campaign"], found["1"]["reason"]) == ("autumn", "letter")
    assert found["1"]["expires_at"].startswith(str(later + timedelta(days=1)))
    assert check("600100200", "--campaign", "spring")["reason"] == "listed-for-campaign"


def test_ranges_and_numbers_that_may_be_called_inside_of_them(concierge, leads, check):
    path = leads("number,last,allow\n600100000,600100999,\n600100200,,yes\n")
    assert concierge("list", "import", path).returncode == 0
    assert check("600100300")["verdict"] == "refuse"
    assert check("600100200")["reason"] == "allowed-in-range"


def test_a_row_whose_time_is_over_is_refused(concierge, leads, listed):
    done = concierge("list", "import", leads("number,until\n600100200,2020-01-01\n600100201,\n"))
    assert "its time was over: 2020-01-01" in done.stderr
    assert [number for number, _ in listed()] == ["+48600100201"]


@pytest.mark.parametrize(
    ("content", "words", "error"),
    [
        ("number\n4.86001E+10\n600100200\n", (), "digits are lost"),
        ("number\n600100200\n4.86001E+10\n", (), "digits are lost"),
        ("numer;opis\n600100200;żółć\n".encode("cp1250"), (), "--encoding cp1250"),
        ("number\nabc\n", (), "no number could be read from it"),
        ("number\n600100200\n", ("--campaign", "a b"), "--campaign 'a b'"),
        ("number\n600100200\n", ("--until", "2020-01-01"), "that day is over"),
        ("number\n600100200\n", ("--delimiter", "ab"), "is not one character"),
        ("number\n600100200\n", ("--column", "colour=red"), "FIELD=NAME"),
        ("number\n600100200\n", ("--encoding", "klingon"), "is no encoding"),
        ("number\n600100200\n", ("--format", "dncl-xml"), "no XML"),
    ],
)
def test_what_cannot_be_trusted_lists_nothing(concierge, leads, listed, content, words, error):
    done = concierge("list", "import", leads(content), *words)
    assert done.returncode == 2
    assert error in done.stderr
    assert listed() == []
    assert concierge("list", "batches").stdout == ""


def test_a_file_without_a_telling_name_needs_a_format(concierge, leads):
    path = leads("600100200\n", "list.dat")
    assert "say --format csv|" in concierge("list", "import", path).stderr
    assert concierge("list", "import", path, "--format", "csv").returncode == 0
    assert concierge("list", "import", "absent.csv").returncode == 2


def start(environment, folder, *words):
    """A process of its own."""
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from concierge.cli import main; sys.exit(main())",
            "list",
            "import",
            *words,
        ],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_standard_input(environment, tmp_path):
    process = start(environment, tmp_path, "-", "--format", "csv")
    out, err = process.communicate("number\n600100200\n", timeout=60)
    assert process.returncode == 0, err
    assert out.startswith("standard input: 1 listed; import ")


def test_an_import_that_is_killed_counts_for_nothing(environment, tmp_path, concierge, leads):
    path = leads("number\n" + "".join(f"+48600{n:06}\n" for n in range(30_000)))
    concierge("list", "stats")
    process = start(environment, tmp_path, str(path))
    database = tmp_path / "state" / "concierge" / "concierge.db-wal"
    while process.poll() is None and not (database.exists() and database.stat().st_size > 1_000_000):
        time.sleep(0.001)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it was over before it could be killed"
    assert "0 numbers" in concierge("list", "stats").stdout
    assert concierge("check", "600000000").returncode == 0
    assert concierge("list", "import", path).returncode == 0
    assert "30000 numbers" in concierge("list", "stats").stdout


def test_names_of_columns_with_a_digit_are_no_first_row(concierge, leads):
    done = concierge("list", "import", leads("phone1,phone2\n600100200,600100201\n"), "--source", "s")
    assert done.returncode == 2 and "--column number=NAME" in done.stderr
    assert concierge("check", "600100200").returncode == 0


def test_a_reason_of_several_lines_writes_no_further_lines_of_evidence(concierge, leads, tmp_path):
    forged = "2026-01-01T00:00:00+00:00 Allowed"
    told = f'number,reason\n600100200,"asked\n{forged}\x1b[2K\u202e"\n'
    assert concierge("list", "import", leads(told), "--source", "s").returncode == 0
    concierge("complaint", "add", "600100200", "--about", "today", "--text", f"called me\n{forged}\x1b[2K")
    for words in (
        ("list", "show", "600100200"),
        ("list", "show"),
        ("list", "history", "600100200"),
        ("evidence", "export", "--number", "600100200"),
        ("check", "600100200"),
        ("complaint", "list"),
    ):
        out = concierge(*words).stdout
        assert out, words
        assert not any(line.startswith(forged) for line in out.splitlines()), words
        assert "\x1b" not in out and "\u202e" not in out, words
    assert json.loads(concierge("list", "show", "600100200", "--format", "json").stdout)[0]["reason"].startswith(
        "asked\n"
    )
