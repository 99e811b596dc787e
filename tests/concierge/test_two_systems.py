"""Two PBXs that one daemon hears may give two channels the same uniqueid: neither speaks for the other's calls."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from agi.handlers import CallBack, Ended, Outcome
from agi.protocol import Environment
from ami.events import DialEnded, LegDialled, LegEnded
from concierge.counting import Counting
from concierge.promises import Promises
from concierge.reception import Reception
from concierge.service import Service
from concierge.settings import AgiSettings, AmiSettings, Settings, StoreSettings
from concierge.wiring import judge_of, upgrade_store
from models import facts
from models.campaign import campaign_of
from models.contact import Question, placed
from models.gate import Gate
from models.journal import Journal
from models.store import Store

NUMBER, SAME = "+48601234567", "1795295160.7"
FAR = frozenset({"far"})


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "list.db"
    upgrade_store(path)
    campaign = campaign_of({"name": "spring", "consent": "not-needed", "caps": [{"limit": 9}]})
    with closing(Store(path)) as store:
        facts.record(store, [facts.campaign_fact(uuid4(), campaign, datetime.now(UTC), "test")])
    return Settings(
        store=StoreSettings(path=str(path)),
        agi=AgiSettings(port=0),
        ami=AmiSettings(system="near"),
        also_ami=(AmiSettings(system="far"),),
    )


def rows(settings, query="SELECT state FROM contact ORDER BY seq"):
    with closing(sqlite3.connect(settings.store.path)) as connection:
        return [row[0] if len(row) == 1 else row for row in connection.execute(query)]


@pytest.fixture
async def counting(settings):
    path = Path(settings.store.path)
    journal = Journal(path)
    journal.start()
    found = Counting(settings, path, lambda _system: True)
    gate = Gate(judge_of(settings, path), journal, take=found.take)
    for system in ("near", "far"):
        answer = await gate.ask(placed(Question(NUMBER, "spring", "agi", uniqueid=SAME, system=system), FAR))
        assert answer.decision.allowed
    yield found
    await found.close()
    await journal.close()


async def test_each_has_a_contact_of_its_own(counting, settings):
    assert rows(settings) == ["reserved", "reserved"]


async def test_what_one_tells_settles_its_own_calls_alone(counting, settings):
    await counting.on_events([LegDialled("PJSIP/x", "9.9", "", "x", uniqueid=SAME)], system="near")
    await counting.on_events([DialEnded(SAME, "9.9", "ANSWER")], system="near")
    await counting.on_events([LegEnded(SAME, "", "PJSIP/a")], system="far")
    assert rows(settings) == ["conversation", "released"]


async def test_the_dialplan_says_how_its_own_call_ended(counting, settings):
    assert await counting.ended(Ended(SAME, "abandoned", "far")) is True
    assert rows(settings) == ["reserved", "abandoned"]
    assert await counting.ended(Ended(SAME, "refused", "a name that nobody has configured")) is True
    assert rows(settings, "SELECT outcome FROM contact ORDER BY seq") == ["refused", "abandoned"]


async def test_calls_of_a_pbx_whose_manager_is_away_count_at_once(settings):
    service = Service(settings, Path(settings.store.path), ("agi",))
    await service.start()
    service.listeners["near"] = type("Listener", (), {"session": Session(), "close": Session.close})()
    try:
        assert await asked(service, "near") == await asked(service, "far") == "ALLOW"
        assert rows(settings) == ["reserved", "attempt"]
        found = rows(settings, "SELECT uniqueid FROM contact ORDER BY seq")
        assert found == [SAME, f"far/{SAME}"]
    finally:
        await service.stop()


class Session:
    """A link that is there."""

    connected = True

    def status(self):
        return self

    async def close(self):
        """Nothing to let go of."""


async def asked(service, system):
    """The verdict over AGI."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.server.port)
    lines = ["agi_network: yes", "agi_network_script: outbound", f"agi_uniqueid: {SAME}"]
    arguments = (NUMBER, "n", "spring", "", "", system)
    lines += [f"agi_arg_{at}: {word}" for at, word in enumerate(arguments, 1)]
    writer.write(("\n".join(lines) + "\n\n").encode())
    while b"CONCIERGE_ANSWER" not in (line := await reader.readline()):
        assert line, "no answer"
        writer.write(b"200 result=1\n")
    writer.write(b"200 result=1\n")
    await reader.read()
    writer.close()
    return line.decode().split('"')[3].split("!")[0]


def test_each_keeps_its_own_promises(settings):
    promises = Promises(settings, Path(settings.store.path))
    for number, system in (("600100200", "near"), ("600100300", "far"), ("600100200", "near")):
        kept = CallBack("promise", number, "queue-full", "pl", 30, 1, "PJSIP/x-1", SAME, 1795295100, system)
        assert asyncio.run(promises.record(kept))
    assert rows(settings, "SELECT number, times FROM callback ORDER BY number") == [(48600100200, 1), (48600100300, 1)]


async def test_each_has_callers_of_its_own(settings):
    journal = Journal(Path(settings.store.path))
    reception = Reception(journal, "near", (), ("far",))

    def menu(environment):
        yield from ()
        return Outcome("go", {"menu": f"menu of {environment.argument(6)}", "happening": "pass"})

    for system in ("near", "far"):
        arguments = ("main", "pass", "n", "", "0", system)
        with pytest.raises(StopIteration):
            next(reception.listening(menu)(Environment({"uniqueid": SAME}, arguments)))
    for system in ("near", "far"):
        await reception.on_event(LegEnded(SAME, "", "PJSIP/a"), 1795295170.0, system=system)
    await reception.settled()
    await journal.close()
    kept = rows(settings, "SELECT system, menu FROM incoming ORDER BY system")
    assert kept == [("far", "menu of far"), ("near", "menu of near")]
