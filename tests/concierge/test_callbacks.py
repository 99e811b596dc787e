"""`concierge callbacks`, opening hours, and calling back by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from agi.handlers import CallBack
from concierge import hooks
from concierge.calling_back import CallingBack, action_of
from concierge.opening import is_open
from concierge.promises import Promises
from concierge.settings import AmiSettings, CallbackSettings, HoursSettings, Settings, StoreSettings
from concierge.wiring import judge_of, upgrade_store
from models.callbacks import open_callbacks
from models.campaign import campaign_of
from models.contact import Question
from models.facts import campaign_fact
from models.facts import record as store_facts
from models.store import Store

MONDAY = datetime(2026, 11, 23, 12, 0)


def owed(concierge: Callable, *words: object) -> list[dict]:
    return json.loads(concierge("callbacks", *words, "--format", "json").stdout)


def test_a_promise_from_its_making_to_its_keeping(concierge: Callable) -> None:
    (made,) = owed(concierge, "add", "600 100 200", "--reason", "wants an offer", "--by", "anna")
    assert made["number"] == "+48600100200" and made["state"] == "open" and not made["overdue"]
    number = made["id"]
    assert owed(concierge, "claim", number, "--by", "anna")[0]["holder"] == "anna"
    refused = concierge("callbacks", "claim", number, "--by", "ben")
    assert refused.returncode == 1 and "anna has claimed it" in refused.stderr
    assert concierge("callbacks", "overdue").returncode == 0
    assert "promise +48600100200 claimed" in concierge("callbacks", "list").stdout
    assert concierge("callbacks", "done", number, "--outcome", "reached", "--by", "anna").returncode == 0
    nothing = concierge("callbacks", "list")
    assert (nothing.stdout, nothing.stderr) == ("", "concierge: nothing is open\n")
    assert "done anna reached" in concierge("callbacks", "show", number).stdout
    assert [
        row["what"] for row in json.loads(concierge("callbacks", "show", number, "--format", "json").stdout)["events"]
    ] == ["asked", "claimed", "done"]
    assert concierge("callbacks", "show", 99).returncode == 2
    for wrong in ("9" * 20, "seven"):
        done = concierge("callbacks", "claim", wrong)
        assert done.returncode == 2 and f"'{wrong}' is no number of a callback" in done.stderr
    assert concierge("callbacks", "add", "nobody", "--reason", "r").returncode == 2


def test_an_overdue_promise_is_exit_1(concierge: Callable, home_db: Path) -> None:
    owed(concierge, "add", "600 100 200", "--reason", "r")
    with open_callbacks(home_db) as callbacks, callbacks._store.writing() as connection:
        connection.exec_driver_sql("UPDATE callback SET due_at = 1")
    late = concierge("callbacks", "overdue")
    assert late.returncode == 1 and "overdue" in late.stdout


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        ({}, MONDAY, True),
        ({"mon-fri": "09:00-12:00 13:00-17:00"}, MONDAY, False),
        ({"mon-fri": "09:00-12:00 13:00-17:00"}, MONDAY.replace(hour=11, minute=59), True),
        ({"mon-fri": "09:00-12:00 13:00-17:00"}, MONDAY.replace(hour=13), True),
        ({"sat-mon": "00:00-24:00"}, MONDAY, True),
        ({"tue-sun": "00:00-24:00"}, MONDAY, False),
        ({"*": "00:00-24:00"}, MONDAY.replace(hour=23, minute=59), True),
    ],
)
def test_opening_hours(hours: dict[str, str], at: datetime, expected: bool) -> None:
    assert is_open(HoursSettings(hours), at) is expected
    assert is_open(HoursSettings(hours, ("11-23",)), at) is False
    assert is_open(HoursSettings(hours, ("2026-11-23",)), at) is False
    assert is_open(HoursSettings(hours, ("2025-11-23",)), at) is expected


def test_the_dialplan_has_the_same_hours() -> None:
    hours = HoursSettings({"mon-fri": "09:00-12:00 13:00-17:00", "sat": "10:00-24:00"}, ("12-25", "2026-04-06"))
    lines = hooks.opening_lines(Settings(hours=hours))
    for line in ("GotoIfTime(09:00-11:59,mon-fri,*,*?open)", "GotoIfTime(13:00-16:59,mon-fri,*,*?open)"):
        assert line in lines
    assert "GotoIfTime(10:00-23:59,sat,*,*?open)" in lines and '"^(....-12-25|2026-04-06)$"' in lines


@pytest.mark.parametrize(
    "text",
    [
        "hours: {open: {monday: '09:00-17:00'}}",
        "hours: {open: {mon: '9-17'}}",
        "hours: {open: {mon: '17:00-09:00'}}",
        "hours: {open: {mon: ''}}",
        "hours: {open: {'': '09:00-17:00'}}",
        "hours: {holidays: ['12-32']}",
        "menu: {menus: {main: 'passes=many'}}",
        "menu: {orientation: 0}",
        "operator: {second: 'a;b'}",
        "callbacks: {channel: 'Local/1@x'}",
        "callbacks: {attempts: 0}",
        "callbacks: {within: 99999999999}",
        "callbacks: {pause: 99999999999}",
    ],
)
def test_mistakes_of_the_settings_are_named(concierge: Callable, config: Callable, text: str) -> None:
    refused = concierge("hooks", "show", "--config", config(text + "\n"))
    assert refused.returncode == 2 and text.partition(":")[0] in refused.stderr


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "list.db"
    upgrade_store(path)
    callbacks = CallbackSettings(auto=True, attempts=2, channel="Local/{number}@out/n")
    return Settings(store=StoreSettings(str(path)), callbacks=callbacks, ami=AmiSettings(user="conny"))


def promise(settings: Settings, number: str = "+48600100200", turn: int = 1) -> None:
    kept = CallBack("promise", number, "queue-full", "pl", 30, turn, "PJSIP/x-1", "17.1", 1795295100)
    assert asyncio.run(Promises(settings, Path(settings.store.path)).record(kept))


def test_a_requested_call_passes_a_key_that_was_pressed_before_and_no_other_objection(
    settings: Settings, concierge: Callable, config: Callable
) -> None:
    path = Path(settings.store.path)
    where = config(f"store: {{path: {path}}}\n")
    add = ("list", "add", "+48600100200", "--reason", "r", "--config", where, "--source")
    assert concierge(*add, "key").returncode == 0
    judge = judge_of(settings, path)

    def verdict(campaign: str) -> str:
        return judge.answer(Question("+48600100200", campaign, "cli")).decision.verdict.value

    assert verdict("callback") == "REFUSE", "nothing was promised yet"
    now = int(datetime.now(UTC).timestamp()) + 5
    kept = CallBack("promise", "600100200", "queue-full", "pl", 30, 1, "PJSIP/x-1", "17.1", now)
    assert asyncio.run(Promises(settings, path).record(kept))
    assert (verdict("callback"), verdict("spring"), verdict("")) == ("ALLOW", "REFUSE", "REFUSE")
    assert concierge(*add, "letter").returncode == 0
    assert verdict("callback") == "REFUSE", "whoever writes that no call is wanted means this one too"
    back = ("list", "remove", "+48600100200", "--reason", "r", "--config", where, "--source", "letter")
    assert concierge(*back).returncode == 0
    assert verdict("callback") == "ALLOW"


def test_calls_are_placed_one_at_a_time_and_noted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    promise(settings)
    promise(settings, "+48600100300", 2)
    placed: list[int] = []
    answers = iter([(False, "busy"), (True, "")])

    async def originate(_self: CallingBack, matter: object) -> tuple[bool, str]:
        placed.append(matter.number)  # type: ignore[attr-defined]
        return next(answers)

    monkeypatch.setattr(CallingBack, "_originate", originate)
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    worker = CallingBack(settings, Path(settings.store.path), lambda: now)

    async def rounds() -> list[int]:
        return [await worker.round() for _ in range(3)]

    assert asyncio.run(rounds()) == [1, 1, 0]
    assert placed == [48600100200, 48600100300]
    with open_callbacks(Path(settings.store.path)) as callbacks:
        first, second = sorted(callbacks.matters(done=True), key=lambda one: one.number)
    assert first.holder == ""
    assert (first.state, first.attempts, second.state, second.outcome) == ("open", 1, "done", "answered")
    assert first.next_at == now + timedelta(minutes=30)
    action = action_of(first, settings.callbacks.channel)
    assert action["Channel"] == "Local/+48600100200@out/n" and action["Variable"] == "__CONCIERGE_CAMPAIGN=callback"


def test_nothing_is_placed_when_closed_or_not_wanted(settings: Settings) -> None:
    from dataclasses import replace

    promise(settings)
    closed = replace(settings, hours=HoursSettings({}, (f"{datetime.now().astimezone():%Y-%m-%d}",)))
    manual = replace(settings, callbacks=CallbackSettings())
    for one in (closed, manual):
        assert asyncio.run(CallingBack(one, Path(settings.store.path)).round()) == 0


@pytest.mark.parametrize(
    ("number", "hour", "placed"),
    [
        ("+48600100200", 2, 0),
        ("+48600100200", 12, 1),
        ("+13105550123", 9, 0),
        ("+13105550123", 17, 1),
        ("+48701234567", 12, 0),
    ],
)
def test_nobody_is_called_back_at_night_where_they_are_nor_at_a_premium_rate(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, number: str, hour: int, placed: int
) -> None:
    async def originate(_self: CallingBack, _matter: object) -> tuple[bool, str]:
        return False, "busy"

    monkeypatch.setattr(CallingBack, "_originate", originate)
    promise(settings, number)
    at = datetime(2026, 11, 23, hour, tzinfo=UTC)
    assert asyncio.run(CallingBack(settings, Path(settings.store.path), lambda: at).round()) == placed


def test_a_daemon_that_is_killed_while_the_telephone_rings_does_not_ring_again_at_once_nor_for_ever(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    promise(settings)
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    rung: list[int] = []

    class Killed(BaseException):
        pass

    async def originate(_self: CallingBack, matter: object) -> tuple[bool, str]:
        rung.append(matter.number)  # type: ignore[attr-defined]
        raise Killed

    monkeypatch.setattr(CallingBack, "_originate", originate)

    def started(at: datetime) -> None:
        """A daemon of its own each time."""
        with contextlib.suppress(Killed):
            asyncio.run(CallingBack(settings, Path(settings.store.path), lambda: at).round())

    for minutes in (0, 1, 29, 31, 62, 93):
        started(now + timedelta(minutes=minutes))
    assert len(rung) == settings.callbacks.attempts == 2
    with open_callbacks(Path(settings.store.path)) as callbacks:
        (left,) = callbacks.matters()
    assert (left.state, left.attempts) == ("open", 2), "it is left to people"


def test_a_round_that_fails_is_not_the_last_one_and_lets_go(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from concierge import calling_back

    promise(settings)
    now = [datetime(2026, 11, 23, 12, tzinfo=UTC)]
    again = asyncio.Event()

    async def originate(_self: CallingBack, _matter: object) -> tuple[bool, str]:
        if now[0].hour == 12:
            now[0] += timedelta(hours=1)
            raise RuntimeError("the secret of +48600100200 is gone")
        again.set()
        return True, ""

    monkeypatch.setattr(CallingBack, "_originate", originate)
    monkeypatch.setattr(calling_back, "_EVERY", 0.01)
    worker = CallingBack(settings, Path(settings.store.path), lambda: now[0])

    async def watched() -> None:
        task = asyncio.create_task(worker.run())
        await asyncio.wait_for(again.wait(), 20)
        task.cancel()

    asyncio.run(watched())
    (line,) = [one.getMessage() for one in caplog.records if "unavailable" in one.getMessage()]
    assert "RuntimeError" in line and "600100200" not in line


def test_whoever_takes_a_call_over_while_it_rings_keeps_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    promise(settings)
    path, now = Path(settings.store.path), datetime(2026, 11, 23, 12, tzinfo=UTC)

    async def originate(_self: CallingBack, matter: object) -> tuple[bool, str]:
        with open_callbacks(path) as callbacks:
            callbacks.release(matter.id, "anna", now)  # type: ignore[attr-defined]
            callbacks.claim(matter.id, "anna", now + timedelta(seconds=1))  # type: ignore[attr-defined]
        return False, "busy"

    monkeypatch.setattr(CallingBack, "_originate", originate)
    assert asyncio.run(CallingBack(settings, path, lambda: now).round()) == 1
    with open_callbacks(path) as callbacks:
        assert callbacks.matters()[0].holder == "anna"


def test_the_rules_of_a_campaign_of_callbacks_hold_for_requested_calls(settings: Settings) -> None:
    path = Path(settings.store.path)
    noon = datetime(2026, 11, 23, 11, tzinfo=UTC)
    promise(settings)
    judge, question = judge_of(settings, path), Question("+48600100200", "callback", "cli")

    def said(at: datetime) -> tuple[str, bool]:
        """The answer, and whether the explanation says the same."""
        answer = judge.answer(question, at)
        agreed = all(step.allowed for step in judge.explained(question, at)) == answer.decision.allowed
        return answer.decision.reason.value, agreed

    def define(**rules: object) -> None:
        raw = {"name": "callback", **rules}
        with closing(Store(path)) as store:
            store_facts(store, [campaign_fact(uuid4(), campaign_of(raw), datetime.now(UTC), "test")])

    with closing(Store(path)) as store:  # a campaign that has nothing to do with it
        store_facts(store, [campaign_fact(uuid4(), campaign_of({"name": "spring"}), datetime.now(UTC), "test")])
    assert said(noon) == ("not-listed", True)
    define(windows={"mon-fri": "09:00-17:00"}, caps=[{"limit": 1}])
    assert said(noon) == ("not-listed", True), "the request is the consent"
    assert said(noon + timedelta(hours=9)) == ("outside-hours", True)
    define(state="paused")
    assert said(noon) == ("campaign-paused", True)


def test_a_promise_from_a_pbx_whose_clock_is_ahead_is_made_now(settings: Settings) -> None:
    ahead = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
    kept = CallBack("promise", "600100200", "queue-full", "pl", 30, 1, "PJSIP/x-1", "17.1", ahead)
    assert asyncio.run(Promises(settings, Path(settings.store.path)).record(kept))
    with open_callbacks(Path(settings.store.path)) as callbacks:
        (one,) = callbacks.matters()
    assert abs(one.last_at - datetime.now(UTC)) < timedelta(minutes=5)
