"""Every ending of a command is an exit code and a clear text."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from concierge import cli

ROOT = Path(__file__).parents[2]
CONCIERGE = Path(sys.executable).with_name("concierge")
NUMBER = "+48601234567"


def test_a_call_with_nothing_says_what_there_is(concierge):
    done = concierge()
    assert done.returncode == 2
    assert all(name in done.stdout for name in cli.COMMANDS)


def test_the_package_runs_as_the_command_does():
    done = subprocess.run([sys.executable, "-m", "concierge", "rule", "D101"], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "") and "D101" in done.stdout


def test_the_version_is_the_installed_one(concierge):
    assert re.fullmatch(r"concierge \d+\.\d+\.\d+\n", concierge("--version").stdout)


@pytest.mark.parametrize("name", [name for name in cli.COMMANDS if (ROOT / f"concierge/commands/{name}.py").exists()])
def test_each_command_explains_itself_and_touches_nothing(concierge, tmp_path, name):
    done = concierge(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: concierge {name}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("action", ["add", "remove", "show"])
def test_each_action_of_the_list_explains_itself(concierge, action):
    assert concierge("list", action, "--help").stdout.startswith(f"usage: concierge list {action}")


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["--nonsense"],
        ["check"],
        ["check", NUMBER, "--at", "yesterday"],
        ["check", NUMBER, "--at", "2026-11-23T12:00:00"],
        ["check", NUMBER, "--at", "0001-01-01T00:00:00+14:00"],
        ["check", NUMBER, "--format", "xml"],
        ["list"],
        ["list", "add", NUMBER],
        ["list", "add", NUMBER, "--reason", "r", "--source", "s", "--until", "2027-02-30"],
        ["db"],
        ["db", "drop"],
        ["agi", "nothing"],
    ],
)
def test_wrong_use_is_2_with_a_text_on_standard_error(concierge, words):
    done = concierge(*words)
    assert done.returncode == 2
    assert done.stderr.strip()
    assert done.stdout == ""


UNREADABLE = "agi: {port: 4573, prot: 1}\nsight: {}\n"


def assert_names_every_mistake(done, path):
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert f"{path}: agi.prot: unknown key; did you mean `port`?" in done.stderr
    assert f"{path}: sight: unknown key; did you mean `site`?" in done.stderr


@pytest.mark.parametrize(
    "words", [["check", NUMBER], ["list", "show"], ["db", "check"], ["hooks", "show"], ["agi", "outbound"], ["serve"]]
)
def test_an_unreadable_configuration_is_2_and_names_every_mistake(concierge, config, words):
    path = config(UNREADABLE)
    words = [words[0], "--config", path, *words[1:]] if words[0] == "agi" else [*words, "--config", path]
    assert_names_every_mistake(concierge(*words), path)


def test_the_installed_command_says_the_same_of_an_unreadable_configuration(installed, config):
    path = config(UNREADABLE)
    assert_names_every_mistake(installed("check", NUMBER, "--config", path), path)


def test_the_configuration_named_by_the_environment_is_read(concierge, config):
    path = config("nonsense: 1")
    assert str(path) in concierge("list", "show", CONCIERGE_CONFIG=str(path)).stderr


def test_a_mistake_of_ours_is_3_and_says_what_to_report(environment, tmp_path):
    script = (
        "import sys, concierge.commands.check as check, concierge.cli as cli\n"
        "def run(args): raise ZeroDivisionError('unforeseen')\n"
        "check.run = run\nsys.exit(cli.main(['check', '+48601234567']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "ZeroDivisionError: unforeseen" in done.stderr
    assert "mistake in Concierge" in done.stderr
    assert f"with the command: concierge check {NUMBER}" in done.stderr


def test_an_interrupt_is_130_without_a_traceback(environment, tmp_path):
    command = [str(CONCIERGE), "agi", "outbound"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a job in the background has SIGINT ignored, and passes that on
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        process.stdin.write("agi_request: x\nagi_extension: 601234567\n\n")
        process.stdin.flush()
        assert process.stdout.readline() == 'GET VARIABLE "OUTNUM"\n'
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == ""


def test_a_reader_that_goes_away_is_no_error(environment, tmp_path):
    command = f"{CONCIERGE} hooks show | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_that_cannot_show_a_character_is_no_error(concierge, installed):
    concierge("list", "add", NUMBER, "--reason", "prośba 😀", "--source", "list")
    done = installed("list", "show", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "pro\\u015bba" in done.stdout


def test_a_command_loads_only_what_it_needs():
    script = (
        "import sys; from concierge.cli import main; main(['hooks', 'show', '--part', 'features'])\n"
        "print(*sys.modules, sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "concierge.commands.hooks" in loaded
    assert not loaded & {
        "concierge.commands.serve",
        "concierge.commands.list",
        "alembic",
        "panoramisk",
        "concierge.service",
    }


def test_hooks_hold_the_settings_of_this_site(concierge, config):
    path = config(
        "agi: {host: '::1', port: 4599}\noperator: {dial: PJSIP/100&PJSIP/101, ring: 14}\nmenu: {total: 7}\n"
        "opt_out: {digits: {'9': all, '*': campaign}}\nami: {user: conny}\n"
    )
    shown = concierge("hooks", "show", "--config", path).stdout
    for line in (
        "CONCIERGE_AGI=agi://[::1]:4599",
        "CONCIERGE_OPERATOR=PJSIP/100&PJSIP/101",
        "CONCIERGE_OPERATOR_RING=14",
        "CONCIERGE_ROUNDS_MAX=7",
        "CONCIERGE_FEATURES=concierge-9#concierge-star",
        "[conny]",
        "concierge-star => *,self,Gosub(concierge-optout,*,1)",
    ):
        assert line in shown.splitlines()
    assert "{" not in re.sub(r"\$\{[^}]*|\$\[[^\n]*", "", shown), "a placeholder was left"


@pytest.mark.parametrize(("version", "ending"), [(15, "MacroExit()"), (16, "MacroExit()"), (17, "Return()")])
def test_hooks_for_freepbx_end_as_its_version_needs(concierge, version, ending):
    shown = concierge("hooks", "show", "--freepbx", version, "--part", "extensions").stdout
    assert "[macro-dialout-trunk-predial-hook]" in shown
    assert shown.rstrip().endswith(ending)
    assert "manager.conf" not in shown


def test_hooks_ask_the_administrator_for_a_secret_and_show_none(concierge, tmp_path):
    shown = concierge("hooks", "show", CONCIERGE_AMI_SECRET="s3cret-0815").stdout
    assert "CHANGE-ME" in shown
    assert "s3cret" not in shown


def test_serve_without_a_readable_secret_is_2_and_shows_none(installed, config, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret-0815")
    secret.chmod(0o644)
    done = installed("serve", "--config", config(f"ami: {{user: u, secret_file: {secret}}}\nagi: {{port: 0}}"))
    assert done.returncode == 2
    assert f"chmod 600 {secret}" in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


def test_the_installed_command_lists_refuses_frees_and_allows(installed):
    assert installed("check", NUMBER).returncode == 0
    assert installed("list", "add", "601 234 567", "--reason", "r", "--source", "s").returncode == 0
    refused = installed("check", "0048601234567")
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "refuse listed entry 1 (r) +48601234567\n", "")
    assert installed("list", "remove", NUMBER, "--reason", "r").returncode == 0
    allowed = installed("check", NUMBER)
    assert (allowed.returncode, allowed.stderr) == (0, "")
    assert allowed.stdout.startswith("allow not-listed")


@pytest.mark.parametrize(
    ("words", "code"), [(["--help"], 0), (["check"], 2), (["list", "remove", NUMBER, "--reason", "r"], 1)]
)
def test_the_installed_command_has_the_exit_code(installed, words, code):
    done = installed(*words)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_check_prints_one_json_object(concierge):
    facts = json.loads(
        concierge("check", "601 234 567", "--format", "json", "--at", "2026-11-23T12:00:00+01:00").stdout
    )
    assert facts == {
        "verdict": "allow",
        "reason": "not-listed",
        "detail": "",
        "number": NUMBER,
        "campaign": "",
        "entry": None,
        "last_contact": None,
        "last_campaign": None,
        "contacts_30d": 0,
        "at": "2026-11-23T11:00:00+00:00",
        "next": None,
        "consent": None,
        "history": None,
    }


@pytest.mark.parametrize(
    "words",
    [
        ("check", "600100200", "--campaign", "spring", "--at", "9999-12-31T23:59:59Z", "--explain"),
        ("check", "600100200", "--campaign", "spring", "--at", "0001-01-01T00:00:00Z"),
        ("policy", "simulate", "leads.csv", "--campaign", "spring", "--from", "9999-12-31T23:59:59Z"),
        ("doctor", "--etc", "x" * 300),
        ("db", "backup", "x" * 300),
    ],
)
def test_times_at_the_end_of_the_calendar_and_endless_names_are_wrong_use(concierge, words):
    done = concierge(*words)
    assert done.returncode == 2 and done.stderr and "Traceback" not in done.stderr
