"""Calls per second through a real Asterisk 22, all variants in one run, in turn: python benchmarks/agi/run.py

A call is an AMI Originate of Local/NUMBER@VARIANT/n with 20 under way; it ends in Hangup before anything rings.
`ours` gets numbers as E.164, as a dialler writes them; `national` as people dial them (a slower reading); `gosub` is
the whole dialplan context around it. Printed per variant: calls per second (median of the rounds), its ratio to the
bare asyncio server round by round, and CPU milliseconds per call of Asterisk and of the server. Then the latency of
1,000 checks in one call, one at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from concierge.lab.site import Site
from concierge.lab.wait import wait_until

HERE = Path(__file__).parent
LISTED = 100_000
VARIANTS = ("noop", "bare", "panoramisk", "ours", "national", "gosub")
TICK = os.sysconf("SC_CLK_TCK")

MANAGER = """
[bench]
secret = bench-loopback
permit = 127.0.0.1/255.255.255.255
read = call
write = originate,call
writetimeout = 5000
eventfilter = Event: OriginateResponse
"""

LOGGER = "[general]\n[logfiles]\nfull => warning,error\n"  # as a busy PBX: no line per priority

FILES = {"bench.conf": "", "logger.conf": LOGGER}

PLAN = """
[noop]
exten => _[+0-9]X.,1,NoOp()
 same => n,GotoIf($["${{ANSWER}}" = "ALLOW"]?end)
 same => n(end),Hangup()
[bare]
exten => _[+0-9]X.,1,AGI(agi://127.0.0.1:{bare}/outbound,${{EXTEN}},n,spring)
 same => n,GotoIf($["${{ANSWER}}" = "ALLOW"]?end)
 same => n(end),Hangup()
[panoramisk]
exten => _[+0-9]X.,1,AGI(agi://127.0.0.1:{panoramisk}/outbound,${{EXTEN}},n,spring)
 same => n,GotoIf($["${{ANSWER}}" = "ALLOW"]?end)
 same => n(end),Hangup()
[ours]
exten => _[+0-9]X.,1,AGI(agi://127.0.0.1:{ours}/outbound,${{EXTEN}},n,spring)
 same => n,GotoIf($["${{CONCIERGE_ANSWER}}" = "ALLOW"]?end)
 same => n(end),Hangup()
[national]
exten => _[+0-9]X.,1,AGI(agi://127.0.0.1:{ours}/outbound,${{EXTEN:3}},n,spring)
 same => n,GotoIf($["${{CONCIERGE_ANSWER}}" = "ALLOW"]?end)
 same => n(end),Hangup()
[gosub]
exten => _[+0-9]X.,1,Gosub(concierge-outbound,s,1(${{EXTEN}},spring,quiet))
 same => n,Hangup()
[forked]
exten => _[+0-9]X.,1,AGI(/mnt{forked},${{EXTEN}})
 same => n,GotoIf($["${{ANSWER}}" = "ALLOW"]?end)
 same => n(end),Hangup()
[latency]
exten => _[+0-9]X.,1,Answer()
 same => n,Set(LEFT=1000)
 same => n(again),Set(BEFORE=${{STRFTIME(,,%s.%6q)}})
 same => n,AGI(agi://127.0.0.1:{ours}/outbound,+48600${{RAND(100000,999999)}},n,spring)
 same => n,UserEvent(Took,From: ${{BEFORE}},To: ${{STRFTIME(,,%s.%6q)}})
 same => n,Set(LEFT=$[${{LEFT}} - 1])
 same => n,GotoIf($[${{LEFT}} > 0]?again)
 same => n,Hangup()
"""


def cpu(pid: int) -> float:
    """User and system milliseconds of a process so far, its ended children included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) * 1000 / TICK


class Caller:
    """A bare AMI client that originates and counts the answers."""

    def __init__(self, port: int, secret: str) -> None:
        self._port, self._secret = port, secret

    async def calls(self, context: str, count: int, outstanding: int = 20) -> float:
        """Seconds for `count` calls."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"Action: Login\r\nUsername: bench\r\nSecret: {self._secret}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        sent = done = 0
        started = time.perf_counter()
        while done < count:
            while sent < count and sent - done < outstanding:
                sent += 1
                number = f"+48{random.randrange(500_000_000, 800_000_000)}"
                writer.write(
                    f"Action: Originate\r\nChannel: Local/{number}@{context}/n\r\nApplication: Wait\r\nData: 1\r\n"
                    f"Async: true\r\nActionID: {sent}\r\n\r\n".encode()
                )
            message = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
            done += b"Event: OriginateResponse" in message
        took = time.perf_counter() - started
        writer.close()
        return took


@contextmanager
def server(script: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A reference server as a process of its own."""
    process = subprocess.Popen([sys.executable, str(HERE / script), str(port)])
    try:
        wait_until(lambda: _listens(port), 10, script)
        yield process
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    # a look at the kernel's table: a connect-and-close would freeze panoramisk's server
    return f":{port:04X} " in Path("/proc/net/tcp").read_text()


@contextmanager
def host_inside(root: Path) -> Iterator[None]:
    """This machine's files at /mnt of the PBX's root, so that it can start this Python."""
    subprocess.run(["mount", "--bind", "/", str(root / "mnt")], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(root / "mnt")], check=True)


def fill(store: Path) -> None:
    """100,000 listed numbers."""
    import sqlite3

    with sqlite3.connect(store) as connection:
        numbers = random.sample(range(48_500_000_000, 48_800_000_000), LISTED)
        connection.executemany(
            "INSERT INTO entry (number, campaign, reason, source, created_at) VALUES (?, '', 'bench', 'bench', 0)",
            ((number,) for number in numbers),
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=800)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--forked", type=int, default=16, help="calls of the forked script in a round")
    args = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        site = stack.enter_context(Site("22", extensions="#include bench.conf\n", manager=MANAGER, files=FILES))
        ports = {name: site.pbx.ports.spare() for name in ("bare", "panoramisk")}
        processes = {
            "bare": stack.enter_context(server("bare.py", ports["bare"])).pid,
            "panoramisk": stack.enter_context(server("with_panoramisk.py", ports["panoramisk"])).pid,
        }
        fill(site.store)
        root = site.pbx.engine.root
        stack.enter_context(host_inside(root))
        wrapper = folder / "forked.sh"
        wrapper.write_text(
            f"#!/bin/sh\nexec chroot /mnt {sys.executable} {HERE.resolve() / 'forked.py'} {site.store}\n"
        )
        wrapper.chmod(0o755)
        plan = PLAN.format(ours=site.settings.agi.port, forked=wrapper, **ports)
        (site.pbx.folder / "etc/bench.conf").write_text(plan)
        site.pbx.cli("dialplan reload")
        site.stop_daemon()
        site.start_daemon("--only", "agi", ready=False)
        wait_until(lambda: _listens(site.settings.agi.port), 10, "the daemon")
        measure(site, processes, args)


def measure(site: Site, processes: dict[str, int], args: argparse.Namespace) -> None:
    """All rounds, then the table."""
    pbx, daemon = site.pbx._process.pid if site.pbx._process else 0, site.daemon.pid if site.daemon else 0
    processes |= {"ours": daemon, "national": daemon, "gosub": daemon}
    caller = Caller(site.pbx.ports.ami, "bench-loopback")
    rates: dict[str, list[float]] = {name: [] for name in (*VARIANTS, "forked")}
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in rates}
    for name in VARIANTS:
        asyncio.run(caller.calls(name, 100))
    for number in range(args.rounds):
        for name in random.sample(list(rates), len(rates)):
            count = args.forked if name == "forked" else args.calls
            before = cpu(pbx), cpu(processes[name]) if name in processes else 0.0
            took = asyncio.run(caller.calls(name, count, 4 if name == "forked" else 20))
            after = cpu(pbx), cpu(processes[name]) if name in processes else 0.0
            rates[name].append(count / took)
            costs[name].append(((after[0] - before[0]) / count, (after[1] - before[1]) / count))
        print(f"round {number + 1} of {args.rounds} done", file=sys.stderr)
    report(rates, costs)
    latency(site)


def report(rates: dict[str, list[float]], costs: dict[str, list[tuple[float, float]]]) -> None:
    """One line a variant."""
    print(f"{'variant':<12}{'calls/s':>9}{'to bare':>9}{'min':>7}{'max':>7}{'CPU ms Asterisk':>17}{'server':>8}")
    for name, found in rates.items():
        ratios = [one / bare for one, bare in zip(found, rates["bare"], strict=True)]
        spent = [statistics.median(column) for column in zip(*costs[name], strict=True)]
        print(
            f"{name:<12}{statistics.median(found):>9.1f}{statistics.median(ratios):>9.3f}{min(ratios):>7.3f}"
            f"{max(ratios):>7.3f}{spent[0]:>17.2f}{spent[1]:>8.2f}"
        )
    for other in ("panoramisk", "forked", "noop"):
        pairs = [a / b for a, b in zip(rates["ours"], rates[other], strict=True)]
        print(f"ours / {other}: {statistics.median(pairs):.2f}")
    pairs = [a / b for a, b in zip(rates["gosub"], rates["noop"], strict=True)]
    print(f"whole Gosub / noop (calls with and without the hook): {statistics.median(pairs):.2f}")


def latency(site: Site) -> None:
    """1,000 real checks, one after the other, as the dialplan sees them and as the server logs them."""
    mark, before = site.ami.mark(), len(site.log())
    site.ami.originate("Local/111@latency/n", context="lab-hold", exten="0", wait=False)

    def took() -> list[float]:
        events = site.ami.find(lambda event: event["UserEvent"] == "Took", mark)
        return [1000 * (float(event["To"]) - float(event["From"])) for event in events]

    wait_until(lambda: len(took()) >= 1000, 60, "1,000 checks")
    lines = [line for line in site.log()[before:].splitlines() if "decision=" in line and " ms=" in line]
    served = [float(line.rpartition("ms=")[2]) for line in lines]
    for name, values in (("in the dialplan", took()), ("at the server", served)):
        ordered = sorted(values)
        print(f"check {name}: p50 {ordered[len(ordered) // 2]:.2f} ms, p99 {ordered[int(len(ordered) * 0.99)]:.2f} ms")


if __name__ == "__main__":
    main()
