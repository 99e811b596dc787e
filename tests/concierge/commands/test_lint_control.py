"""What counts in `concierge lint`: settings, severities, baselines, names for standard input, the first screen."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from concierge.cli import main
from dialplan.finding import Severity

DEAD = "[from-trunk]\nexten => s,1,Goto(b,s,1)\n"
OTHER = "exten => 5,1,Goto(c,s,1)\n"
Out = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONCIERGE_CONFIG", raising=False)
    (tmp_path / "extensions.conf").write_text(DEAD, encoding="utf-8")
    return tmp_path


def codes(capsys: Out, *options: str) -> dict[str, str]:
    main(["lint", ".", "--format", "json", *options])
    document = json.loads(capsys.readouterr().out)
    return {finding["code"]: finding["severity"] for finding in document["findings"]}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], {"D101": "error"}),
        (["--severity", "D101=info"], {"D101": "info"}),
        (["--severity", "d1=off"], {}),
        (["--severity", "D=off", "--severity", "D101=warning"], {"D101": "warning"}),
    ],
)
def test_severities_by_the_beginning_of_a_code(options: list[str], found: dict[str, str], capsys: Out) -> None:
    assert codes(capsys, *options) == found


@pytest.mark.parametrize(
    ("settings", "found", "code"),
    [
        ("lint:\n  ignore: [D1]\n", {}, 0),
        ("lint:\n  select: [C]\n", {}, 0),
        ("lint:\n  severity: {D1: warning}\n  fail_on: error\n", {"D101": "warning"}, 0),
        ("lint:\n  severity: {D1: off}\n", {}, 0),
        ("lint:\n  paths: {'ext*.conf': 'D1=info'}\n", {"D101": "info"}, 1),
        ("lint:\n  paths: {'other/*': 'D1=off'}\n", {"D101": "error"}, 1),
        ("lint:\n  operators: ['from-trunk,s,1']\n", {}, None),
        ("site:\n  country: PL\n", {"D101": "error"}, 1),
    ],
)
def test_the_lint_part_of_the_settings(
    settings: str, found: dict[str, str], code: int | None, here: Path, capsys: Out
) -> None:
    (here / "config.yaml").write_text(settings, encoding="utf-8")
    if code is None:  # an operator's place is a person: what stands there is still dead
        assert main(["lint", "."]) == 1
        return
    assert codes(capsys) == found
    assert main(["lint", "."]) == code


def test_the_command_line_comes_before_the_settings(here: Path, capsys: Out) -> None:
    (here / "config.yaml").write_text("lint:\n  ignore: [D1]\n  severity: {D101: info}\n", encoding="utf-8")
    assert codes(capsys, "--ignore", "C9") == {"D101": "info"}
    assert codes(capsys, "--ignore", "C9", "--severity", "D101=error") == {"D101": "error"}
    other = here / "other.yaml"
    other.write_text("lint:\n  select: [D9]\n", encoding="utf-8")
    assert codes(capsys, "--config", str(other)) == {}


@pytest.mark.parametrize(
    ("settings", "options", "said"),
    [
        ("lint:\n  severity: {D1: loud}\n", [], "lint.severity.D1: 'loud' is none of error, warning, info, off"),
        ("lint:\n  severity: {X1: info}\n", [], "no rule begins with 'X1'"),
        ("lint:\n  paths: {'*': 'D1'}\n", [], "lint.paths.*: 'D1' is no CODE=LEVEL"),
        ("lint:\n  fail_on: never\n", [], "lint.fail_on: 'never' is none of"),
        ("lint:\n  asterisk: '1'\n", [], "lint.asterisk: '1' is none of"),
        ("lint:\n  ignored: [D1]\n", [], "did you mean `ignore`?"),
        ("", ["--severity", "D1"], "--severity: 'D1' is no CODE=LEVEL"),
        ("", ["--baseline", "none.json"], "--baseline: cannot read none.json"),
        ("", ["--baseline", "extensions.conf"], "extensions.conf is no JSON"),
        ("", ["--config", "none.yaml"], "none.yaml: No such file"),
        ("", ["--statistics", "--format", "json"], "--statistics goes with --format text"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    settings: str, options: list[str], said: str, here: Path, capsys: Out
) -> None:
    if settings:
        (here / "config.yaml").write_text(settings, encoding="utf-8")
    assert main(["lint", ".", *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


def test_a_baseline_says_only_what_is_new_wherever_the_old_lines_go(here: Path, capsys: Out) -> None:
    assert main(["lint", ".", "--write-baseline", "known.json"]) == 0
    assert main(["lint", ".", "--baseline", "known.json"]) == 0
    assert "1 in the baseline" in capsys.readouterr().out
    plan = here / "extensions.conf"
    plan.write_text("; moved\n\n" + DEAD + OTHER, encoding="utf-8")
    assert main(["lint", ".", "--baseline", "known.json"]) == 1
    said = capsys.readouterr()
    assert next(line for line in said.out.splitlines() if ": D" in line).startswith("extensions.conf:5:")
    assert "1 error (2 priorities in 1 file; 1 in the baseline)" in said.out
    plan.write_text("[from-trunk]\n" + OTHER, encoding="utf-8")
    assert main(["lint", ".", "--baseline", "known.json"]) == 1
    assert "known.json: 1 of its findings are gone" in capsys.readouterr().err


def test_a_baseline_of_the_settings_is_beside_them(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["lint", ".", "--write-baseline", "known.json"]) == 0
    (here / "config.yaml").write_text("lint:\n  baseline: known.json\n", encoding="utf-8")
    assert main(["lint", "."]) == 0
    below = here / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert main(["lint", "..", "--config", "../config.yaml"]) == 1, "fingerprints hold names below the current folder"


def test_standard_input_under_a_name(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    (here / "part.conf").write_text("[b]\nexten => s,1,Dial(PJSIP/1)\n", encoding="utf-8")

    def judge(text: str, *options: str) -> str:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        main(["lint", "-", *options])
        return capsys.readouterr().out

    assert judge(DEAD, "--stdin-filename", "extensions.conf").startswith("extensions.conf:2:14: D101")
    assert judge(DEAD).startswith("<stdin>:2:14: D101")
    assert "D101" not in judge('#include "part.conf"\n' + DEAD, "--stdin-filename", "extensions.conf")
    assert "D101" not in judge(DEAD, "--stdin-filename", "extensions_custom.conf"), "a part is no whole"


def test_a_folder_without_a_dialplan_of_its_own_stands_for_those_below(here: Path, capsys: Out) -> None:
    for name in ("a", "b/etc"):
        (here / "all" / name).mkdir(parents=True)
        (here / "all" / name / "extensions.conf").write_text(DEAD, encoding="utf-8")
    assert main(["lint", "all", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["summary"]["files"] == ["all/a/extensions.conf", "all/b/etc/extensions.conf"]
    (here / "none").mkdir()
    assert main(["lint", "none"]) == 2


def test_statistics_count_each_rule(here: Path, capsys: Out) -> None:
    (here / "extensions.conf").write_text(DEAD + OTHER + "exten => 6,1,Nothing()\n", encoding="utf-8")
    assert main(["lint", ".", "--statistics"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["2", "D101", "error", "Dead", "destination"]
    assert lines[1].split()[:3] == ["1", "C103", "error"]


def many(count: int) -> str:
    jumps = "".join(f"exten => {number},1,Goto(nowhere-{number},s,1)\n" for number in range(100, 100 + count))
    return f"[from-trunk]\n{jumps}exten => s,1,Answer()\nsame => n(a),Playback(x)\nsame => n,Goto(a)\n"


def test_many_findings_end_with_a_first_screen(here: Path, capsys: Out) -> None:
    (here / "extensions.conf").write_text(many(12), encoding="utf-8")
    assert main(["lint", "."]) == 1
    out = capsys.readouterr().out
    first = out[out.index("\n\n") :]
    assert "13 errors (15 priorities in 1 file)" in first
    assert "calls were taken to come in at: from-trunk" in first
    assert first.index("1. D301") < first.index("2. D101") < first.index("What to do next:")
    assert "(and 11 more of this kind)" in first
    assert "caller: does nothing" in first
    assert "concierge rule D301 D101" in first
    assert "concierge lint . --diff" in first
    assert "concierge lint . --format html" in first
    assert main(["lint", ".", "--all"]) == 1
    assert "What to do next" not in capsys.readouterr().out


def test_a_terminal_gets_only_the_first_screen_in_colour(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    (here / "extensions.conf").write_text(many(12), encoding="utf-8")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    main(["lint", "."])
    out = capsys.readouterr().out
    assert "\x1b[31mD301\x1b[0m" in out
    assert not any(line.startswith("extensions.conf:") for line in out.splitlines())
    assert len(out.splitlines()) < 50
    assert "concierge lint . --all" in out
    monkeypatch.setenv("NO_COLOR", "1")
    main(["lint", "."])
    assert "\x1b" not in capsys.readouterr().out
    main(["lint", ".", "--all"])
    assert sum(line.startswith("extensions.conf:") for line in capsys.readouterr().out.splitlines()) == 13


def test_a_short_list_on_a_terminal_says_what_to_do_next(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    main(["lint", "."])
    assert "What to do next" not in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    main(["lint", "."])
    out = capsys.readouterr().out
    assert out.index("1 error") < out.index("What to do next:") < out.index("concierge rule D101")
    (here / "extensions.conf").write_text("[a]\nexten => s,1,Dial(PJSIP/1,20)\n", encoding="utf-8")
    main(["lint", "."])
    assert "What to do next" not in capsys.readouterr().out


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "gitlab", "junit"])
def test_every_format_goes_to_a_file_and_keeps_the_exit_code(form: str, here: Path) -> None:
    assert main(["lint", ".", "--format", form, "--output", "out"]) == 1
    assert (here / "out").read_text(encoding="utf-8").endswith("\n")
    assert main(["lint", ".", "--format", form, "-o", "out", "--fail-on", "error", "--severity", "D=info"]) == 0


def test_severities_are_the_words_of_the_options() -> None:
    assert [str(severity) for severity in Severity] == ["info", "warning", "error"]


def test_watching_judges_again_when_a_file_changes(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    from concierge.linting import watching

    plan = here / "extensions.conf"
    edits = [
        lambda: plan.write_text("[broken\n", encoding="utf-8"),
        lambda: None,  # nothing changes: nothing is judged
        plan.unlink,
        lambda: plan.write_text('#include "part.conf"\n' + DEAD, encoding="utf-8"),
        lambda: (here / "part.conf").write_text("[b]\nexten => s,1,Dial(PJSIP/1)\n", encoding="utf-8"),
    ]

    def pause(_: float) -> None:
        if not edits:
            raise KeyboardInterrupt
        edits.pop(0)()

    (here / "part.conf").write_text("; nothing yet\n", encoding="utf-8")
    monkeypatch.setattr(watching.time, "sleep", pause)
    assert main(["lint", ".", "--watch"]) == 130
    said = capsys.readouterr()
    judged = [line.split(" ")[1] for line in said.out.splitlines() if line.startswith("extensions.conf:")]
    assert judged == ["D101", "C101", "D101"]
    assert said.out.splitlines()[-1].startswith("nothing found")
    assert "cannot read extensions.conf" in said.err
    assert said.err.count("watching") == 5
    assert main(["lint", "-", "--watch"]) == 2
