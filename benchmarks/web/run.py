"""What HTTP requests cost the telephones: answers over AGI with and without clients of the endpoint, in one run.

    python benchmarks/web/run.py [SECONDS]

One process is the daemon, two are HTTP clients that check as fast as they can (rate limits lifted), this one asks over
AGI. The reference is the same question to the same daemon while no HTTP client asks.
"""

from __future__ import annotations

import http.client
import multiprocessing
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from concierge.wiring import upgrade_store  # noqa: E402
from web.tokens import Scope, TokenFile  # noqa: E402

HEADER = (
    b"agi_network: yes\nagi_network_script: outbound\nagi_request: agi://127.0.0.1/outbound\n"
    b"agi_channel: PJSIP/100-00000001\nagi_language: en\nagi_type: PJSIP\nagi_uniqueid: 1.1\nagi_version: 22.10.0\n"
    b"agi_callerid: 100\nagi_calleridname: unknown\nagi_callingpres: 0\nagi_callingani2: 0\nagi_callington: 0\n"
    b"agi_callingtns: 0\nagi_dnid: 600100200\nagi_rdnis: unknown\nagi_context: out\nagi_extension: 600100200\n"
    b"agi_priority: 1\nagi_enhanced: 0.0\nagi_accountcode: \nagi_threadid: 139637\n"
    b"agi_arg_1: 600100200\nagi_arg_2: nonce\n\n"
)


def ask(port: int) -> float:
    """Milliseconds from connecting to the verdict."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(HEADER)
        answer = client.recv(500)
        took = (time.perf_counter() - began) * 1000
        client.sendall(b"200 result=1\n")
    if b"ALLOW" not in answer:
        raise SystemExit(f"the gate said {answer!r}")
    return took


def load(port: int, token: str, stop: Event, count: multiprocessing.Queue[int]) -> None:
    """Check until told to stop."""
    answered = 0
    while not stop.is_set():
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        client.request("GET", "/v1/check?number=600100200", headers={"Authorization": f"Bearer {token}"})
        answered += client.getresponse().status == 200
        client.close()
    count.put(answered)


def measure(port: int, seconds: float) -> list[float]:
    """A call every 5 ms, as a busy dialler places them."""
    end, found = time.perf_counter() + seconds, []
    while time.perf_counter() < end:
        found.append(ask(port))
        time.sleep(0.005)
    return sorted(found)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def shown(name: str, found: list[float]) -> str:
    p99 = found[int(len(found) * 0.99)]
    return (
        f"{name}: {len(found)} calls, p50 {statistics.median(found):.2f} ms, p99 {p99:.2f} ms, worst {found[-1]:.2f} ms"
    )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    agi, web = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "c.yaml").write_text(
            f"store: {{path: list.db}}\nagi: {{port: {agi}}}\nlog: {{level: warning}}\n"
            f"web: {{port: {web}, rate: 100000.0, burst: 100000}}\n"
        )
        upgrade_store(folder / "list.db")
        token = TokenFile(folder / "list.db.tokens").add("load", Scope.READ, datetime.now(UTC))
        program = "import sys; from concierge.cli import main; sys.exit(main())"
        daemon = subprocess.Popen(
            [sys.executable, "-c", program, "serve", "--config", str(folder / "c.yaml")],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait(web)
            measure(agi, 0.5)
            alone = measure(agi, seconds)
            beside, answered = with_load(agi, web, token, seconds)
        finally:
            daemon.terminate()
            daemon.wait(20)
    print(shown("alone", alone))
    print(shown(f"beside {answered / seconds:.0f} HTTP checks a second", beside))
    print(f"ratio p50 {statistics.median(beside) / statistics.median(alone):.2f}")


def wait(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the daemon does not listen")


def with_load(agi: int, web: int, token: str, seconds: float) -> tuple[list[float], int]:
    stop, count = multiprocessing.Event(), multiprocessing.Queue()
    clients = [multiprocessing.Process(target=load, args=(web, token, stop, count)) for _ in range(2)]
    for one in clients:
        one.start()
    try:
        found = measure(agi, seconds)
    finally:
        stop.set()
    answered = sum(count.get(timeout=20) for _ in clients)
    for one in clients:
        one.join(20)
    return found, answered


if __name__ == "__main__":
    main()
