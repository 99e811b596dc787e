"""Callers of every kind against menus that would trap them: what became of each. For tests and by hand."""

from __future__ import annotations

import random
import signal
import struct
import time
import wave
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from concierge.lab.call import Call
from concierge.lab.errors import LabTimeoutError
from concierge.lab.phone import PhoneOptions
from concierge.lab.site import Site
from concierge.lab.wait import wait_until
from models.callbacks import Callbacks
from models.store import Store

# loops, scripts and prompts that are missing, extensions that are missing, no key at all, nobody behind a Dial or Queue
PLAN = """
[from-outside]
exten => 600,1,Answer()
 same => n,Goto(loopy,s,1)
exten => 601,1,Answer()
 same => n,Goto(broken,s,1)
exten => 602,1,Answer()
 same => n,Goto(dead-end,s,1)

[loopy]
include => concierge-handlers
exten => s,1,Gosub(concierge-menu,s,1(loopy))
 same => n,Background(concierge/demo-menu)
 same => n,WaitExten(1)
exten => 1,1,Goto(loopy-too,s,1)
exten => 2,1,Goto(s,1)
exten => 0,1,Goto(concierge-operator,s,1)

[loopy-too]
include => concierge-handlers
exten => s,1,Gosub(concierge-menu,s,1(loopy-too))
 same => n,WaitExten(1)
exten => 1,1,Goto(loopy,s,1)
exten => 2,1,Goto(s,1)

[broken]
include => concierge-handlers
exten => s,1,Gosub(concierge-menu,s,1(broken))
 same => n,Background(no-such-prompt)
 same => n,WaitExten(1)
exten => 1,1,AGI(no-such-script)
 same => n,Gosub(concierge-menu,s,1(broken,error))
 same => n,Goto(s,1)
exten => 2,1,Playback(no-such-prompt)
 same => n,Goto(s,1)
exten => 3,1,Goto(9,1)
exten => 4,1,Queue(no-such-queue)
 same => n,Goto(concierge-after,s,1)
exten => 5,1,Dial(PJSIP/nobody,5)
 same => n,Goto(concierge-after,s,1)

[dead-end]
include => concierge-handlers
exten => s,1,Gosub(concierge-menu,s,1(dead-end))
 same => n,WaitExten(1)
"""
MENUS = ("loopy", "loopy-too", "broken", "dead-end")
OPERATORS = {
    "answers": PhoneOptions(),
    "busy": PhoneOptions(reject="486 Busy Here"),
    "silent": PhoneOptions(answers=False),
}
DAEMONS = ("up", "killed", "frozen", "without its list")
SETTINGS: dict[str, object] = {"operator": {"dial": "PJSIP/operator", "ring": 2, "patience": 4}}


@dataclass(frozen=True, slots=True)
class Seen:
    """One caller: the plan, what became of it (operator, callback, goodbye, left, nowhere, cut off), the most
    visits of one menu and of all together.
    """

    number: str
    entry: str
    ending: str
    most: int
    total: int


def quick_prompts(site: Site) -> None:
    """Prompts of a fifth of a second: the callers' time is not spent listening."""
    for path in (site.pbx.folder / "data" / "sounds" / "en" / "concierge").glob("*.wav"):
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
            file.writeframes(struct.pack("<1600h", *([0] * 1600)))


def run_round(site: Site, callers: int, operator: str, daemon: str, seed: int) -> list[Seen]:
    """So many callers at once; returns what became of each."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, no secret
    since = site.ami.mark()
    with ExitStack() as stack:
        stack.enter_context(site.pbx.phone("operator", OPERATORS[operator]))
        caller = stack.enter_context(site.pbx.phone("caller"))
        stack.enter_context(_daemon(site, daemon))
        calls = []
        for count in range(callers):
            number, entry = f"+4860{seed % 1000:03}{count:04}", chance.choice(("600", "601", "602"))
            options = _habits(chance)
            calls.append((number, entry, caller.call(entry, number, options), options.hang_up_after))
        if daemon == "killed":
            site.stop_daemon(signal.SIGKILL)
        _until_settled(site, {number: call for number, _, call, _ in calls}, since)
        promised = _promised(site)
        return [_judge(site, since, each, promised) for each in calls]


def endings(seen: Sequence[Seen]) -> Counter[str]:
    """How many of each."""
    return Counter(one.ending for one in seen)


def _habits(chance: random.Random) -> PhoneOptions:
    """Random keys, wrong ones among them, silence, and some who hang up."""
    keys = [(0.5 + 0.9 * step + chance.random() / 2, chance.choice("0123457#*")) for step in range(12)]
    kept = keys[: chance.choice((0, 1, 3, 12))]
    return PhoneOptions(keys=kept, hang_up_after=chance.choice((None, None, None, 3.0, 9.0)))


@contextmanager
def _daemon(site: Site, state: str) -> Iterator[None]:
    """In this state for the round; well again after it."""
    away = site.store.with_name("list.away")
    if state == "frozen" and site.daemon is not None:
        site.daemon.send_signal(signal.SIGSTOP)
    if state == "without its list":
        _move(site.store, away)
    try:
        yield
    finally:
        if state == "frozen" and site.daemon is not None:
            site.daemon.send_signal(signal.SIGCONT)
        if state == "without its list":
            _move(away, site.store)
        if site.daemon is None:
            site.start_daemon()


def _move(path: Path, to: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(to.with_name(to.name + suffix))


def _until_settled(site: Site, calls: Mapping[str, Call], since: int) -> None:
    """Until each has ended, or talks to the operator."""

    def talking() -> set[str]:
        found = site.ami.find(lambda e: e["Event"] == "DialEnd" and e["DialStatus"] == "ANSWER", since)
        return {event["CallerIDNum"] for event in found if "operator" in event["DestChannel"]}

    def settled() -> bool:
        here = talking()
        return all(call.ended_at is not None or number in here for number, call in calls.items())

    with suppress(LabTimeoutError):
        wait_until(settled, 90, "every caller to have an end")
    time.sleep(1.0)  # what is handed over beside the calls


def _promised(site: Site) -> set[str]:
    kept = site.pbx.cli("database show concierge-callback")
    with (
        closing(Store(site.store))
        if site.store.exists()
        else closing(Store(site.store.with_name("list.away"))) as store
    ):
        found = {f"+{one.number}" for one in Callbacks(store).matters(done=True) if one.kind.value == "promise"}
    return found | {
        word for line in kept.splitlines() if "!promise!" in line for word in line.split("!") if word[:1] == "+"
    }


def _judge(site: Site, since: int, each: tuple[str, str, Call, float | None], promised: set[str]) -> Seen:
    number, entry, call, _ = each
    mine = site.ami.find(lambda e: e["CallerIDNum"] == number, since)
    steps = [event for event in mine if event["Event"] == "Newexten"]
    visits = Counter(
        event["Context"]
        for event in steps
        if event["Context"] in MENUS
        and (event["Extension"], event["Priority"], event["Application"]) == ("s", "1", "Gosub")
    )
    served = any(event["Event"] == "DialEnd" and event["DialStatus"] == "ANSWER" for event in mine)
    goodbye = any("concierge/goodbye" in event["AppData"] for event in steps)
    ending = "cut off"
    for name, true in (
        ("operator", served),
        ("left", call.ended_by == "near"),
        ("callback", number in promised and goodbye),
        ("goodbye", goodbye),
        ("nowhere", call.ended_at is None),
    ):
        if true:
            ending = name
            break
    return Seen(number, entry, ending, max(visits.values(), default=0), visits.total())
