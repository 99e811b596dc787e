"""What panoramisk does to bytes, and what is mended."""

import asyncio
from itertools import pairwise

import pytest

from ami.link import Access, Link, Timing, open_link
from ami.wire import UnsafeHeaderError, refuse_unsafe


@pytest.fixture
async def heard():
    return []


@pytest.fixture
async def link(access, brisk, heard):
    link = await open_link(access, brisk["timing"], heard.append)
    assert isinstance(link, Link)
    yield link
    link.close("end of the test")


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\0b", "x\r\n\r\nAction: DBPut", "\ud800"])
def test_a_value_that_would_end_its_line_is_refused(text):
    with pytest.raises(UnsafeHeaderError, match="Val"):
        refuse_unsafe({"Action": "UserEvent", "Val": text})
    with pytest.raises(UnsafeHeaderError, match="Val"):
        refuse_unsafe({"Action": "UserEvent", "Val": ["good", text]})


@pytest.mark.parametrize("name", ["", "A b", "A:b", "A\r\nB", "É"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(UnsafeHeaderError, match="no AMI header name"):
        refuse_unsafe({name: "x"})


async def test_nothing_unsafe_reaches_the_wire(link, server):
    with pytest.raises(UnsafeHeaderError):
        await link.ask({"Action": "UserEvent", "Campaign": "x\r\n\r\nAction: Originate"})
    assert (await link.ask({"Action": "UserEvent", "UserEvent": "Good"})).success
    assert [action["Action"] for action in server.actions if action["Action"] != "Ping"] == ["Login", "UserEvent"]


async def test_letters_cut_by_tcp_survive(link, server, dtmf, heard, wait_until):
    data = dtmf(name="Zoë Żółć 日本 🙂").strip().replace("\n", "\r\n").encode() + b"\r\n\r\n"
    cuts = [n for n, byte in enumerate(data) if byte > 127]
    for begin, end in pairwise([0, *cuts, len(data) - 2, len(data)]):
        before = link.heard_at
        server.send(data[begin:end])
        await wait_until(lambda before=before: link.heard_at > before)
    await wait_until(lambda: heard)
    assert heard[0]["CallerIDName"] == "Zoë Żółć 日本 🙂"


async def test_latin_1_does_not_swallow_its_neighbours(link, server, dtmf, heard, wait_until):
    frame = dtmf(name="Zo\u00eb!").strip().replace("\n", "\r\n").encode("latin-1")
    server.send(frame + b"\r\n\r\n")
    await wait_until(lambda: heard)
    assert heard[0]["CallerIDName"] == "Zo\ufffd!"


async def test_repeated_headers_are_kept(link, server, dtmf, heard, wait_until):
    server.event(dtmf())
    await wait_until(lambda: heard)
    assert len(heard[0]["ChanVariable"]) == 3


async def test_only_wanted_events_are_taken(link, server, dtmf, heard, wait_until):
    server.event("Event: VarSet\nVariable: x\nValue: y")
    server.event("Event: DTMFBegin\nDigit: 9")
    server.event(dtmf())
    await wait_until(lambda: heard)
    assert [raw["Event"] for raw in heard] == ["DTMFEnd"]


@pytest.mark.parametrize(
    "noise",
    [
        b"\r\n\r\n\r\n\r\n",
        b"no colon at all\r\n\r\n",
        b"Event: DTMFEnd\r\nEvent: DTMFEnd\r\n\r\n",
        b"Event: \r\n\r\n",
        b"Response: Error\r\nActionID: of somebody else\r\n\r\n",
        b"\x00\xff\xfe\x80\r\n\r\n",
        b"Response: Follows\r\n\r\n",
        b"Event: [a-\r\n\r\n",
    ],
)
async def test_noise_does_not_close_the_link(link, server, dtmf, heard, wait_until, noise):
    server.send(noise)
    server.event(dtmf())
    await wait_until(lambda: [raw for raw in heard if raw.get("Digit") == "9"])
    assert not link.lost.done()


async def test_an_exception_in_the_receiver_does_not_close_the_link(server, access, brisk, dtmf, wait_until):
    heard = []

    def receive(raw):
        heard.append(raw)
        raise RuntimeError("receiver is broken")

    link = await open_link(access, brisk["timing"], receive)
    for n in range(5):
        server.event(dtmf(uniqueid=f"1.{n}"))
    await wait_until(lambda: len(heard) == 5)
    assert not link.lost.done()
    assert server.accepted == 1
    link.close("end of the test")


async def test_an_answer_that_panoramisk_chokes_on_is_still_an_answer(link, server, wait_until):
    """Originate without Async: a KeyError there, a closed link and a future that never ends."""
    server.answer_actions = False
    waiting = link.ask({"Action": "Originate", "ActionID": "mine"})

    async def answer():
        await wait_until(lambda: server.of("Originate"))
        server.send(b"Response: Success\r\nActionID: mine\r\nMessage: Originate successfully queued\r\n\r\n")

    reply, _ = await asyncio.gather(waiting, answer())
    assert reply.success
    assert not link.lost.done()


async def test_a_message_without_end_is_cut_off(link, server, wait_until):
    server.send(b"Event: X\r\nA: " + b"x" * (2 << 20))
    await wait_until(link.lost.done)
    assert "no AMI port" in link.lost.result()


async def test_asterisks_shutdown_event_ends_the_link(link, server, wait_until):
    server.event("Event: Shutdown\nShutdown: Cleanly\nRestart: False")
    await wait_until(link.lost.done)
    assert link.lost.result() == "closed by Asterisk"


def test_the_secret_is_not_in_the_repr():
    access = Access("concierge", "hunter2hunter2")
    assert "hunter2" not in repr(access)
    assert "hunter2" not in str(access)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"secret": ""}, "Secret is empty"),
        ({"user": ""}, "Username is empty"),
        ({"secret": "hunter2\r\nAction: x"}, "Secret may not contain a line break"),
        ({"host": ""}, "is no address"),
        ({"port": 0}, "is no address"),
        ({"port": 65536}, "is no address"),
    ],
)
def test_access_that_cannot_work_is_refused_without_showing_the_secret(changed, what):
    with pytest.raises(ValueError, match=what) as caught:
        Access(**({"user": "concierge", "secret": "hunter2"} | changed))
    assert "hunter2" not in str(caught.value)


async def test_wherever_tcp_cuts_the_stream_every_wanted_event_arrives_once(server, access, dtmf, dial, wait_until):
    """And what nobody wants is not even parsed."""
    junk = b"Event: VarSet\r\nVariable: x\r\nValue: Event: DTMFEnd\r\n\r\n"
    frames = [text.strip().replace("\n", "\r\n").encode() + b"\r\n\r\n" for text in (dial(), dtmf())]
    stream = junk + frames[0] + junk * 2 + frames[1] + junk
    heard = []
    link = await open_link(access, Timing(), heard.append)
    protocol = link._protocol
    for cut in range(1, len(stream)):
        protocol.data_received(stream[:cut])
        protocol.data_received(stream[cut:])
    for size in (1, 2, 3, 5):
        for start in range(0, len(stream), size):
            protocol.data_received(stream[start : start + size])
    names = [raw["Event"] for raw in heard]
    assert names == ["DialBegin", "DTMFEnd"] * (len(stream) - 1 + 4)
    assert protocol.failures == 0
    link.close("done")
