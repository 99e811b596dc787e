"""Who may ask, how often, how large; what the log says and what it never says."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from web.tokens import Scope, TokenFile

ENTRY = {"number": "+48600100200", "reason": "asked", "source": "crm"}
PATHS = [
    ("POST", "/v1/entries"),
    ("POST", "/v1/removals"),
    ("GET", "/v1/check?number=600100200"),
    ("GET", "/v1/entries/600100200"),
    ("GET", "/nothing"),
    ("DELETE", "/v1/entries"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("token", [None, "", "concierge_wrong", "x" * 5000, "\xfftoken"])
def test_no_token_or_a_wrong_one_is_401_whatever_the_body(daemon, method, path, token):
    said = daemon.ask(method, path, token, b"{ no json" if method == "POST" else None)
    assert (said.status, said.body["status"]) == (401, 401)
    assert said.headers["WWW-Authenticate"].startswith("Bearer")


def test_another_scheme_is_401(daemon):
    said = daemon.ask("GET", "/v1/check?number=1", None, Authorization=f"Basic {daemon.tokens['crm']}")
    assert said.status == 401


@pytest.mark.parametrize("path", ["/v1/entries", "/v1/removals"])
def test_a_token_that_may_read_writes_nothing(daemon, path):
    said = daemon.ask("POST", path, "dialer", ENTRY)
    assert (said.status, said.body["reason"]) == (403, "scope")
    assert daemon.ask("GET", "/v1/entries/600100200").body["entries"] == []


def test_a_path_and_a_method_that_are_not_there(daemon):
    assert daemon.ask("GET", "/v2/entries").body["reason"] == "no-such-path"
    said = daemon.ask("DELETE", "/v1/entries/600100200")
    assert (said.status, said.headers["allow"]) == (405, "GET")


def test_a_token_counts_from_the_moment_it_is_made_to_the_moment_it_is_removed(daemon, tmp_path):
    file = TokenFile(daemon.config.with_name("list.db.tokens"))
    token = file.add("late", Scope.READ, datetime.now(UTC))
    assert daemon.ask("GET", "/v1/check?number=600100200", token).status == 200
    assert file.remove("late")
    assert daemon.ask("GET", "/v1/check?number=600100200", token).status == 401
    assert not file.remove("late")


def test_tokens_that_others_can_read_let_nobody_in(start, tmp_path):
    daemon = start()
    (tmp_path / "list.db.tokens").chmod(0o644)
    said = daemon.ask("GET", "/v1/check?number=600100200")
    assert (said.status, said.body["reason"]) == (503, "tokens-unavailable")
    (tmp_path / "list.db.tokens").chmod(0o600)
    assert daemon.ask("GET", "/v1/check?number=600100200").status == 200


def test_each_token_has_a_rate_of_its_own(start):
    daemon = start("rate: 0.01, burst: 3")
    said = [daemon.ask("GET", "/v1/check?number=600100200", "dialer") for _ in range(5)]
    assert [one.status for one in said] == [200, 200, 200, 429, 429]
    assert 0 < int(said[-1].headers["Retry-After"]) <= 200
    assert daemon.ask("GET", "/v1/check?number=600100200", "crm").status == 200


def test_a_body_that_is_too_large_is_413_told_and_untold(daemon):
    big = b'{"number": "' + b"6" * 70_000 + b'"}'
    assert daemon.ask("POST", "/v1/entries", body=big, Content_Type="application/json").status == 413
    chunks = b"".join(b"1000\r\n" + b"6" * 4096 + b"\r\n" for _ in range(17)) + b"0\r\n\r\n"
    head = f"POST /v1/entries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {daemon.tokens['crm']}\r\n"
    with socket.create_connection(("127.0.0.1", daemon.port), 10) as client:
        client.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_does_not_finish_is_left_behind(start):
    daemon = start("patience: 0.2, connections: 3")
    head = f"POST /v1/entries HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nAuthorization: Bearer {daemon.tokens['crm']}"
    with socket.create_connection(("127.0.0.1", daemon.port), 10) as client:
        client.sendall(head.encode())
        assert client.recv(100) == b""
    with socket.create_connection(("127.0.0.1", daemon.port), 10) as client:
        client.sendall(head.encode() + b"\r\n\r\n{")
        assert client.recv(100).startswith(b"HTTP/1.1 408 ")


def test_one_connection_too_many_is_dropped_and_the_telephones_do_not_notice(start, caplog):
    daemon = start("patience: 5.0, connections: 2")
    idle = [socket.create_connection(("127.0.0.1", daemon.port), 10) for _ in range(2)]
    try:
        with socket.create_connection(("127.0.0.1", daemon.port), 10) as late:
            try:
                late.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert late.recv(100) == b""
            except ConnectionError:
                pass
        assert daemon.agi("600100200")[0] == "ALLOW"
        assert "connection=overload" in caplog.text
    finally:
        for one in idle:
            one.close()


def test_one_request_too_many_at_once_is_503(start):
    daemon = start("requests: 1, patience: 5.0")
    head = f"POST /v1/entries HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nAuthorization: Bearer {daemon.tokens['crm']}"
    with socket.create_connection(("127.0.0.1", daemon.port), 10) as client:
        client.sendall(head.encode() + b"\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")  # it is being answered, and its body is waited for
        said = daemon.ask("GET", "/v1/check?number=600100200")
        assert (said.status, said.body["reason"], said.headers["Retry-After"]) == (503, "busy", "1")


def test_a_stranger_is_dropped_unread(start, caplog):
    daemon = start('allow: ["10.9.8.7"]')
    with socket.create_connection(("127.0.0.1", daemon.port), 10) as client:
        try:
            client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(100) == b""
        except ConnectionError:
            pass
    assert "peer=127.0.0.1 why=not on web.allow" in caplog.text


def test_the_log_says_who_what_and_when_and_neither_token_nor_number(start, caplog, wait_for):
    caplog.set_level(logging.DEBUG)
    daemon = start()
    daemon.ask("POST", "/v1/entries", "crm", ENTRY | {"campaign": "spring"}, Idempotency_Key="600100200")
    daemon.ask("POST", "/v1/entries", "dialer", ENTRY)
    daemon.ask("POST", "/v1/entries", "crm", ENTRY | {"number": "600100200, 600100200"})
    daemon.ask("GET", "/v1/check?number=600100200&campaign=48600100200")
    daemon.ask("GET", "/v1/entries/600100200", "concierge_not-a-token")
    daemon.ask("GET", "/600100200")
    daemon.ask("GET", f"/v1/check?number={daemon.tokens['crm']}", None)
    wait_for.until(lambda: sum(record.name == "concierge.web" for record in caplog.records) == 7)
    written = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    lines = [record.getMessage() for record in caplog.records if record.name == "concierge.web"]
    assert lines[0].startswith(
        "request=POST path=/v1/entries status=201 token=crm peer=127.0.0.1 number=+486***200 campaign=spring entry=1"
    )
    assert any(line.startswith("request=POST path=/v1/entries status=403 token=dialer") for line in lines)
    assert any("path=/v1/entries/{number} status=401 token=-" in line for line in lines)
    assert any(line.startswith("request=GET path=- status=404 token=crm") for line in lines)
    assert "600100200" not in written
    assert not any(token in written for token in (*daemon.tokens.values(), "not-a-token"))


def test_our_own_mistake_is_a_500_and_its_traceback_has_no_number(start, caplog, monkeypatch, wait_for):
    daemon = start()

    async def broken(*_: object) -> None:
        raise RuntimeError("at +48600100200")

    monkeypatch.setattr(daemon.service.journal, "record", broken)
    said = daemon.ask("POST", "/v1/entries", "crm", ENTRY)
    assert (said.status, said.body["reason"]) == (500, "our-bug")
    wait_for.until(lambda: "RuntimeError: at +486***200" in caplog.text)
    assert "600100200" not in caplog.text


def test_sigterm_answers_what_was_asked_and_ends(tmp_path, wait_for):
    """The daemon as a process of its own, on the settings of one that has ended."""
    folder = tmp_path / "own"
    folder.mkdir()
    config = wait_for.config(folder)
    program = "import sys; from concierge.cli import main; sys.exit(main())"
    command = [sys.executable, "-W", "error", "-c", program, "serve", "--config", str(config.path)]
    root = Path(__file__).parents[2]
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=root, env=os.environ) as process,
        ExitStack() as end,
    ):
        end.callback(process.kill)  # a failure must not wait for it
        wait_for.listening(config.port, process)
        head = f"POST /v1/entries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {config.token}\r\n"
        body = b'{"number": "600100200", "reason": "asked", "source": "crm"}'
        with socket.create_connection(("127.0.0.1", config.port), 10) as client:
            more = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
            client.sendall((head + more).encode())
            assert client.recv(100).startswith(b"HTTP/1.1 100 ")
            process.send_signal(signal.SIGTERM)
            wait_for.closed(config.port)
            client.sendall(body)
            assert client.recv(100).startswith(b"HTTP/1.1 201 ")
        assert process.wait(20) == 0
        assert config.token not in process.stderr.read()


def test_a_hundred_requests_at_once_keep_no_telephone_waiting(daemon):
    """Each is answered, and so is each call meanwhile; how fast is in benchmarks/."""
    said: list[int] = []

    def ask() -> None:
        said.extend(daemon.ask("GET", "/v1/check?number=600100200").status for _ in range(25))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    verdicts = [daemon.agi("600100200")[0] for _ in range(50)]
    for one in threads:
        one.join()
    assert set(said) <= {200, 503}
    assert said.count(200) > 0
    assert set(verdicts) == {"ALLOW"}


def test_doctor_finds_the_endpoint_and_a_port_that_is_taken_is_named(daemon, tmp_path):
    import asyncio

    from concierge.doctor.web import check_web
    from concierge.errors import UserError
    from concierge.service import Service
    from concierge.settings import load
    from concierge.wiring import upgrade_store

    settings = load(daemon.config)
    upgrade_store(tmp_path / "other.db")

    async def look() -> list[str]:
        return [f"{one.name} {one.state}" async for one in check_web(settings, Path(settings.store.path))]

    async def second() -> None:
        service = Service(settings, tmp_path / "other.db", ("web",))
        try:
            await service.start()
        finally:
            await service.stop()

    assert asyncio.run(look()) == ["http tokens ok", "http endpoint ok"]
    with pytest.raises(UserError, match=r"web\.port: 127\.0\.0\.1:"):
        asyncio.run(second())
