"""A handler as a plain script, with a fake Asterisk at the other end of two pipes."""

import os
import threading
from collections.abc import Callable

import pytest

from agi.handlers import Ask, GetVariable, Outcome, SetVariable
from agi.menu_guard import menu
from agi.outbound import outbound
from agi.script import run
from agi.session import Session
from models.flow import Limits

HEADER = b"agi_request: /usr/local/bin/concierge\nagi_uniqueid: 17.1\nagi_extension: 48222\nagi_arg_1: agi\n\n"
OK = b"200 result=1\n"


class Pipes:
    """Asterisk's end: sends the header, then answers each command by `reply`; None hangs up."""

    def __init__(self, reply: Callable[[str], bytes | None], header: bytes = HEADER) -> None:
        to_script, self._write = os.pipe()
        self._read, from_script = os.pipe()
        self.stdin, self.stdout = os.fdopen(to_script, "rb"), os.fdopen(from_script, "wb")
        self._reply, self._header = reply, header
        self.commands: list[str] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with os.fdopen(self._read, "rb") as commands, os.fdopen(self._write, "wb", buffering=0) as replies:
            for line in self._header.splitlines(keepends=True):
                replies.write(line)
            for command in commands:
                self.commands.append(command.decode())
                reply = self._reply(self.commands[-1])
                if reply is None:
                    return
                replies.write(reply)

    def close(self) -> None:
        self.stdout.close()
        self._thread.join(5)
        self.stdin.close()
        assert not self._thread.is_alive()


@pytest.fixture
def asterisk():
    """`asterisk(reply)` -> (pipes, session)."""
    started = []

    def start(reply, header=HEADER):
        started.append(Pipes(reply, header))
        return started[-1], Session(started[-1].stdin, started[-1].stdout)

    yield start
    for pipes in started:
        pipes.close()


@pytest.fixture
def perform(answer):
    return lambda effect: answer(effect.question) if isinstance(effect, Ask) else None


def _as_script(environment):
    return outbound(environment, "script")


def test_outbound_is_asked_and_answered(asterisk, perform):
    pipes, session = asterisk(lambda _: OK)
    outcome = run(session, _as_script, ("48501502503", "n-1", "spring"), perform)
    assert pipes.commands == ['SET VARIABLE "CONCIERGE_ANSWER" "ALLOW!not-listed!!!0!48501502503!n-1"\n']
    assert (outcome.decision, outcome.fields["campaign"]) == ("allow", "spring")
    assert outcome.fields["number"] == "+485***503"


@pytest.mark.parametrize(("outnum", "dialled"), [(b"200 result=1 (48111)\n", "48111"), (b"200 result=0\n", "48222")])
def test_the_number_is_read_from_the_channel_when_it_is_no_argument(asterisk, answer, outnum, dialled):
    asked = []
    _, session = asterisk(lambda command: outnum if command.startswith("GET") else OK)
    run(session, _as_script, (), lambda effect: asked.append(effect.question) or answer(effect.question))
    assert [(question.dialled, question.via) for question in asked] == [(dialled, "script")]


def test_the_arguments_are_those_after_the_handlers_name(asterisk, perform):
    _, session = asterisk(lambda _: OK)
    seen = []

    def handler(environment):
        seen.append(environment.arguments)
        return _as_script(environment)

    run(session, handler, ("48501502503", "n-1"), perform)
    assert seen == [("48501502503", "n-1")]


def test_a_menu_is_counted(asterisk, perform):
    pipes, session = asterisk(lambda _: OK)
    outcome = run(session, lambda environment: menu(environment, Limits()), ("main", "pass", "n-1", ""), perform)
    assert pipes.commands == ['SET VARIABLE "CONCIERGE_STEP" "GO!within-limits!main.pass=1!n-1"\n']
    assert outcome.decision == "go"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (None, "connection ended"),
        (b"510 Invalid or unknown command\n", "unknown command"),
        (b"511 Command Not Permitted on a dead channel or intercept routine\n", "511"),
        (b"520-Usage\n520 End of proper usage.\n", ""),
        (b"200 result=-1\n", "200 -1"),
        (b"nonsense\n", "not an AGI reply"),
    ],
)
def test_an_answer_that_is_none_is_an_outcome_not_a_traceback(asterisk, perform, reply, reason):
    _, session = asterisk(lambda _: reply)
    outcome = run(session, _as_script, ("48501502503", "n-1"), perform)
    assert outcome.decision == "broken-off"
    assert reason in outcome.fields["reason"]


def test_hangup_in_between_is_not_an_answer(asterisk, perform):
    _, session = asterisk(lambda _: b"HANGUP\n" + OK)
    assert run(session, _as_script, ("48501502503", "n-1"), perform).decision == "allow"
    assert session.hung_up


def test_what_agi_cannot_say_is_an_outcome_and_is_not_written(asterisk, perform):
    def handler(environment):
        value = yield GetVariable("A")
        yield SetVariable("B", value)
        return Outcome("never")

    pipes, session = asterisk(lambda _: b"200 result=1 (two\nlines)\n")
    outcome = run(session, handler, (), perform)
    assert outcome.decision == "broken-off"
    assert "line break" in outcome.fields["reason"]
    assert pipes.commands == ['GET VARIABLE "A"\n']
