"""`concierge list export`, `history` and `stats`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WHY = ("--reason", "asked", "--source", "letter")


@pytest.fixture
def filled(concierge):
    concierge("list", "add", "600100200", *WHY)
    concierge("list", "add", "600100201", *WHY, "--campaign", "spring")
    concierge("list", "add", "600100202", *WHY)
    concierge("list", "remove", "600100202", "--reason", "mistake")
    concierge("list", "add", "+4860055XXXX", *WHY)
    concierge("list", "add", "600550001", "--allow", *WHY)
    concierge("list", "add", "+12125551234", *WHY)


def test_everything_that_holds_comes_back_from_csv(concierge, filled, tmp_path):
    path = tmp_path / "out.csv"
    assert concierge("list", "export", "-o", path).returncode == 0
    assert path.stat().st_mode & 0o777 == 0o600
    lines = path.read_text().splitlines()
    assert lines[0] == "number,last,campaign,until,reason,source,added_at,allow"
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["+12125551234", "", ""],
        ["+48600100200", "", ""],
        ["+48600100201", "", "spring"],
        ["+48600550000", "+48600559999", ""],
        ["+48600550001", "", ""],
    ]
    before = concierge("list", "export", "--format", "csv")
    assert before.returncode == 0
    done = concierge("list", "import", path)
    assert done.stdout.startswith("out.csv: 5 listed; import ")
    assert "in force: 3 numbers, 1 ranges, 1 allowed" in concierge("list", "stats").stdout


@pytest.mark.parametrize(
    ("form", "numbers", "left"),
    [("ftc", ["212,5551234"], 4), ("freepbx", ["+12125551234", "+48600100200"], 3), ("xlsx", None, 0)],
)
def test_a_narrower_format_says_what_it_left_out(concierge, filled, tmp_path, form, numbers, left):
    path = tmp_path / "out"
    done = concierge("list", "export", "--format", form, "-o", path)
    assert done.returncode == (1 if left else 0)
    assert (f"{left} entries cannot be said in the format {form}" in done.stderr) is bool(left)
    if numbers:
        assert [line for line in path.read_text().splitlines() if line[0] in "+2"] == [
            line if form == "ftc" else f"{line},asked" for line in numbers
        ]


def test_a_campaigns_own_list_has_what_holds_for_everybody_too(concierge, filled, tmp_path):
    path = tmp_path / "out"
    assert concierge("list", "export", "--format", "vicidial", "--campaign", "SPRING", "-o", path).returncode == 1
    assert path.read_text().split() == ["600100200", "600100201", "60055XXXX"]


def test_an_export_that_fails_leaves_the_old_file_and_no_rubbish(concierge, tmp_path):
    concierge("list", "add", "600100200", "--reason", "żółć", "--source", "x")
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "out.csv").write_text("old")
    done = concierge("list", "export", "-o", folder / "out.csv", "--encoding", "ascii")
    assert done.returncode == 2
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("out.csv", "old")]
    assert concierge("list", "export", "-o", tmp_path / "absent" / "out.csv").returncode == 2
    assert concierge("list", "export").returncode == 2


def test_what_is_kept_about_one_person(concierge, filled, tmp_path):
    concierge("check", "600100202", "--campaign", "spring")
    facts = json.loads(concierge("list", "history", "600100202", "--format", "json").stdout)
    assert facts["number"] == "+48600100202"
    assert [one["kind"] for one in facts["events"]] == ["add", "remove"]
    assert [one["holds"] for one in facts["entries"]] == [False]
    assert [(one["via"], one["campaign"], one["verdict"]) for one in facts["checks"]] == [("cli", "spring", "ALLOW")]
    text = concierge("list", "history", "600550001")
    assert text.returncode == 0
    assert text.stdout.count("+48600550000 to +48600559999") == 1
    nothing = concierge("list", "history", "600999999")
    assert (nothing.returncode, nothing.stdout) == (1, "+48600999999: nothing is kept about this number\n")


def test_stats(concierge, filled):
    facts = json.loads(concierge("list", "stats", "--format", "json").stdout)
    assert (facts["numbers"], facts["ranges"], facts["allowed"], facts["undone"]) == (3, 1, 1, 1)
    assert facts["campaigns"] == {"spring": 1}
    assert facts["sources"] == {"letter": 5}


def test_a_reader_that_has_had_enough_is_no_error(concierge, leads, environment, tmp_path):
    concierge("list", "import", leads("number\n" + "".join(f"+48600{n:06}\n" for n in range(5000))))
    command = "import sys; from concierge.cli import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", command, "list", "export", "--format", "csv"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.readline().startswith(b"number,")
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 0


def test_without_the_extra_a_workbook_is_refused_by_the_name_of_the_extra(concierge, filled, tmp_path, monkeypatch):
    for name in ("openpyxl", "openpyxl.utils", "openpyxl.utils.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    done = concierge("list", "export", "-o", tmp_path / "out.xlsx")
    assert done.returncode == 2 and "pip install 'asterisk-concierge[xlsx]'" in done.stderr
    assert not (tmp_path / "out.xlsx").exists()
