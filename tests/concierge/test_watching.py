"""The webhook: whatever it does, or does not do, nothing else waits for it."""

import asyncio
import socket
import threading
import time
from contextlib import closing

import pytest

from concierge import watching
from concierge.abandonment import Abandonment
from concierge.settings import Settings
from concierge.watching import deliver

FACTS = {"event": "bypass", "number": "+48600100200"}


@pytest.fixture
def hanging():
    """It takes connections and says nothing; what was asked ends with the test."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.fixture
def answering():
    """Whoever asks gets these bytes."""
    threads = []

    def start(answer: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            with server, closing(server.accept()[0]) as client:
                client.recv(65_536)
                client.sendall(answer)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/"

    yield start
    for thread in threads:
        thread.join(5)


@pytest.fixture(autouse=True)
def posts(monkeypatch):
    made = watching._Posts()
    monkeypatch.setattr(watching, "_posts", made)
    monkeypatch.setattr(watching, "_PATIENCE", 0.5)
    yield made
    made._threads.shutdown(cancel_futures=True)


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", b"", b"HTTP/1.1 500 No\r\n\r\n"])
async def test_an_answer_that_is_none_is_said_and_no_more(answering, answer, caplog):
    await deliver(answering(answer), FACTS)
    assert "bypass=not-told" in caplog.text and "600100200" not in caplog.text


async def test_a_webhook_that_hangs_takes_no_thread_from_opt_outs_and_promises(hanging):
    told = [asyncio.create_task(deliver(hanging, FACTS)) for _ in range(40)]
    await asyncio.sleep(0)
    began = time.monotonic()
    await asyncio.to_thread(lambda: None)
    assert time.monotonic() - began < 0.4, "all threads wait for the webhook"
    for one in told:
        one.cancel()
    await asyncio.gather(*told, return_exceptions=True)


async def test_more_than_can_wait_are_said_at_once(hanging, caplog):
    told = [asyncio.create_task(deliver(hanging, FACTS)) for _ in range(watching._MOST + 7)]
    await asyncio.sleep(0)
    assert caplog.text.count("bypass=not-told why=100 others wait for it") == 7
    for one in told:
        one.cancel()
    await asyncio.gather(*told, return_exceptions=True)


async def test_one_look_that_fails_for_any_reason_is_said_and_not_the_last(tmp_path, monkeypatch, caplog):
    for name in ("_FIRST", "_EVERY"):
        monkeypatch.setattr(f"concierge.abandonment.{name}", 0.0)
    looks, enough = [], asyncio.Event()

    async def look(_self):
        looks.append(1)
        if len(looks) == 3:
            enough.set()
        raise RuntimeError("of +48600100200")

    monkeypatch.setattr(Abandonment, "look", look)
    running = asyncio.create_task(Abandonment(Settings(), tmp_path / "list.db").run())
    await asyncio.wait_for(enough.wait(), 5)
    running.cancel()
    assert caplog.text.count("abandoned=unknown why=RuntimeError") == 1 and "600100200" not in caplog.text
