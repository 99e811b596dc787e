"""One connection: each way it can fail is a value that says what to do."""

import asyncio
import logging
import socket
from dataclasses import replace

import pytest

from ami.link import Access, Link, LoginRefused, LoginUnanswered, NotSent, Timing, Unreachable, open_link

SHORT = Timing(connect=2, login=0.2, answer=0.2, ping_every=0.02, ping_answer=0.1)


def ignore(_raw):
    pass


async def opened(access, timing=SHORT):
    link = await open_link(access, timing, ignore)
    assert isinstance(link, Link), link
    return link


async def test_login(server, access):
    link = await opened(access)
    assert link.greeting == "Asterisk Call Manager/11.0.0"
    login = server.of("Login")[0]
    assert (login["Username"], login["Secret"], login["Events"]) == ("concierge", access.secret, "call,dtmf,user")
    link.close("end of the test")


async def test_a_wrong_secret_is_said_clearly(server, access):
    refused = await open_link(replace(access, secret="wrong"), SHORT, ignore)
    assert refused == LoginRefused(access.where, "concierge", "Authentication failed")
    for words in (access.where, "'concierge'", "Authentication failed", "manager.conf", "manager reload"):
        assert words in str(refused)
    assert "wrong" not in str(refused)


async def test_nobody_listens():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    failed = await open_link(Access("u", "s", port=port), SHORT, ignore)
    assert isinstance(failed, Unreachable)
    assert f"127.0.0.1:{port}" in str(failed)
    assert "is Asterisk running" in str(failed)
    assert "(Connection refused)" in str(failed)


async def test_a_host_name_that_is_none():
    assert isinstance(await open_link(Access("u", "s", host="a" * 70), SHORT, ignore), Unreachable)


async def test_a_login_that_is_not_answered(server, access):
    server.answer_logins = False
    failed = await open_link(access, SHORT, ignore)
    assert isinstance(failed, LoginUnanswered)
    assert "no answer in 0.2 s" in str(failed)
    assert "overloaded" in str(failed)


async def test_a_port_of_something_else(server, access):
    server.greeting, server.answer_logins = b"SSH-2.0-OpenSSH_9.2\r\n", False
    assert "is this the manager's port?" in str(await open_link(access, SHORT, ignore))


async def test_a_connection_closed_before_the_login_is_answered(access, wait_until):
    async def slam(_reader, writer):
        writer.close()

    async with await asyncio.start_server(slam, "127.0.0.1", 0) as slammer:
        port = slammer.sockets[0].getsockname()[1]
        failed = await open_link(replace(access, port=port), Timing(), ignore)
    assert isinstance(failed, LoginUnanswered)


async def test_an_unanswered_action_is_forgotten(server, access):
    link = await opened(access)
    server.answer_actions = False
    for _ in range(3):
        assert await link.ask({"Action": "UserEvent", "UserEvent": "X"}) == NotSent("no answer in 0.2 s")
    assert link._protocol.responses == {}
    link.close("end of the test")


async def test_a_lost_link_ends_the_wait_for_an_answer(server, access, wait_until):
    link = await opened(access, Timing(answer=60))
    server.answer_actions = False
    waiting = asyncio.create_task(link.ask({"Action": "UserEvent", "UserEvent": "X"}))
    await wait_until(lambda: server.of("UserEvent"))
    server.drop()
    assert isinstance(await asyncio.wait_for(waiting, 10), NotSent)
    assert isinstance(await link.ask({"Action": "Ping"}), NotSent)


async def test_a_cancelled_question_leaves_nothing_behind(server, access, wait_until):
    link = await opened(access)
    server.answer_actions = False
    waiting = asyncio.create_task(link.ask({"Action": "UserEvent", "UserEvent": "X"}))
    await wait_until(lambda: server.of("UserEvent"))
    waiting.cancel()
    await asyncio.wait({waiting})
    assert link._protocol.responses == {}
    link.close("end of the test")


async def test_a_link_that_answers_pings_is_kept_and_one_that_does_not_is_cut(server, access, wait_until, start):
    link = await opened(access)
    watch = start(link.until_lost())
    await wait_until(lambda: len(server.of("Ping")) >= 3)
    assert not watch.done()
    server.answer_pings = False
    assert "a ping had no answer" in await asyncio.wait_for(watch, 10)


async def test_a_lost_link_is_not_made_again_behind_our_back(server, access, wait_until):
    later = []

    class Loop:
        def call_later(self, *what):
            later.append(what)

    link = await opened(access)
    link._manager.loop = Loop()
    server.drop()
    await wait_until(link.lost.done)
    link.close("gone")
    assert later == []


async def test_close_is_final(server, access, wait_until):
    link = await opened(access)
    link.close("enough")
    link.close("enough again")
    assert link.lost.result() == "enough"
    await wait_until(lambda: server.accepted == 1)
    assert link._manager.pinger is None


@pytest.mark.parametrize("secret_is_right", [True, False])
async def test_the_secret_is_never_logged(server, access, caplog, secret_is_right):
    caplog.set_level(logging.DEBUG)
    secret = access.secret if secret_is_right else "another-secret"
    link = await open_link(replace(access, secret=secret), SHORT, ignore)
    if isinstance(link, Link):
        server.answer_actions = False
        await link.ask({"Action": "Originate"})
        link.close("end of the test")
    assert secret not in caplog.text
