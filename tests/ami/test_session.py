"""The standing connection: made again, watched, every gap said, no event out of order."""

import asyncio
import logging
from dataclasses import replace

import pytest

from ami.events import KeyPressed
from ami.link import LoginRefused, NotSent, Unreachable
from ami.session import AmiSession
from ami.wire import UnsafeHeaderError


class Listener:
    """Collects events and gaps; `broken` makes it raise, `gate` makes it wait."""

    def __init__(self):
        self.events, self.gaps, self.order = [], [], []
        self.broken = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def hear(self, event, seen_at):
        await self.gate.wait()
        self.events.append(event)
        self.order.append(event)
        if self.broken:
            raise RuntimeError("handler is broken")

    async def gap(self, gap):
        self.gaps.append(gap)
        self.order.append(gap)


@pytest.fixture
async def listener():
    return Listener()


@pytest.fixture
async def session(access, listener, brisk, start, wait_until):
    session = AmiSession(access, listener.hear, on_gap=listener.gap, **brisk)
    start(session.run())
    await wait_until(lambda: session.status().connected)
    yield session
    await session.close()


async def test_events_come_in_order(session, server, listener, dtmf, wait_until):
    for n in range(500):
        server.event(dtmf(uniqueid=f"1.{n}"))
    await wait_until(lambda: len(listener.events) == 500)
    assert [event.uniqueid for event in listener.events] == [f"1.{n}" for n in range(500)]
    assert session.status().events_seen == 500


async def test_a_handler_that_raises_costs_that_event_only(session, server, listener, dtmf, wait_until):
    listener.broken = True
    for n in range(10):
        server.event(dtmf(uniqueid=f"1.{n}"))
    await wait_until(lambda: len(listener.events) == 10)
    await wait_until(lambda: session.status().handler_failures == 10)
    assert (server.accepted, session.status().connected) == (1, True)


async def test_a_slow_handler_delays_nobody_and_overflow_is_a_gap(
    access, server, listener, brisk, dtmf, start, wait_until
):
    session = AmiSession(access, listener.hear, on_gap=listener.gap, queue_limit=10, **brisk)
    start(session.run())
    await wait_until(lambda: session.status().connected)
    listener.gate.clear()
    for n in range(100):
        server.event(dtmf(uniqueid=f"1.{n}"))
    await wait_until(lambda: session.status().events_seen == 100)
    pings = len(server.of("Ping"))
    await wait_until(lambda: len(server.of("Ping")) > pings + 2)
    listener.gate.set()
    await wait_until(lambda: listener.gaps)
    gap = listener.gaps[0]
    assert (gap.kind, gap.missed) == ("overflow", session.status().events_missed)
    assert len(listener.events) + gap.missed == 100
    assert session.status().queue_high_water == 10
    await session.close()


async def test_a_lost_connection_is_made_again_and_the_gap_is_said(session, server, listener, dtmf, wait_until):
    server.event(dtmf(uniqueid="1.1"))
    await wait_until(lambda: listener.events)
    server.drop()
    await wait_until(lambda: session.status().logins == 2)
    server.event(dtmf(uniqueid="1.2"))
    await wait_until(lambda: len(listener.events) == 2)
    assert [type(item).__name__ for item in listener.order] == ["KeyPressed", "Gap", "KeyPressed"]
    gap = listener.gaps[0]
    assert gap.kind == "disconnected"
    assert gap.began < gap.ended
    assert session.status().last_gap == gap


async def test_a_message_cut_by_the_disconnect_is_not_glued_to_the_next(session, server, listener, dtmf, wait_until):
    half = dtmf(uniqueid="1.1").strip().replace("\n", "\r\n").encode()[:200]
    server.send(half)
    await wait_until(lambda: not server.writers[0].transport.get_write_buffer_size())
    server.close()
    await wait_until(lambda: session.status().logins == 2)
    server.event(dtmf(uniqueid="1.2"))
    await wait_until(lambda: listener.events)
    assert [event.uniqueid for event in listener.events] == ["1.2"]


async def test_an_asterisk_that_no_longer_answers_is_left(session, server, listener, wait_until):
    server.answer_pings = False
    await wait_until(lambda: session.status().logins >= 2)
    server.answer_pings = True
    await wait_until(lambda: listener.gaps)
    gap = listener.gaps[0]
    assert "a ping had no answer" in gap.reason
    assert gap.ended - gap.began >= 0.3, "the gap begins when Asterisk was last heard, not when it was given up"


async def test_actions_are_never_sent_again(session, server, wait_until):
    server.answer_actions = False
    sending = asyncio.create_task(session.send({"Action": "Originate", "Channel": "PJSIP/1@trunk", "Async": "true"}))
    await wait_until(lambda: server.of("Originate"))
    server.drop()
    assert isinstance(await sending, NotSent)
    server.answer_actions = True
    await wait_until(lambda: session.status().logins == 2)
    server.event("Event: FullyBooted\nStatus: Fully Booted")
    assert (await session.send({"Action": "UserEvent", "UserEvent": "Later"})).success
    assert len(server.of("Originate")) == 1


async def test_send_without_a_link_is_a_value(access, listener):
    session = AmiSession(access, listener.hear)
    assert await session.send({"Action": "Ping"}) == NotSent(f"not connected to Asterisk at {access.where}")
    with pytest.raises(UnsafeHeaderError):
        await session.send({"Action": "Ping\r\n"})


async def test_close_really_closes(session, server, wait_until):
    await session.close()
    assert not session.status().connected
    await session.close()
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not names & {"ami events", "ami link"}
    assert server.accepted == 1


async def test_close_while_nobody_listens(server, access, listener, brisk, start, wait_until):
    await server.stop()
    session = AmiSession(access, listener.hear, **brisk)
    running = start(session.run())
    await wait_until(lambda: session.status().failure)
    await asyncio.wait_for(session.close(), 10)
    await asyncio.wait_for(running, 10)


async def test_close_handles_what_was_read(session, server, listener, dtmf, wait_until):
    listener.gate.clear()
    for n in range(20):
        server.event(dtmf(uniqueid=f"1.{n}"))
    await wait_until(lambda: session.status().events_seen == 20)
    closing = asyncio.create_task(session.close())
    await wait_until(lambda: not session.status().connected)
    listener.gate.set()
    await closing
    assert len(listener.events) == 20


async def test_a_handler_that_never_ends_does_not_hold_up_the_end(
    access, server, listener, brisk, dtmf, start, wait_until
):
    session = AmiSession(access, listener.hear, drain=0.1, **brisk)
    start(session.run())
    await wait_until(lambda: session.status().connected)
    listener.gate.clear()
    server.event(dtmf())
    await wait_until(lambda: session.status().events_seen)
    await asyncio.wait_for(session.close(), 10)


async def test_a_refused_login_is_no_login_storm(server, access, listener, brisk, start, wait_until, caplog):
    wrong = replace(access, secret="guessed-wrong")
    session = AmiSession(wrong, listener.hear, roll=lambda: 0.0, clock=lambda: 1000.0, **brisk)
    start(session.run())
    await wait_until(lambda: session.status().next_attempt_at)
    status = session.status()
    assert isinstance(status.failure, LoginRefused)
    assert (status.authenticated, status.logins) == (False, 0)
    assert status.next_attempt_at == 1030.0
    assert "next attempt in 30 s" in caplog.text
    assert "compare the secret" in caplog.text
    assert "guessed-wrong" not in caplog.text + repr(session) + repr(status)
    assert len(server.of("Login")) == 1
    await session.close()


async def test_after_the_secret_is_mended_the_next_attempt_works(server, access, listener, brisk, start, wait_until):
    server.secret = "not yet"
    pace = replace(brisk["pace"], refused_first=0.05, refused_longest=0.05)
    session = AmiSession(access, listener.hear, on_gap=listener.gap, timing=brisk["timing"], pace=pace)
    start(session.run())
    await wait_until(lambda: len(server.of("Login")) == 2)
    server.secret = access.secret
    await wait_until(lambda: session.status().connected)
    await wait_until(lambda: listener.gaps)
    assert "refuses the manager user" in listener.gaps[0].reason
    assert session.status().failure is None
    await session.close()


async def test_asterisk_that_starts_later_is_found(server, access, listener, brisk, start, wait_until, dtmf):
    await server.stop()
    session = AmiSession(access, listener.hear, on_gap=listener.gap, **brisk)
    start(session.run())
    await wait_until(lambda: isinstance(session.status().failure, Unreachable))
    await server.start()
    await wait_until(lambda: session.status().connected)
    await wait_until(lambda: listener.gaps)
    await session.close()


async def test_losses_are_tried_again_ever_more_slowly(server, access, listener, start, wait_until, brisk):
    """Asterisk that accepts and cuts at once: no more than a few attempts in the first intervals."""
    await server.stop()
    waits = []
    session = AmiSession(access, listener.hear, roll=lambda: 0.0, **brisk)
    after = session._wait_after
    session._wait_after = lambda ended: waits.append(after(ended)) or waits[-1]
    start(session.run())
    await wait_until(lambda: len(waits) == 5)
    assert waits == [0.02, 0.04, 0.08, 0.1, 0.1]
    await session.close()


async def test_a_first_login_without_trouble_is_no_gap(session, server, listener, dtmf, wait_until):
    server.event(dtmf())
    await wait_until(lambda: listener.events)
    assert listener.gaps == []
    assert isinstance(listener.events[0], KeyPressed)


async def test_telephone_numbers_are_not_logged(session, server, listener, dtmf, wait_until, caplog):
    caplog.set_level(logging.DEBUG)
    server.event(dtmf())
    await wait_until(lambda: listener.events)
    assert "48501502503" not in caplog.text
