"""The gate over AGI and `check --explain`: random campaigns, leads, consents, contacts and lists, one question after
the other; both must say the same.

    python tests/fuzz/agree.py [--cases 10000] [--seed 1]

Each question is explained in this process and then asked over a socket, where an allowed one reserves a contact that
the next explanation has to see. Prints one line of figures; exit code 1 when they disagree anywhere.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

from concierge.lab.databases import memory
from concierge.service import Service
from concierge.settings import AgiSettings, LogSettings, Settings, SiteSettings, StoreSettings
from concierge.wiring import judge_of, upgrade_store
from models import facts
from models.campaign import BASES, PRESETS, Campaign
from models.caps import KEYS, KINDS, SCOPES, Cap
from models.consent import Act, ConsentEvent
from models.contact import Question
from models.hours import ALWAYS, parse_windows
from models.rules import Lead
from models.store import Store
from models.suppression import Kind, ListEvent

NUMBERS = [48_600_100_200 + one for one in range(12)] + [
    13_055_551_234,
    12_125_551_234,
    493_012_345_678,
    61_412_345_678,
]
ZONES = ("", "Europe/Warsaw", "America/New_York", "Asia/Tokyo")
WINDOWS = (None, ALWAYS, parse_windows({"daily": "00:00-12:00"}), parse_windows({"mon-fri": "08:00-20:00"}))


def campaigns(choose: random.Random) -> list[Campaign]:
    """Of every kind."""
    return [
        Campaign(
            f"c{number}",
            purpose=choose.choice(("", "cards", "loans")),
            reason=choose.choice(("", "new-model")),
            product=choose.choice(("", "gold")),
            basis=choose.choice(("", *BASES)),
            consent=choose.choice(("", "required", "not-needed", "not-needed")),
            country=choose.choice(("", "", "none", "CA")),
            windows=choose.choice(WINDOWS),
            holidays=choose.choice(("", "refuse")),
            days=choose.choice(((), (), (), ("birthday",))),
            caps=tuple(cap(choose) for _ in range(choose.randrange(3))),
            presets=choose.choice(((), (), (), *((name,) for name in PRESETS))),
            owner=choose.random() < 0.1,
            source=choose.random() < 0.1,
            state=choose.choice(("active",) * 9 + ("paused",)),
        )
        for number in range(40)
    ]


def cap(choose: random.Random) -> Cap:
    window = choose.choice(("1h", "24h", "7d", "day", "week", "month"))
    return Cap(choose.choice(KEYS), choose.choice(KINDS), window, choose.randrange(2, 9), choose.choice(SCOPES))


def lead(choose: random.Random) -> Lead:
    return Lead(
        person=choose.choice(("", "17", "18")),
        matter=choose.choice(("", "d9")),
        zone=choose.choice(ZONES),
        birthday=choose.choice(("", f"{datetime.now(UTC):%m-%d}")),
        source=choose.choice(("", "web form")),
        owner=choose.choice(("", "anna")),
        agent=choose.choice(("", "anna", "jan")),
    )


def fill(path: Path, choose: random.Random) -> list[Campaign]:
    """Campaigns, consents and listed numbers."""
    found, now = campaigns(choose), datetime.now(UTC)
    made = [facts.campaign_fact(uuid4(), one, now - timedelta(days=9), "test") for one in found]
    for number in NUMBERS:
        for _ in range(choose.randrange(4)):
            act, topic = (
                choose.choice((Act.GRANT, Act.GRANT, Act.WITHDRAW)),
                choose.choice(("", "cards", "loans", "gold")),
            )
            at = now - timedelta(hours=choose.randrange(1, 99))
            made.append(facts.fact_of(ConsentEvent(uuid4(), act, number, at, "form", topic)))
    with closing(Store(path)) as store:
        facts.record(store, made)
        for number in choose.sample(NUMBERS, 3):
            store.record(ListEvent(uuid4(), Kind.ADD, number, choose.choice(("", "c1")), now, "asked", "letter"))
    return found


@contextmanager
def serving(settings: Settings, path: Path) -> Iterator[int]:
    """The daemon's AGI part in a thread of this process; its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def begin() -> Service:
        service = Service(settings, path, ("agi",))
        await service.start()
        return service

    service = asyncio.run_coroutine_threadsafe(begin(), loop).result(30)
    try:
        yield service.server.port
    finally:
        asyncio.run_coroutine_threadsafe(service.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def ask(port: int, number: str, campaign: str, known: Lead, uniqueid: str) -> tuple[str, str]:
    """Verdict and reason over AGI."""
    import socket

    told = urlencode({key: value for key, value in asdict(known).items() if value})
    lines = ["agi_network: yes", "agi_network_script: outbound", f"agi_uniqueid: {uniqueid}", "agi_extension: s"]
    lines += [f"agi_arg_{at}: {word}" for at, word in enumerate((number, "n", campaign, "", told), 1)]
    with socket.create_connection(("127.0.0.1", port)) as client, client.makefile("rb") as replies:
        client.sendall(("\n".join(lines) + "\n\n").encode())
        while b"CONCIERGE_ANSWER" not in (line := replies.readline()):
            if not line:
                raise ConnectionError("no answer")
            client.sendall(b"200 result=1\n")
        client.sendall(b"200 result=1\n")
    verdict, reason, *_ = line.decode().split('"')[3].split("!")
    return verdict, reason


def disagreements(count: int, seed: int) -> tuple[list[str], Counter[str]]:
    """What they disagreed about, and how often each reason was given."""
    choose, wrong, reasons = random.Random(seed), [], Counter[str]()
    with tempfile.TemporaryDirectory(prefix="agree-", dir=memory()) as folder:
        path = Path(folder) / "list.db"
        upgrade_store(path)
        names = [one.name for one in fill(path, choose)]
        settings = Settings(
            SiteSettings(country="PL"), StoreSettings(str(path)), agi=AgiSettings(port=0), log=LogSettings("warning")
        )
        judge = judge_of(settings, path)
        with serving(settings, path) as port:
            for number in range(count):
                dialled, known = f"+{choose.choice(NUMBERS)}", lead(choose)
                campaign = choose.choice([*names, *names, "unknown", ""])
                steps = judge.explained(Question(dialled, campaign, "cli", lead=known))
                verdict, reason = ask(port, dialled, campaign, known, f"{number}.1")
                reasons[reason] += 1
                refused = {str(step.ground) for step in steps if not step.allowed}
                if (verdict == "ALLOW") == bool(refused) or (refused and reason not in refused):
                    wrong.append(f"{dialled} {campaign} {known}: {verdict} {reason}, explained {sorted(refused)}")
        judge.reader.close()
    return wrong, reasons


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    wrong, reasons = disagreements(args.cases, args.seed)
    for one in wrong[:20]:
        print(one)
    print(
        f"{args.cases} cases, {len(wrong)} disagreements; "
        + ", ".join(f"{key} {n}" for key, n in reasons.most_common())
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
