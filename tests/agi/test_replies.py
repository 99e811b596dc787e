"""Answers that are none: one log line, the connection is closed, the next call is served, nothing stalls."""

import asyncio

import pytest

pytestmark = pytest.mark.usefixtures("watchdog")

OK = b"200 result=1\n"
USAGE = b"520-Invalid command syntax.  Proper usage follows:\n" + b" Usage: X\n" * 30 + b"520 End of proper usage.\n"


async def _answered(bench, header, reply):
    """The first command of a call that is answered so; the server closes by itself."""
    call = await bench.call()
    await call.say(header())
    assert await call.command()
    await call.send(reply)
    await call.closed()
    return await bench.misbehaved()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        pytest.param(b"510 Invalid or unknown command\n", "was answered 510", id="510"),
        pytest.param(
            b"511 Command Not Permitted on a dead channel or intercept routine\n", "was answered 511", id="511"
        ),
        pytest.param(USAGE, "was answered 520", id="520-multi-line"),
        pytest.param(
            b"520 Invalid command syntax.  Proper usage not available.\n", "was answered 520", id="520-one-line"
        ),
        pytest.param(b"200 result=-1\n", "was answered 200 -1", id="failed"),
        pytest.param(b"200 result=-2\n", "was answered 200 -2", id="unknown-application"),
        pytest.param(b"I am no Asterisk\n", "not an AGI reply", id="garbage"),
        pytest.param(b"\n", "not an AGI reply", id="empty-line"),
        pytest.param(b"\0\xff\n", "not an AGI reply", id="binary"),
        pytest.param(b"200\n", "without a result", id="no-result"),
        pytest.param(b"200 nonsense\n", "without a result", id="200-and-nonsense"),
        pytest.param(b"2000 result=1\n", "not an AGI reply", id="four-digits"),
        pytest.param(OK + OK, "more AGI replies than commands", id="two-in-one-write"),
        pytest.param(b"520-\n" + b"\n" * 200_000, "more than 16384 bytes", id="200-k-empty-lines"),
        pytest.param(b"HANGUP\n" * 100_000, "more than 16384 bytes", id="100-k-hang-ups"),
        pytest.param(b"200 result=1 (" + b"x\n" * 100_000, "more than 16384 bytes", id="value-never-closed"),
        pytest.param(b"x" * 300_000, "without an end", id="300-kB-without-a-line-break"),
    ],
)
async def test_an_answer_that_is_none_ends_the_session(bench, header, reply, said):
    """panoramisk P5, P8: ValueError int(''), shifted answers."""
    line = await _answered(bench, header, reply)
    assert line.startswith("decision=broken-off reason=")
    assert said in line
    assert "uniqueid=1795295160.7" in line


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"200 resu", id="half-a-line"),
        pytest.param(b"520-Invalid command syntax.  Proper usage follows:\n Usage\n", id="520-without-an-end"),
        pytest.param(b"200 result=1 (begun", id="half-a-value"),
        pytest.param(b"HANGUP\n", id="only-HANGUP"),
    ],
)
async def test_an_answer_that_never_comes_is_waited_for_session_timeout(bench, header, reply):
    line = await _answered(bench, header, reply)
    assert line.startswith('decision=broken-off reason="session too long: 0.5 s" ')


@pytest.mark.parametrize("reply", [b"", b"200 result=1", b"520-Invalid\n", b"HANGUP\n"])
async def test_the_end_of_the_connection_instead_of_an_answer_ends_the_session(bench, header, reply):
    call = await bench.call()
    await call.say(header())
    await call.command()
    await call.send(reply)
    call.writer.close()
    line = await bench.misbehaved()
    assert line.startswith('decision=broken-off reason="the connection is gone" ')


async def test_a_reset_instead_of_an_answer_ends_the_session(bench, header):
    call = await bench.call()
    await call.say(header())
    await call.command()
    call.reset()
    line = await bench.misbehaved()
    assert line.startswith('decision=broken-off reason="the connection ')


async def test_hanging_up_right_after_the_header_ends_the_session(bench, header):
    call = await bench.call()
    await call.send(header() + b"HANGUP\n")
    call.writer.close()
    line = await bench.misbehaved()
    assert line.startswith("decision=broken-off ")


async def test_a_second_answer_that_comes_late_does_not_disturb_the_next_call(bench, header):
    call = await bench.call()
    await call.say(header())
    await call.command()
    await call.send(OK)
    await call.send(OK)
    await call.closed()
    await bench.misbehaved()


async def test_an_answer_before_the_command_is_not_taken_for_its_answer(bench, header):
    """What a line break in a caller name makes of a header: the rest of it comes as answers."""
    call = await bench.call()
    await call.send(header() + b"200 result=1 (48111222333)\n")
    assert await call.closed() == b""
    assert "more AGI replies than commands" in await bench.misbehaved()


async def test_the_rest_of_a_header_cut_by_a_line_break_ends_the_session(bench, header):
    call = await bench.call()
    await call.send(header(calleridname="x\n\nagi_arg_1: 48111222333"))
    await call.closed()
    assert (await bench.misbehaved()).startswith("decision=broken-off ")


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"HANGUP\n" + OK, id="before"),
        pytest.param(OK + b"HANGUP\n", id="after"),
        pytest.param(b"HANGUP\n" + OK + b"HANGUP\n", id="both"),
    ],
)
async def test_hangup_between_the_answers_is_not_an_answer(bench, header, reply):
    """panoramisk P6, pyst2 S4. A dead channel still takes variables, so the call is answered as ever."""
    line = await _answered(bench, header, reply)
    assert line.startswith("decision=allow ")


@pytest.mark.parametrize(
    ("reply", "number"),
    [
        pytest.param(b"200 result=1 (hangup)\n", "hangup", id="the-word-hangup"),
        pytest.param(b"200 result=1 (HANGUP)\n", "HANGUP", id="the-word-HANGUP"),
        pytest.param(b"200 result=1 (48 501\n502 503)\n", "48 501\n502 503", id="two-lines"),
        pytest.param(b"200 result=1 (48\nHANGUP\n503)\n", "48\nHANGUP\n503", id="HANGUP-within"),
        pytest.param(b"200 result=1 (a) (b)\n", "a) (b", id="parentheses"),
        pytest.param(b"200 result=1 ()\n", "s", id="empty-so-the-extension"),
        pytest.param(b"200 result=0\n", "s", id="unset-so-the-extension"),
        pytest.param("200 result=1 (Zoë)\n".encode(), "Zoë", id="utf-8"),
        pytest.param("200 result=1 (Zoë)\n".encode("latin-1"), "Zo\ufffd", id="latin-1"),
    ],
)
async def test_a_value_is_read_as_it_was_set(start, header, answer, reply, number):
    """panoramisk P7, P8."""
    asked = []
    bench = await start(ask_now=lambda question: asked.append(question.dialled) or answer(question))
    call = await bench.call()
    await call.say(header(arguments=()))
    assert await call.command() == 'GET VARIABLE "OUTNUM"\n'
    for at in range(len(reply)):
        await call.send(reply[at : at + 1])
        await asyncio.sleep(0)
    assert (await call.command()).startswith('SET VARIABLE "CONCIERGE_ANSWER" "ALLOW!')
    await call.send(OK)
    await call.closed()
    assert asked == [number]
    await bench.misbehaved()


async def test_a_value_that_closes_too_early_is_not_completed_by_the_next_answer(start, header):
    bench = await start()
    call = await bench.call()
    await call.say(header(arguments=()))
    await call.command()
    await call.send(b"200 result=1 (48501)\n502503)\n")
    await call.closed()
    line = await bench.misbehaved()
    assert line.startswith("decision=broken-off ")
