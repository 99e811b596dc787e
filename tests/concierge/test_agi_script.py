"""`concierge agi outbound` on pipes, with an Asterisk that answers as the real one does."""

import contextlib
import io
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from concierge.cli import main

CONCIERGE = Path(sys.executable).with_name("concierge")
HEADER = {
    "request": "concierge",
    "channel": "PJSIP/100-00000001",
    "language": "en",
    "type": "PJSIP",
    "uniqueid": "1763.42",
    "version": "22.10.1",
    "callerid": "100",
    "calleridname": "unknown",
    "context": "out",
    "extension": "s",
    "priority": "1",
}


class FakeAsterisk:
    """The other end of the pipes: sends the environment, answers commands, keeps what was set."""

    def __init__(self, commands, answers, variables, answer):
        self.from_script, self.to_script, self.variables, self.answer = commands, answers, variables, answer
        self.commands = []
        self.set = {}

    def serve(self, header):
        self.send("".join(f"agi_{name}: {value}\n" for name, value in header.items()) + "\n")
        for line in self.from_script:
            self.commands.append(line)
            self.send(self.reply(line.rstrip("\n")) + "\n")

    def send(self, text):
        with contextlib.suppress(BrokenPipeError):
            self.to_script.write(text)
            self.to_script.flush()

    def reply(self, line):
        words = line.split('"')
        if line.startswith("GET VARIABLE "):
            value = self.variables.get(words[1], "")
            return f"200 result=1 ({value})" if value else "200 result=0"
        assert line.startswith("SET VARIABLE "), line
        self.set[words[1]] = words[3]
        return self.answer


@pytest.fixture
def call(at_home, monkeypatch):
    """One call in this process, over two pipes."""

    def make(*arguments, variables=None, header=None, answer="200 result=1", config=None):
        (read_command, write_command), (read_answer, write_answer) = os.pipe(), os.pipe()
        with (
            os.fdopen(read_command) as commands,
            os.fdopen(write_answer, "w") as answers,
            monkeypatch.context() as patch,
            os.fdopen(read_answer) as stdin,
            os.fdopen(write_command, "w") as stdout,
            io.StringIO() as stderr,
        ):
            asterisk = FakeAsterisk(commands, answers, variables or {}, answer)
            serving = threading.Thread(target=asterisk.serve, args=[HEADER | (header or {})])
            serving.start()
            for name, stream in {"stdin": stdin, "stdout": stdout, "stderr": stderr}.items():
                patch.setattr(f"sys.{name}", stream)
            asterisk.code = main(["agi", *(["--config", str(config)] if config else []), "outbound", *arguments])
            stdout.close()
            serving.join(10)
            asterisk.errors = stderr.getvalue()
        assert "Traceback" not in asterisk.errors
        return asterisk

    return make


@pytest.fixture
def installed_call(environment, tmp_path):
    """One call as Asterisk makes it: a process of its own."""

    def make(*arguments):
        command = [str(CONCIERGE), "agi", "outbound", *arguments]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, **pipes) as process:
            asterisk = FakeAsterisk(process.stdout, process.stdin, {}, "200 result=1")
            asterisk.serve(HEADER)
            _, asterisk.errors = process.communicate(timeout=20)
            asterisk.code = process.returncode
        return asterisk

    return make


@pytest.fixture
def listed(concierge):
    concierge("list", "add", "+48601234567", "--reason", "r", "--source", "s")


def rows(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT dialled, number, campaign, verdict, reason, via, uniqueid FROM call_check"
        ).fetchall()


def test_a_listed_number_is_refused_with_the_nonce_of_this_call_and_leaves_its_row(call, listed, home_db):
    asterisk = call("0048601234567", "1763.42-815", "spring")
    assert asterisk.set == {"CONCIERGE_ANSWER": "REFUSE!listed!1!!0!48601234567!1763.42-815"}
    assert asterisk.code == 0
    assert rows(home_db) == [("0048601234567", 48601234567, "spring", "REFUSE", "listed", "script", "1763.42")]
    assert "48601234567" not in asterisk.errors, "the log line shows the number"


def test_another_number_is_allowed_and_the_next_answer_knows_of_it(call, listed):
    first, _, permit = call("601234568", "n-1").set["CONCIERGE_ANSWER"].rpartition("!")
    assert first == "ALLOW!not-listed!!!0!48601234568!n-1" and permit.startswith("48601234568.")
    verdict, _, _, last, count, _, nonce, _ = call("601234568", "n-2", "spring").set["CONCIERGE_ANSWER"].split("!")
    assert (verdict, count, nonce) == ("ALLOW", "1", "n-2")
    assert last.startswith("20")


def test_without_an_argument_the_number_is_outnum_and_else_the_extension(call, listed, home_db):
    by_variable = call(variables={"OUTNUM": "0048601234567"}, header={"extension": "601234568"})
    assert by_variable.commands[0] == 'GET VARIABLE "OUTNUM"\n'
    assert by_variable.set["CONCIERGE_ANSWER"].startswith("REFUSE!listed!")
    by_extension = call(header={"extension": "601234568"})
    assert by_extension.set["CONCIERGE_ANSWER"].startswith("ALLOW!not-listed!")
    assert [row[0] for row in rows(home_db)] == ["0048601234567", "601234568"]


@pytest.mark.parametrize("nonce", ["a!b", "a b", "x" * 151, "${X}", ""])
def test_what_cannot_be_a_nonce_is_never_repeated(call, listed, nonce):
    assert call("601234568", nonce).set["CONCIERGE_ANSWER"].split("!")[5:7] == ["48601234568", ""]


def test_an_absent_database_refuses_and_none_is_made(call, home_db):
    asterisk = call("601234568", "n")
    verdict, reason, *_, nonce = asterisk.set["CONCIERGE_ANSWER"].split("!")
    assert (verdict, reason, nonce) == ("REFUSE", "list-unavailable", "n")
    assert "concierge db upgrade" in asterisk.errors
    assert not home_db.exists()


def test_an_emergency_number_is_allowed_without_any_database(call, home_db):
    assert call("112", "n").set["CONCIERGE_ANSWER"] == "ALLOW!emergency!!!0!!n"


def test_evidence_that_cannot_be_written_refuses(call, listed, home_db):
    with closing(sqlite3.connect(home_db)) as connection:
        connection.execute(
            "CREATE TRIGGER stop BEFORE INSERT ON call_check BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
    asterisk = call("601234568", "n")
    assert asterisk.set["CONCIERGE_ANSWER"] == "REFUSE!evidence-unavailable!!!0!48601234568!n"
    assert "free some space" in asterisk.errors


def test_an_unreadable_configuration_sets_no_verdict_and_is_2(call, config):
    asterisk = call("601234568", "n", config=config("sight: {}"))
    assert asterisk.set == {}
    assert asterisk.code == 2
    assert "did you mean `site`?" in asterisk.errors


@pytest.mark.parametrize(
    "answer", ["511 Command Not Permitted on a dead channel or intercept routine", "510 Invalid or unknown command"]
)
def test_a_channel_that_is_gone_is_1_and_its_row_is_kept(call, listed, home_db, answer):
    asterisk = call("601234568", "n", answer=answer)
    assert asterisk.code == 1
    assert "decision=broken-off" in asterisk.errors
    assert len(rows(home_db)) == 1


def test_the_installed_script_does_the_same(installed_call, listed, home_db):
    refused = installed_call("0048601234567", "1763.42-815", "spring")
    assert refused.set == {"CONCIERGE_ANSWER": "REFUSE!listed!1!!0!48601234567!1763.42-815"}
    assert (refused.code, len(rows(home_db))) == (0, 1)


def test_the_installed_script_refuses_without_a_database(installed_call, home_db):
    assert installed_call("601234568", "n").set["CONCIERGE_ANSWER"].startswith("REFUSE!list-unavailable!")
    assert not home_db.exists()


@pytest.mark.parametrize(
    "text", ["", "GET / HTTP/1.1\r\n\r\n", "agi_x: 1", "\n", "agi_x: " + "y" * 20_000 + "\n\n", "\0\n\n"]
)
def test_what_is_no_asterisk_is_a_clear_error(at_home, capsys, monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert main(["agi", "outbound", "601234568"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "started by Asterisk's AGI()" in err
