"""Limits, allow-list, drain, and handlers that fail."""

import asyncio
import ipaddress
import logging

import pytest

from agi.handlers import GetVariable, OptOut, Outcome, SetVariable
from agi.server import Limits

pytestmark = pytest.mark.usefixtures("watchdog")

OK = b"200 result=1\n"


async def _drip(call, data):
    for byte in data:
        await call.send(bytes([byte]))
        await asyncio.sleep(0.05)


async def test_200_slow_clients_do_not_hold_up_a_good_call(start, header):
    bench = await start(limits=Limits(header_timeout=2.0, session_timeout=5))
    slow = [await bench.call() for _ in range(200)]
    drips = [asyncio.create_task(_drip(call, header())) for call in slow]
    await bench.until(lambda: len(bench.services.connections) == 200)
    async with asyncio.timeout(1.9):
        assert await bench.good_call()
    assert len(bench.services.connections) >= 200
    await bench.until(bench.lines)
    assert bench.lines()[0].startswith("decision=allow ")
    await bench.idle()
    assert sum(line.startswith("decision=not-agi ") for line in bench.lines()) == 200
    for drip in drips:
        drip.cancel()


async def test_50_calls_at_once_are_all_answered(bench):
    commands = await asyncio.gather(*(bench.good_call() for _ in range(50)))
    assert all(len(one) == 1 for one in commands)
    await bench.idle()
    assert len(bench.lines()) == 50


async def test_the_session_above_the_limit_is_dropped_and_told_once(start, header):
    bench = await start(limits=Limits(header_timeout=2, session_timeout=5, sessions=3))
    held = [await bench.call() for _ in range(3)]
    await bench.until(lambda: len(bench.services.connections) == 3)
    one_too_many = await bench.call()
    await one_too_many.send(header())
    assert await one_too_many.closed() == b""
    assert bench.lines() == ["decision=overload sessions=4"]
    await held[0].say(header())
    assert await held[0].answer_all()
    await bench.idle(2)
    assert await bench.good_call()


async def test_a_peer_that_is_not_on_the_allow_list_is_dropped_unread(start, header):
    bench = await start(allow=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128")))
    call = await bench.call()
    await call.send(header())
    assert await call.closed() == b""
    await bench.idle()
    (line,) = bench.lines()
    assert line.startswith('decision=not-agi reason="peer is not on agi.allow" peer=127.0.0.1 ')


async def test_a_peer_on_the_allow_list_is_served(start):
    bench = await start(allow=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("127.0.0.0/30")))
    assert await bench.good_call()


async def test_drain_lets_a_call_that_is_being_answered_finish_and_refuses_new_ones(bench, header):
    call = await bench.call()
    await call.say(header())
    assert await call.command()
    draining = asyncio.create_task(bench.server.drain(5))
    port = bench.server.port
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    assert not draining.done()
    await call.send(OK)
    await call.closed()
    async with asyncio.timeout(10):
        await draining
    assert [line.split()[0] for line in bench.lines()] == ["decision=allow"]


async def test_drain_drops_what_is_left_after_its_limit_and_tells_of_it(start, header):
    bench = await start(limits=Limits(header_timeout=30, session_timeout=30))
    answering, silent = await bench.call(), await bench.call()
    await answering.say(header())
    assert await answering.command()
    await silent.send(b"agi_network: yes\n")
    await bench.until(lambda: len(bench.services.connections) == 2)
    async with asyncio.timeout(10):
        await bench.server.drain(0.1)
    assert await answering.closed() == await silent.closed() == b""
    assert not bench.services.connections
    assert [line.split(" ms=")[0] for line in bench.lines() if "broken-off" in line] == [
        'decision=broken-off reason="shutting down" uniqueid=1795295160.7 channel=PJSIP/agent-0000001a'
    ]


async def test_drain_without_calls_is_at_once(bench):
    async with asyncio.timeout(10):
        await bench.server.drain(60)


def _raises(environment):
    yield SetVariable("X", "1")
    raise RuntimeError("out of luck\nsecond line")


def _raises_at_once(environment):
    raise RuntimeError("out of luck")


def _unspeakable(environment):
    yield SetVariable("X", "two\nlines")
    return Outcome("never")


def _strange_effect(environment):
    yield "not an effect"
    return Outcome("never")


@pytest.mark.parametrize("handler", [_raises, _raises_at_once, _strange_effect])
async def test_a_handler_that_raises_is_one_error_line_with_its_traceback(start, header, handler, bench):
    failing = await start(handlers={"x": handler})
    call = await failing.call()
    await call.say(header("x"))
    await call.answer_all()
    await failing.idle()
    (record,) = failing.records()
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.getMessage().startswith("decision=error reason=internal path=x uniqueid=1795295160.7 ")
    assert await bench.good_call()


async def test_after_a_handler_that_raises_the_same_server_serves_the_next_call(start, header):
    answers = iter([RuntimeError("the gate is broken")])

    def once(environment):
        for error in answers:
            raise error
        yield SetVariable("X", "1")
        return Outcome("fine")

    bench = await start(handlers={"x": once})
    assert await bench.good_call(header("x")) == []
    assert await bench.good_call(header("x")) == ['SET VARIABLE "X" "1"\n']
    await bench.idle()
    assert [line.split()[0] for line in bench.lines()] == ["decision=error", "decision=fine"]


async def test_what_agi_cannot_say_is_never_written(start, header):
    """panoramisk P4: a line break was a second command."""
    bench = await start(handlers={"x": _unspeakable})
    assert await bench.good_call(header("x")) == []
    await bench.idle()
    assert bench.lines()[0].startswith('decision=broken-off reason="a line break or NUL in an AGI word')


async def test_a_gate_that_never_answers_ends_with_the_session(start, header):
    async def never(question):
        await asyncio.Event().wait()

    bench = await start(ask_now=lambda _: None, ask=never)
    assert await bench.good_call() == []
    await bench.idle()
    (line,) = bench.lines()
    assert line.startswith('decision=broken-off reason="session too long: 0.5 s" ')


async def test_a_gate_that_never_answers_does_not_keep_a_call_that_is_gone(start, header):
    async def never(question):
        await asyncio.Event().wait()

    bench = await start(ask_now=lambda _: None, ask=never)
    call = await bench.call()
    await call.say(header())
    await bench.until(lambda: bench.services.connections)
    call.reset()
    await bench.idle()
    assert [line.split()[0] for line in bench.lines()] == ["decision=broken-off"]


async def test_a_pressed_key_is_recorded_even_when_the_caller_hangs_up_meanwhile(start, header):
    recorded, slow = [], asyncio.Event()

    async def record(effect: OptOut) -> bool:
        await slow.wait()
        recorded.append(effect.number)
        return True

    bench = await start(record=record, limits=Limits(0.2, 0.2))
    call = await bench.call()
    await call.say(header("optout", ("48501502503", "n-1", "spring", "9", "1")))
    await call.closed()  # session_timeout
    await bench.idle()
    assert [line.split()[0] for line in bench.lines()] == ["decision=broken-off"]
    slow.set()
    await bench.until(lambda: recorded)
    assert recorded == ["48501502503"]


async def test_two_commands_are_answered_one_after_the_other(start, header):
    def handler(environment):
        value = yield GetVariable("A")
        yield SetVariable("B", value)
        return Outcome("done", {"value": value})

    bench = await start(handlers={"x": handler})
    call = await bench.call()
    await call.say(header("x"))
    assert await call.command() == 'GET VARIABLE "A"\n'
    await call.send(b'200 result=1 (say "hi" \\ there)\n')
    assert await call.command() == 'SET VARIABLE "B" "say \\"hi\\" \\\\ there"\n'
    await call.send(OK)
    await call.closed()
    await bench.idle()
    assert len(bench.lines()) == 1
