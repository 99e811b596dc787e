"""Headers that are none: one log line, the connection is closed, the next call is served, nothing stalls."""

import asyncio

import pytest

pytestmark = pytest.mark.usefixtures("watchdog")

TLS_CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(189))


async def test_a_bare_connect_and_close_does_not_freeze_the_server(bench):
    """panoramisk P1: a port scan or health check."""
    call = await bench.call()
    call.writer.close()
    await call.writer.wait_closed()
    assert "closed after 0 bytes, no AGI header" in await _closed_by_client(bench)


async def _closed_by_client(bench):
    await bench.until(bench.lines)
    return await bench.misbehaved()


async def test_a_hundred_port_scans_are_a_hundred_lines(bench):
    for _ in range(100):
        (await bench.call()).writer.transport.abort()
    await bench.until(lambda: len(bench.lines()) == 100)
    await bench.idle()
    assert await bench.good_call()
    assert len(bench.lines()) == 101


async def test_a_connection_that_is_reset_before_the_header_is_one_line(bench):
    call = await bench.call()
    await call.send(b"agi_network: yes\n")
    await asyncio.sleep(0)
    call.reset()
    assert "no AGI header" in await _closed_by_client(bench)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"agi_network: yes\n" + b"agi_x: " + b"a" * 1_000_000, "more than 16384 bytes", id="1-MB"),
        pytest.param(
            b"agi_arg_1: aaaaaaaaaa\n" * 50_000,
            "more than 16384 bytes",
            id="1-MB-of-lines",
        ),
        pytest.param(
            b"agi_network: yes\nagi_x: " + b"a" * 40_000 + b"\n\n", "more than 16384 bytes", id="40-kB-that-end-well"
        ),
        pytest.param(b"\0\1\2\xff\xfe" * 50, "not an AGI header", id="binary"),
        pytest.param(b"agi_network: yes\n\0\0\0\n\n", "not an AGI environment", id="NUL-in-the-middle"),
        pytest.param(b"\n\n", "not an AGI header", id="empty-line-first"),
        pytest.param(b"\nagi_network: yes\n\n", "not an AGI header", id="empty-line-then-header"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: pbx\r\n\r\n", "GET / HTTP/1.1", id="HTTP"),
        pytest.param(TLS_CLIENT_HELLO, "not an AGI header", id="TLS"),
        pytest.param(b"network: yes\nagi_x: 1\n\n", "not an AGI header", id="wrong-first-line"),
        pytest.param(b"agi_network yes\n\n", "not an AGI environment", id="no-colon"),
        pytest.param(b"agi_network: yes\nagi_arg_1: 48\n501\n\n", "not an AGI environment", id="line-break-in-a-value"),
        pytest.param(
            b"agi_arg_1: 48\nagi_arg_2: 1\nagi_arg_1: 49\n\n", "names a variable twice", id="made-up-variable"
        ),
    ],
)
async def test_what_is_no_header_is_refused_at_once(bench, data, said):
    call = await bench.call()
    sending = asyncio.create_task(call.send(data))
    assert await call.closed() == b""
    line = await bench.misbehaved()
    assert line.startswith("decision=not-agi ")
    assert said in line  # and not that header_timeout has passed
    assert "peer=127.0.0.1" in line
    sending.cancel()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="silence"),
        pytest.param(b"agi_network: yes", id="no-newline"),
        pytest.param(b"agi_network: yes\nagi_network_script: outb", id="half-a-header"),
        pytest.param(b"agi_network: yes\nagi_network_script: outbound\n", id="all-but-the-empty-line"),
        pytest.param(b"agi_network: yes\r\n\r\n", id="CRLF"),
    ],
)
async def test_a_header_that_does_not_end_is_dropped_after_header_timeout(bench, data):
    """panoramisk P2: it keeps half-sent environments for ever."""
    started = asyncio.get_running_loop().time()
    call = await bench.call()
    await call.send(data)
    assert await call.closed() == b""
    assert asyncio.get_running_loop().time() - started >= 0.2
    line = await bench.misbehaved()
    assert line.startswith('decision=not-agi reason="no AGI header in 0.25 s" peer=127.0.0.1 ms=')


async def test_a_byte_every_50_ms_does_not_extend_the_header_timeout(bench, header):
    """Slow loris."""
    call = await bench.call()
    loop = asyncio.get_running_loop()
    started = loop.time()
    drip = asyncio.create_task(_drip(call, header()))
    await call.closed()
    assert 0.2 <= loop.time() - started < 2
    assert "no AGI header in 0.25 s" in await bench.misbehaved()
    drip.cancel()


async def _drip(call, data):
    for byte in data:
        await call.send(bytes([byte]))
        await asyncio.sleep(0.05)


async def test_a_caller_name_in_latin_1_is_a_call_like_any_other(bench, header):
    """panoramisk P2 and pyst2 S8: a decoding error there, and the call went on unchecked."""
    raw = header(calleridname="Zoe Muller").replace(b"Zoe Muller", "Zoë Müller".encode("latin-1"))
    assert await bench.good_call(raw)
    assert bench.lines()[0].startswith("decision=allow ")


async def test_a_header_may_arrive_byte_by_byte(bench, header):
    call = await bench.call()
    for byte in header():
        call.writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert len(await call.answer_all()) == 1


async def test_a_header_of_the_largest_allowed_size_is_served(bench, header):
    raw = header(arguments=("48501502503", "n-1", "", "x" * (16_384 - 700)))
    assert 16_000 < len(raw) < 16_384
    assert await bench.good_call(raw)


async def test_a_number_in_a_header_that_is_refused_is_masked(bench):
    call = await bench.call()
    await call.send(b"agi_network: yes\nagi_arg_1: x\n+48501502503\n\n")
    await call.closed()
    line = await bench.misbehaved()
    assert "+485***503" in line
    assert "48501502503" not in line


@pytest.mark.parametrize("path", ["nowhere", "", "outbound/more", "menu?x=1", "Outbound"])
async def test_a_path_that_nobody_serves_is_closed_and_told(bench, header, path):
    """panoramisk P3: Asterisk sees SUCCESS; the preset verdict decides."""
    call = await bench.call()
    await call.say(header(path))
    assert await call.closed() == b""
    line = await bench.misbehaved()
    assert line.startswith("decision=unknown-path reason=404 ")
    assert "uniqueid=1795295160.7" in line


@pytest.mark.parametrize("script", ["outbound?x=1", "outbound?campaign=spring", "/outbound", "outbound/", "outbound?"])
async def test_a_query_or_a_slash_changes_nothing_in_the_path(bench, header, script):
    """panoramisk P9: `check?x=1` matches nothing there and the call goes on with SUCCESS."""
    assert await bench.good_call(header(script))
    assert bench.lines()[0].startswith("decision=allow ")
