"""`concierge lint` and `concierge rule` as a user calls them: exit codes, options, input of every kind."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from concierge.cli import main
from dialplan.rule import rules

ROOT = Path(__file__).parents[3]
CLEAN = "[a]\nexten => s,1,Answer()\nexten => s,2,Dial(PJSIP/1,20)\n"
DEAD = "[a]\nexten => s,1,Goto(b,s,1)\n"
WARNED = "[a]\nexten => _.,1,Hangup()\n"


def write(folder: Path, text: str, name: str = "extensions.conf") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (CLEAN, [], 0),
        (DEAD, [], 1),
        (WARNED, [], 1),
        (WARNED, ["--fail-on", "error"], 0),
        (DEAD, ["--fail-on", "error"], 1),
        (DEAD, ["--select", "C"], 0),
        (DEAD, ["--ignore", "D1,C9"], 0),
        (DEAD, ["--select", "d101"], 1),
        ("[broken\n", [], 1),
        ("", [], 0),
        ("[a]\nexten => s,1,Macro(x)\n[macro-x]\nexten => s,1,NoOp()\n", ["--asterisk", "16"], 0),
        ("[a]\nexten => s,1,Macro(x)\n", ["--asterisk", "22"], 1),
    ],
)
def test_exit_codes(text: str, options: list[str], code: int, tmp_path: Path) -> None:
    assert main(["lint", write(tmp_path, text), *options]) == code


def test_a_folder_several_paths_and_a_file_for_the_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, DEAD)
    other = write(tmp_path, WARNED, "other.conf")
    target = tmp_path / "report.json"
    assert main(["lint", str(tmp_path), other, "--format", "json", "--output", str(target)]) == 1
    assert capsys.readouterr().out == ""
    document = json.loads(target.read_text(encoding="utf-8"))
    assert [finding["code"] for finding in document["findings"]] == ["D101", "D106"]


def test_stdin_with_its_suppressions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = DEAD.strip() + " ; concierge: ignore D101 -- made elsewhere\nexten => s,2,Goto()\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert main(["lint", "-"]) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "<stdin>:3:14: D101 Goto() names no place: the call is cut off here"
    assert "1 suppressed" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.conf"], "cannot read none.conf: No such file"),
        (["."], "cannot read extensions.conf"),
        (["a.conf", "--select", "X9"], "no rule begins with 'X9'"),
        (["a.conf", "--docs-xml", "none.xml"], "none.xml: cannot be read"),
        (["a.conf", "--docs-xml", "a.conf"], "a.conf: not well-formed XML"),
        (["a.conf", "--output", "none/x"], "cannot write none/x"),
    ],
)
def test_bad_input_is_one_clear_line_and_2(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, CLEAN, "a.conf")
    assert main(["lint", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


def test_options_that_do_not_exist_are_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options in (["--asterisk", "17"], ["--format", "xml"], ["--fail-on", "never"], []):
        with pytest.raises(SystemExit) as stop:
            main(["lint", *([str(tmp_path)] if options else []), *options])
        assert stop.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_documentation_of_ones_own_brings_its_applications(tmp_path: Path) -> None:
    path = write(tmp_path, "[a]\nexten => s,1,Ours(1)\n")
    docs = write(tmp_path, "<docs><application name='Ours'/></docs>", "docs.xml")
    assert main(["lint", path]) == 1
    assert main(["lint", path, "--docs-xml", docs]) == 0


def test_rule_pages_and_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "d101"]) == 0
    assert capsys.readouterr().out.startswith("# D101: Dead destination\n")
    assert main(["rule", "--all"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == [rule.code for rule in rules()]
    assert main(["rule", "D999"]) == 2
    assert main(["rule"]) == 2


def test_lint_loads_neither_a_database_nor_asyncio(tmp_path: Path) -> None:
    """A linter in a pre-commit hook starts often: half a second of imports would be felt."""
    path = write(tmp_path, DEAD)
    program = (
        "import sys; from concierge.cli import main; main(sys.argv[1:]);"
        "print([m for m in ('sqlalchemy', 'panoramisk', 'asyncio', 'yaml', 'alembic') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "lint", path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "D101" in done.stdout


def test_prompts_that_a_folder_of_sounds_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sounds = tmp_path / "sounds"
    (sounds / "en").mkdir(parents=True)
    (sounds / "en" / "welcome.gsm").touch()
    text = "[a]\nexten => s,1,Playback(welcome)\nexten => s,2,Playback(menu)\nexten => s,3,Dial(PJSIP/1,20)\n"
    path = write(tmp_path, text)
    assert main(["lint", path, "--select", "C108"]) == 0
    assert main(["lint", path, "--select", "C108", "--sounds", str(sounds)]) == 1
    assert "extensions.conf:3:" in capsys.readouterr().out
    (sounds / "menu.wav").touch()
    assert main(["lint", path, "--select", "C108", "--sounds", str(sounds)]) == 0
    assert main(["lint", path, "--sounds", str(tmp_path / "none")]) == 2
    assert "--sounds: cannot read" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", [["lint", "PLAN"], ["rule", "--all"], ["dump", "PLAN"]])
def test_a_full_disk_is_said_and_no_mistake_of_ours(tmp_path: Path, words: list[str]) -> None:
    path = write(tmp_path, DEAD)
    program = "import sys; from concierge.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, *(path if word == "PLAN" else word for word in words)]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "concierge: cannot write the output: No space left on device; it is not complete\n"


@pytest.mark.parametrize("command", ["lint", "dump"])
def test_closed_streams_are_no_mistake_of_ours(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert main([command, "-"]) == 2
    assert "cannot read standard input: it is closed" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["lint", write(tmp_path, DEAD)]) == 1
    sys.stdout.close()


def test_a_file_that_is_included_twice_says_everything_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, '#include "b.conf"\n[a]\nexten => s,1,Answer()\nexten => s,1,Hangup()\n')
    write(tmp_path, '#include "extensions.conf"\n[b]\n', "b.conf")
    main(["lint", path])
    lines = [line for line in capsys.readouterr().out.splitlines() if ": C" in line]
    assert len(lines) == len(set(lines))
    assert sum("included more than once" in line for line in lines) == 2


def test_an_error_in_an_included_file_costs_the_rest_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, '#include "b.conf"\n' + CLEAN)
    write(tmp_path, '[b]\n#include "none.conf"\n[lost]\nexten => s,1,Answer()\n', "b.conf")
    assert main(["lint", path, "--fail-on", "error"]) == 1
    assert "b.conf:2:1: C102 #include of 'none.conf'" in (out := capsys.readouterr().out)
    assert "Asterisk reads no further in this file" in out


def test_a_file_without_a_context_is_not_called_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", write(tmp_path, "; nothing\n")]) == 0
    out = capsys.readouterr().out
    assert "no-context" in out
    assert "nothing found in what could be followed" in out


@pytest.mark.parametrize("command", [["lint"], ["dump"], ["trace", "--at", "a"]])
def test_a_wrong_path_is_answered_with_what_is_wanted(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, str(tmp_path / "none.conf")]) == 2
    assert "Give extensions.conf, the folder that holds it" in capsys.readouterr().err
