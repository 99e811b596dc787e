"""Is an opt-out ever lost, or recorded twice? Presses on real calls while everything around them breaks, at random.

    python tests/fuzz/presses.py --asterisk 22 --presses 500 [--seed N] [--faults kill,freeze,…]

The list is on a small file system of its own (as root; else without the faults that need one), the shared feed on a
PostgreSQL of its own. Each round places calls while all is well, breaks one thing, presses 9 on each call, mends it.
Every press must be one event of the list in the end, and every gap of the listener must be reconciled.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from concierge.lab.call import Call
from concierge.lab.databases import PostgreSQL, missing
from concierge.lab.errors import LabError
from concierge.lab.site import CAMPAIGN, Site
from concierge.lab.wait import wait_until

FIRST = 48_603_000_000
EXTENSIONS = """
[outbound-quiet]
exten => _[0-9+*#].,1,Gosub(concierge-outbound,s,1(${EXTEN},${CONCIERGE_CAMPAIGN},quiet))
 same => n,GotoIf($["${CONCIERGE_VERDICT}" = "ALLOW"]?outbound,${EXTEN},dial)
 same => n,Hangup(21)
[campaign-quiet]
exten => s,1,Answer()
 same => n,Wait(120)
"""


class Disk:
    """A small file system in memory, where this user may mount one."""

    def __init__(self, megabytes: int = 12) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="concierge-disk-"))
        options = ["-o", f"size={megabytes}m", "tmpfs", str(self.folder)]
        command = ["mount", "-t", "tmpfs", *options]
        self.mounted = os.geteuid() == 0 and subprocess.run(command, check=False).returncode == 0

    def remount(self, how: str) -> bool:
        """`ro` or `rw`; False when files that are open for writing forbid it."""
        done = subprocess.run(["mount", "-o", f"remount,{how}", str(self.folder)], check=False, capture_output=True)
        return done.returncode == 0

    def fill(self) -> None:
        """Not a byte is left."""
        with contextlib.suppress(OSError), (self.folder / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))

    def empty(self) -> None:
        """All of it is back."""
        (self.folder / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        """Leaves nothing."""
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)
        self.folder.rmdir()


class World:
    """A site with its disk and its feed; a context manager."""

    def __init__(self, version: str, dice: random.Random, *, witness: bool = True, feed: bool = True) -> None:
        """`witness`: does the dialplan keep key presses? `feed`: is there a shared one, where PostgreSQL is here?"""
        self.dice = dice
        self._stack = contextlib.ExitStack()
        self._witness = witness
        self.disk = Disk()
        self._stack.callback(self.disk.close)
        self.feed = PostgreSQL() if feed and not missing("postgresql") else None
        settings: dict[str, object] = {}
        if self.feed is not None:
            self._stack.callback(self.feed.remove)
            self.feed.start()
            url = self.feed.url.set(drivername="postgresql").render_as_string()
            settings["sync"] = {"url": url, "site": "lab", "on_stale": "warn", "poll": 0.2, "timeout": 0.5}
        self.site = Site(version, extensions=EXTENSIONS, settings=settings)
        self.site.store = self.disk.folder / "list.db"
        self._upgrade_feed()

    def _upgrade_feed(self) -> None:
        """Before the daemon looks for it."""
        start = self.site.start_daemon

        def upgraded(*arguments: str, ready: bool = True) -> None:
            if self.feed is not None:
                done = self.site.concierge("db", "upgrade", "--feed")
                assert done.returncode == 0, done.stderr
            self.site.start_daemon = start  # type: ignore[method-assign]
            start(*arguments, ready=ready)

        self.site.start_daemon = upgraded  # type: ignore[method-assign]

    def __enter__(self) -> World:
        try:
            self.site = self._stack.enter_context(self.site)
            if not self._witness:
                self.site.pbx.set_global("CONCIERGE_FEATURES", '""')
            self.phone = self._stack.enter_context(self.site.pbx.phone("callee"))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def pause(self, least: float, most: float) -> None:
        """A while."""
        time.sleep(self.dice.uniform(least, most))


# ---- what breaks; each is broken within the block and mended after it


@contextlib.contextmanager
def nothing(world: World) -> Iterator[None]:
    """All is well."""
    yield


@contextlib.contextmanager
def kill(world: World) -> Iterator[None]:
    """kill -9, and a new start after a while."""
    world.site.stop_daemon(signal.SIGKILL)
    yield
    world.site.start_daemon(ready=False)


@contextlib.contextmanager
def freeze(world: World) -> Iterator[None]:
    """Frozen for up to 8 seconds: longer than Asterisk waits for a slow reader."""
    assert world.site.daemon is not None
    world.site.daemon.send_signal(signal.SIGSTOP)
    yield
    world.pause(0, 5)
    world.site.daemon.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def cut(world: World) -> Iterator[None]:
    """The manager's connections are cut, again and again."""
    _kick(world)
    yield
    _kick(world)


def _kick(world: World) -> None:
    """The daemon's own sockets to the manager are shut down under it (pidfd_getfd: Linux 5.6, root)."""
    assert world.site.daemon is not None
    number, port = world.site.daemon.pid, world.site.pbx.ports.ami
    process = os.pidfd_open(number)
    for entry in Path(f"/proc/{number}/fd").iterdir():
        copy = ctypes.CDLL(None).syscall(438, process, int(entry.name), 0)
        if copy < 0:
            continue
        try:
            link = socket.socket(fileno=copy)
        except OSError:  # no socket; a copy of the list's file that stays open keeps its disk writable
            os.close(copy)
            continue
        with contextlib.suppress(OSError), link:
            if link.family == socket.AF_INET and link.getpeername()[1] == port:
                link.shutdown(socket.SHUT_RDWR)
    os.close(process)


@contextlib.contextmanager
def reload(world: World) -> Iterator[None]:
    """`module reload manager`, before and after."""
    world.site.pbx.cli("module reload manager")
    yield
    world.site.pbx.cli("module reload manager")


@contextlib.contextmanager
def locked(world: World) -> Iterator[None]:
    """Another process holds the database."""
    with contextlib.closing(sqlite3.connect(world.site.store, isolation_level=None, timeout=30)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        world.pause(0, 7)
        connection.execute("ROLLBACK")


@contextlib.contextmanager
def readonly(world: World) -> Iterator[None]:
    """The file system becomes read-only while nobody has it open; the daemon does not start until it may write."""
    world.site.stop_daemon(signal.SIGKILL)
    assert world.disk.remount("ro")
    world.site.start_daemon(ready=False)
    assert world.site.daemon is not None
    assert world.site.daemon.wait(20) == 2, world.site.log()[-2000:]
    yield
    assert world.disk.remount("rw")
    world.site.start_daemon(ready=False)


@contextlib.contextmanager
def full(world: World) -> Iterator[None]:
    """Not a byte is left on the disk."""
    world.disk.fill()
    yield
    world.pause(0, 2)
    world.disk.empty()


@contextlib.contextmanager
def feedless(world: World) -> Iterator[None]:
    """The shared PostgreSQL is killed."""
    assert world.feed is not None
    world.feed.stop(signal.SIGKILL)
    yield
    world.pause(0, 2)
    world.feed.start()


Fault = Callable[[World], contextlib.AbstractContextManager[None]]
FAULTS: dict[str, Fault] = {
    one.__name__: one for one in (nothing, kill, freeze, cut, reload, locked, readonly, full, feedless)
}


def possible(world: World, names: list[str]) -> list[str]:
    """Those that can be done here."""
    lacking = set() if world.disk.mounted else {"readonly", "full", "cut"}
    return [name for name in names if name not in lacking and (name != "feedless" or world.feed is not None)]


# ---- the presses


@dataclass
class Result:
    """presses by number: how many were made; faults: how many rounds of each."""

    presses: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)


def place(world: World, numbers: list[int], seconds: float = 40.0) -> dict[int, Call]:
    """A campaign call to each number, answered; asked for again while the gate is not yet well."""
    calls: dict[int, Call] = {}
    end = time.monotonic() + seconds
    since = len(world.phone.incoming)
    while time.monotonic() < end and len(calls) < len(numbers):
        for number in numbers:
            if number not in calls:
                channel = f"Local/{number}@outbound-quiet/n"
                world.site.ami.originate(channel, context="campaign-quiet", exten="s", variables=CAMPAIGN, wait=False)
        with contextlib.suppress(LabError):
            wait_until(lambda: _placed(world, numbers, calls, since), 4, "the calls")
    assert len(calls) == len(numbers), f"only {len(calls)} of {len(numbers)} calls came up\n{world.site.log()[-3000:]}"
    return calls


def _placed(world: World, numbers: list[int], calls: dict[int, Call], since: int) -> bool:
    for call in world.phone.incoming[since:]:
        if int(call.number) in numbers and call.answered_at and not call.ended_at:
            calls.setdefault(int(call.number), call)
    return len(calls) == len(numbers)


def one_round(world: World, fault: Fault, numbers: list[int], result: Result) -> None:
    """Calls, a fault, a 9 on each call; half of the callers hang up at once."""
    calls = place(world, numbers)
    since = world.site.ami.mark()
    with fault(world):
        order = list(numbers)
        world.dice.shuffle(order)
        for number in order:
            calls[number].start_press("9")
            result.presses[number] += 1
            world.pause(0, 0.08)
        wait_until(lambda: len(_heard(world, since)) >= len(numbers), 10, "Asterisk to hear all keys")
        for number in order:
            if world.dice.random() < 0.5:
                calls[number].hang_up()
    world.site.pbx.hangup_all(15)


def _heard(world: World, since: int) -> set[str]:
    return {
        event["Uniqueid"]
        for event in world.site.ami.find(lambda e: e["Event"] == "DTMFEnd" and e["Direction"] == "Received", since)
        if event["Channel"].startswith("PJSIP/")
    }


def recorded(store: Path) -> Counter[int]:
    """Events of the list by number."""
    with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=30)) as connection:
        return Counter(number for (number,) in connection.execute("SELECT number FROM list_event"))


def witnesses(store: Path) -> Counter[str]:
    """How many events have which witnesses."""
    query = "SELECT group_concat(witness, '+') FROM (SELECT * FROM event_witness ORDER BY witness) GROUP BY event_id"
    with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=30)) as connection:
        return Counter(found for (found,) in connection.execute(query))


def gaps(store: Path) -> Counter[tuple[str, str]]:
    """How many gaps of which kind and state."""
    with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=30)) as connection:
        return Counter(connection.execute("SELECT kind, state FROM listening_gap").fetchall())


def settled(world: World, result: Result, seconds: float = 60.0) -> bool:
    """Until every press is recorded and no gap is open; False when that does not come."""

    def done() -> bool:
        with contextlib.suppress(sqlite3.Error):
            open_gaps = sum(count for (_, state), count in gaps(world.site.store).items() if state == "open")
            missing_ones = result.presses - recorded(world.site.store)
            return not open_gaps and not missing_ones and not world.site.pbx.db_show("concierge-optout")
        return False

    try:
        wait_until(done, seconds, "every press to be recorded")
    except LabError:
        return False
    return True


def run(world: World, presses: int, faults: list[str], *, each: int = 10, show: bool = False) -> Result:
    """Presses in rounds of `each`, the faults in turn and in random order."""
    result, turn = Result(), list[str]()
    for start in range(0, presses, each):
        turn = turn or world.dice.sample(faults, len(faults))
        name = turn.pop()
        numbers = list(range(FIRST + start, FIRST + min(presses, start + each)))
        one_round(world, FAULTS[name], numbers, result)
        result.faults[name] += 1
        if show:
            print(f"{name}: {start + len(numbers)} presses", flush=True)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--asterisk", default="22")
    parser.add_argument("--presses", type=int, default=500)
    parser.add_argument("--each", type=int, default=10, help="calls of a round")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--faults", default=",".join(FAULTS))
    parser.add_argument("--without-witness", action="store_true", help="the dialplan keeps nothing")
    args = parser.parse_args()
    print(f"seed {args.seed}")
    with World(args.asterisk, random.Random(args.seed), witness=not args.without_witness) as world:
        result = run(world, args.presses, possible(world, args.faults.split(",")), each=args.each, show=True)
        complete = settled(world, result)
        found = recorded(world.site.store)
        missed, twice = result.presses - found, found - result.presses
        print(f"Asterisk {args.asterisk}: {sum(result.presses.values())} presses, rounds {dict(result.faults)}")
        print(f"recorded {sum(found.values())}, missing {sum(missed.values())}, too many {sum(twice.values())}")
        print(f"witnesses {dict(witnesses(world.site.store))}")
        print(f"gaps {dict(gaps(world.site.store))}")
        print(world.site.concierge("gaps", "--all").stdout[-3000:])
        left = world.site.pbx.db_show("concierge-optout")
        print(f"left in AstDB: {len(left)}")
        if missed or twice or os.environ.get("SHOW_LOG"):
            print(sorted(missed), sorted(twice), world.site.log()[-6000:], sep="\n")
    return 0 if complete and not missed and not twice else 1


if __name__ == "__main__":
    sys.exit(main())
