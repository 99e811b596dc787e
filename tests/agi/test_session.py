"""pyst2's AGI class as repaired in agi.session: its defects S1 to S8, one by one, over byte streams."""

import os
import signal
import threading
from io import BytesIO

import pytest
from asterisk.agi import AGIAppError, AGIInvalidCommand, AGISIGPIPEHangup, AGIUsageError

from agi.protocol import ProtocolError
from agi.session import Session

HEADER = b"agi_request: x.py\nagi_channel: PJSIP/a-1\nagi_callerid: 5551000\nagi_calleridname: Shop\n\n"
USAGE = b"520-Invalid command syntax.  Proper usage follows:\n Usage: X\n 200 result=5\n520 End of proper usage.\n"


class Pbx:
    """A session whose replies were written beforehand, and the commands it wrote."""

    def __init__(self, *replies: bytes, header: bytes = HEADER) -> None:
        self._out = BytesIO()
        self.agi = Session(BytesIO(header + b"".join(reply + b"\n" for reply in replies)), self._out)

    @property
    def commands(self) -> list[str]:
        return self._out.getvalue().decode().splitlines()


def test_s1_quotes_and_backslashes_are_escaped():
    pbx = Pbx(b"200 result=1")
    pbx.agi.set_variable("B", 'say "hi" \\ there')
    assert pbx.commands == ['SET VARIABLE "B" "say \\"hi\\" \\\\ there"']


@pytest.mark.parametrize("text", ['x"\nSET VARIABLE "DNC" "injected', "a\rb", "a\0b", "\udcff"])
def test_s1_a_second_command_is_refused_and_nothing_is_written(text):
    pbx = Pbx()
    with pytest.raises(ProtocolError):
        pbx.agi.set_variable("B", text)
    with pytest.raises(ProtocolError):
        pbx.agi.stream_file(text)
    assert pbx.commands == []


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda agi: agi.stream_file('a" "b c'), 'STREAM FILE "a\\" \\"b c" "" "0"'),
        (lambda agi: agi.stream_file("beep", ["1", 2]), 'STREAM FILE "beep" "12" "0"'),
        (lambda agi: agi.get_data("beep", 500, 3), 'GET DATA "beep" "500" "3"'),
        (lambda agi: agi.set_context("a b"), 'SET CONTEXT "a b"'),
        (lambda agi: agi.set_callerid('"Zoë" <1>'), 'SET CALLERID "\\"Zoë\\" <1>"'),
        (lambda agi: agi.exec_command("Dial", "PJSIP/a b", 30), 'EXEC "Dial" "PJSIP/a b,30"'),
        (lambda agi: agi.verbose('x "y"', 3), 'VERBOSE "x \\"y\\"" "3"'),
        (lambda agi: agi.database_put("fam", "k y", ""), 'DATABASE PUT "fam" "k y" ""'),
        (lambda agi: agi.hangup(), "HANGUP"),
        (lambda agi: agi.channel_status(), "CHANNEL STATUS"),
        (lambda agi: agi.noop(), "NOOP"),
    ],
)
def test_s1_each_argument_of_each_command_is_one_word(call, line):
    pbx = Pbx(b"200 result=1")
    call(pbx.agi)
    assert pbx.commands == [line]


def test_s1_words_and_bytes_of_a_line_are_bounded():
    """200 quoted words abort Asterisk 22.10.1."""
    pbx = Pbx(b"200 result=1")
    for args in (["x"] * 64, ["x" * 2_000]):
        with pytest.raises(ProtocolError):
            pbx.agi.execute("NOOP", *args)
    for command in ('NOOP "a" "b"', "NOOP\nANSWER", "NOOP " * 70):
        with pytest.raises(ProtocolError):
            pbx.agi.execute(command)
    pbx.agi.execute("NOOP", *["x"] * 63)
    assert len(pbx.commands) == 1


def test_s2_a_session_works_outside_the_main_thread_and_leaves_the_signals_alone():
    before, names = signal.getsignal(signal.SIGHUP), []
    thread = threading.Thread(target=lambda: names.append(Pbx(b"200 result=1 (x)").agi.get_variable("A")))
    thread.start()
    thread.join()
    assert names == ["x"]
    assert signal.getsignal(signal.SIGHUP) is before


def test_s3_nothing_is_written_to_stderr_or_stdout(capfd):
    pbx = Pbx(b"200 result=1", b"200 result=1 (v)")
    pbx.agi.set_variable("NUMBER", "48501502503")
    pbx.agi.get_variable("NUMBER")
    assert capfd.readouterr() == ("", "")


def test_s4_the_end_of_the_stream_is_a_hang_up():
    for replies in ((), (b"520-Invalid",), (b"200 result=1 (begun",)):
        with pytest.raises(AGISIGPIPEHangup):
            Pbx(*replies).agi.get_variable("A")


def test_s4_an_answer_cut_in_its_line_is_a_hang_up():
    agi = Session(BytesIO(HEADER + b"200 result=1 (4850150"), BytesIO())
    with pytest.raises(AGISIGPIPEHangup):
        agi.get_variable("A")


def test_s4_an_inline_hangup_is_remembered_and_the_true_answer_read():
    pbx = Pbx(b"HANGUP", b"200 result=1 (first)", b"HANGUP", b"200 result=1 (second)")
    assert not pbx.agi.hung_up
    assert pbx.agi.get_variable("A") == "first"
    assert pbx.agi.hung_up
    assert pbx.agi.get_variable("B") == "second"


def test_s4_values_with_line_breaks_do_not_shift_the_answers():
    pbx = Pbx(b"200 result=1 (one\ntwo)", b"200 result=1 (next)")
    assert [pbx.agi.get_variable("A"), pbx.agi.get_variable("B")] == ["one\ntwo", "next"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"511 Command Not Permitted on a dead channel or intercept routine", AGIAppError),
        (b"510 Invalid or unknown command", AGIInvalidCommand),
        (b"200 result=-1", AGIAppError),
        (USAGE.rstrip(), AGIUsageError),
        (b"nonsense", ProtocolError),
    ],
)
def test_s4_an_answer_that_is_no_success_is_an_error_and_the_next_is_its_own(reply, error):
    pbx = Pbx(reply, b"200 result=1 (next)")
    with pytest.raises(error):
        pbx.agi.answer()
    assert pbx.agi.get_variable("A") == "next"


def test_s5_a_usage_text_cut_by_the_end_of_the_stream_ends():
    """An endless loop in pyst2."""
    with pytest.raises(AGISIGPIPEHangup):
        Pbx(b"520-Invalid command syntax.", b" Usage").agi.answer()


def test_s5_a_usage_text_without_end_is_bounded():
    with pytest.raises(ProtocolError, match="more than 16384 bytes"):
        Pbx(b"520-Invalid command syntax.", *[b""] * 70_000).agi.answer()


def test_s6_the_value_hangup_is_a_value():
    pbx = Pbx(b"200 result=1 (hangup)", b"200 result=1 (hangup)", b"200 result=1 (hangup)")
    assert pbx.agi.get_variable("CALLERID(name)") == "hangup"
    assert pbx.agi.get_full_variable("X") == "hangup"
    assert pbx.agi.database_get("fam", "key") == "hangup"


def test_s7_a_database_key_is_quoted_once_and_an_absent_one_is_empty():
    pbx = Pbx(b"200 result=1 (v)", b"200 result=0")
    assert [pbx.agi.database_get("fam", "key"), pbx.agi.database_get("fam", "none")] == ["v", ""]
    assert pbx.commands[0] == 'DATABASE GET "fam" "key"'


def test_s8_binary_streams_with_names_that_are_not_utf_8_work():
    pbx = Pbx(header=HEADER.replace(b"Shop", "Zoë".encode("latin-1")))
    assert pbx.agi.env["agi_calleridname"] == "Zo\ufffd"
    assert Pbx(header=HEADER.replace(b"Shop", "Zoë: x".encode())).agi.env["agi_calleridname"] == "Zoë: x"


def test_s8_a_broken_pipe_is_a_hang_up():
    reading, writing = os.pipe()
    os.close(reading)
    agi = Session(BytesIO(HEADER), os.fdopen(writing, "wb", buffering=0))
    with pytest.raises(AGISIGPIPEHangup):
        agi.answer()
    agi.stdout.close()


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\n",
        HEADER[:-1],
        b"hello\n\n",
        b"agi_a: " + b"x" * 1_000_000,
        b"agi_a: x\n" * 100_000 + b"\n",
        b"agi_a: 1\nagi_a: 2\n\n",
    ],
)
def test_a_header_that_is_none_is_a_protocol_error(header):
    with pytest.raises(ProtocolError):
        Session(BytesIO(header), BytesIO())


@pytest.mark.parametrize("length", [1_990, 1_992, 1_993, 1_994, 4_000, 15_000])
def test_a_long_line_of_the_header_is_one_line(length):
    header = b"agi_x: " + b"y" * length + b"\nagi_last: z\n\n"
    assert Pbx(header=header).agi.env == {"agi_x": "y" * length, "agi_last": "z"}


def test_results_are_pyst2s():
    pbx = Pbx(
        b"200 result=57 endpos=8000",
        b"200 result=0",
        b"200 result=-2",
        b"200 result=6",
        b"200 result=12#",
        b"200 result= (timeout)",
    )
    assert pbx.agi.stream_file("beep", "9") == "9"
    assert pbx.agi.wait_for_digit(10) == ""
    with pytest.raises(AGIAppError, match="Unable to find application"):
        pbx.agi.appexec("Nope")
    assert pbx.agi.channel_status() == 6
    assert [pbx.agi.get_data("beep"), pbx.agi.get_data("beep")] == ["12#", ""]
